/** Where a result goes: a new array, or the caller's, which must fit exactly and lie elsewhere than the input. */
import { types } from 'node:util'
import { isObject, wrongClass, wrongType } from './check.js'
import { arrayNames, type Elements, type ElementType } from './element-type.js'
import { convError } from './errors.js'
import { assertWritable, overlap } from './in-flight.js'
import {
  checkElements,
  checkLength,
  checkShape,
  elements,
  newElements,
  parts,
  sameShape,
  times,
} from './tensor.js'

/** The option `output` as it was read: an array, or a tensor whose shape is a checked copy. */
export type GivenOutput =
  | { readonly name: 'output'; readonly data: unknown; readonly shape?: undefined }
  | { readonly name: 'output.data'; readonly data: unknown; readonly shape: readonly number[] }
  | undefined

/** Reads the option `output`, without a look at its memory. */
export function readOutput(given: unknown, type: ElementType): GivenOutput {
  if (given === undefined) return undefined
  if (ArrayBuffer.isView(given)) return { name: 'output', data: given }
  if (!isObject(given)) throw wrongType('output', `a ${arrayNames[type]} or a tensor { data, shape }`, given)
  const { data, shape } = parts('output', given)
  return { name: 'output.data', data, shape: checkShape('output.shape', shape) }
}

/** The array to write `shape` to. `why` goes on after the class that it must be of. */
export function takeOutput(
  given: GivenOutput,
  input: Elements,
  shape: readonly number[],
  type: ElementType,
  why: string,
  words?: string,
): Elements {
  if (given === undefined) return newElements('output', elements(shape), type)
  if (types.isUint8ClampedArray(given.data)) throw clamped(given.name, given.data, type, why)
  const output = checkElements(given.name, given.data, type, why)
  checkOutputShape(given, shape)
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

/** Refuses a tensor of another shape than the result's; an array has none. */
export function checkOutputShape(given: GivenOutput, shape: readonly number[]): void {
  if (given?.shape !== undefined && !sameShape(given.shape, shape)) {
    throw convError('ERR_CONV_SHAPE', `output.shape is ${times(given.shape)}, expected ${times(shape)}`)
  }
}

/** A result is a Uint8Array, so that its type says what it is; other views of the same memory may look on. */
function clamped(name: string, data: Uint8ClampedArray, type: ElementType, why: string): Error {
  const view = '; give a view of its memory: new Uint8Array(array.buffer, array.byteOffset, array.length)'
  return wrongClass(name, arrayNames[type], data, type === 'uint8' ? view : '', why)
}
