/** Where a result goes: a new array, or the caller's, which must fit exactly and lie elsewhere than the input. */
import { isObject, wrongType } from './check.js'
import { convError } from './errors.js'
import { assertWritable, overlap } from './in-flight.js'
import {
  checkFloats,
  checkLength,
  checkShape,
  elements,
  newFloats,
  parts,
  sameShape,
  times,
  type OwnFloats,
} from './tensor.js'

/** The option `output` as it was read: an array, or a tensor whose shape is a checked copy. */
export type GivenOutput =
  | { readonly name: 'output'; readonly data: unknown; readonly shape?: undefined }
  | { readonly name: 'output.data'; readonly data: unknown; readonly shape: readonly number[] }
  | undefined

/** Reads the option `output`, without a look at its memory. */
export function readOutput(given: unknown): GivenOutput {
  if (given === undefined) return undefined
  if (ArrayBuffer.isView(given)) return { name: 'output', data: given }
  if (!isObject(given)) throw wrongType('output', 'a Float32Array or a tensor { data, shape }', given)
  const { data, shape } = parts('output', given)
  return { name: 'output.data', data, shape: checkShape('output.shape', shape) }
}

/** The array to write `shape` to. */
export function takeOutput(
  given: GivenOutput,
  input: Float32Array,
  shape: readonly number[],
  words?: string,
): OwnFloats {
  if (given === undefined) return newFloats('output', elements(shape))
  const output = checkFloats(given.name, given.data)
  if (given.shape !== undefined && !sameShape(given.shape, shape)) {
    throw convError('ERR_CONV_SHAPE', `output.shape is ${times(given.shape)}, expected ${times(shape)}`)
  }
  checkLength('output', output, shape, words)
  if (overlap(output, input)) {
    throw convError(
      'ERR_CONV_ALIAS',
      'output overlaps the memory of input, which is still read while output is written; use another array',
    )
  }
  assertWritable('output', output)
  return output
}
