/** Where a result goes: a new array, or the caller's, which must fit exactly and lie elsewhere than the input. */
import { isObject, wrongType } from './check.js'
import { convError } from './errors.js'
import { assertWritable, overlap } from './in-flight.js'
import { allocate, checkFloats, checkLength, elements, sameShape, checkShape, times } from './tensor.js'

/** The array to write `shape` to, given the option `output`. */
export function takeOutput(
  given: unknown,
  input: Float32Array,
  shape: readonly number[],
  words?: string,
): Float32Array {
  if (given === undefined) return allocate('output', elements(shape))
  const isTensor = isObject(given) && !ArrayBuffer.isView(given) && !Array.isArray(given)
  const output = isTensor ? checkTensor(given['data'], given['shape'], shape) : checkArray(given)
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

function checkArray(given: unknown): Float32Array {
  if (!ArrayBuffer.isView(given))
    throw wrongType('output', 'a Float32Array or a tensor { data, shape }', given)
  return checkFloats('output', given)
}

function checkTensor(data: unknown, shape: unknown, expected: readonly number[]): Float32Array {
  const output = checkFloats('output.data', data)
  if (!sameShape(shape, expected)) {
    const given = checkShape('output.shape', shape)
    throw convError('ERR_CONV_SHAPE', `output.shape is ${times(given)}, expected ${times(expected)}`)
  }
  return output
}
