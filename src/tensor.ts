/**
 * Tensors: a Float32Array and a shape. A tensor is accepted anywhere as a plain `{ data, shape }`, and checked every
 * time: the checks on the fast path are a few comparisons, the ones that explain run only when those fail.
 */
import { types } from 'node:util'
import { describe, integer, isObject, wrongType } from './check.js'
import { convError, type ConvError } from './errors.js'

/**
 * An n-dimensional array of 32-bit floats in row-major order: the last axis of `shape` is contiguous in `data`.
 */
export interface Tensor<S extends readonly number[] = readonly number[]> {
  readonly data: Float32Array
  readonly shape: S
}

/** The largest length of one axis. */
export const maxDimension = 2 ** 31 - 1
/** The largest number of elements of one tensor: 16 GiB of floats. */
export const maxElements = 2 ** 32
const maxRank = 8

/**
 * Makes a tensor of an array and a shape.
 *
 * `data` holds the elements in row-major order and is not copied; `shape` is 1 to 8 axes of at least 1 element, and is
 * copied. The tensor is frozen, its elements are not.
 *
 * @throws TypeError `ERR_CONV_TYPE` when data is not a Float32Array of its own fixed memory, or shape not an array;
 * RangeError `ERR_CONV_RANGE` for an axis that is not an integer from 1 to 2147483647, or a product above 2^32;
 * RangeError `ERR_CONV_LENGTH` when the product of shape is not data.length; `ERR_CONV_SHAPE` for the rank;
 * TypeError `ERR_CONV_DETACHED` when data was transferred away.
 * @example
 * const image = tensor(new Float32Array(5 * 7 * 3), [5, 7, 3])
 * image.shape // [5, 7, 3]: height x width x channels
 */
export function tensor<const S extends readonly number[]>(data: Float32Array, shape: S): Tensor<S> {
  const floats = checkFloats('data', data)
  const axes = checkShape('shape', shape)
  checkLength('data', floats, axes)
  return freezeTensor(floats, axes as unknown as S)
}

/** A frozen tensor of parts that are known to fit. */
export function freezeTensor<S extends readonly number[]>(data: Float32Array, shape: S): Tensor<S> {
  return Object.freeze({ data, shape })
}

/** The two parts of something that claims to be a tensor, each read once. */
export function parts(name: string, value: unknown): { data: unknown; shape: unknown } {
  if (!isObject(value) || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw wrongType(name, 'a tensor { data, shape }', value)
  }
  return { data: value['data'], shape: value['shape'] }
}

/** A Float32Array on fixed memory of its own. */
type Floats = Float32Array & { readonly buffer: { readonly resizable: false } }

/**
 * Whether a value is a Float32Array on fixed memory of its own: `resizable` is false on such a buffer, true on one
 * that can shrink, and undefined on a SharedArrayBuffer. A detached array passes; its length is 0.
 */
export function isFloats(value: unknown): value is Floats {
  return types.isFloat32Array(value) && (value.buffer as { resizable?: boolean }).resizable === false
}

/** A Float32Array that a kernel can be trusted with, or the reason why not. */
export function checkFloats(name: string, value: unknown): Float32Array {
  if (isFloats(value) && (value.length > 0 || !isDetached(value.buffer))) return value
  if (isFloats(value)) throw detached(name)
  if (!types.isFloat32Array(value)) {
    const wayOut = Array.isArray(value) ? '; make one with Float32Array.from(values)' : ''
    throw convError('ERR_CONV_TYPE', `${name} must be a Float32Array, got ${describe(value)}${wayOut}`)
  }
  const memory = types.isSharedArrayBuffer(value.buffer)
    ? 'a SharedArrayBuffer, which other threads can write to'
    : 'a resizable ArrayBuffer, which can shrink under a running kernel'
  throw convError('ERR_CONV_TYPE', `${name} must not be on ${memory}; copy it with new Float32Array(array)`)
}

function detached(name: string): ConvError {
  return convError(
    'ERR_CONV_DETACHED',
    `${name} is detached: its memory was transferred away; pass an array that still owns its memory`,
  )
}

/** ArrayBuffer.prototype.detached came with Node 21; making a view tells on every version. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).byteLength < 0
  } catch {
    return true
  }
}

/** A frozen copy of a shape, each axis read once. */
export function checkShape(name: string, value: unknown): readonly number[] {
  if (!Array.isArray(value)) throw wrongType(name, 'an array of numbers', value)
  const given: readonly unknown[] = value
  const rank = given.length
  if (rank < 1 || rank > maxRank) {
    throw convError('ERR_CONV_SHAPE', `${name} must have 1 to ${maxRank} axes, got ${rank}`)
  }
  const shape: number[] = []
  for (let axis = 0; axis < rank; axis++)
    shape.push(integer(`${name}[${axis}]`, given[axis], 1, maxDimension))
  if (elements(shape) > maxElements) {
    throw convError(
      'ERR_CONV_RANGE',
      `${name} ${times(shape)} has ${elements(shape)} elements, a tensor holds at most ${maxElements}`,
    )
  }
  return Object.freeze(shape)
}

/** The product of a shape; beyond 2^53 it is approximate, which is far beyond what is allowed. */
export function elements(shape: readonly number[]): number {
  let product = 1
  for (const axis of shape) product *= axis
  return product
}

/** "1 x 224 x 224 x 3". */
export function times(shape: readonly (number | string)[]): string {
  return shape.join(' x ')
}

/** Refuses an array that is shorter or longer than its shape says; `words` name the axes. */
export function checkLength(
  name: string,
  data: Float32Array,
  shape: readonly number[],
  words?: string,
): void {
  const expected = elements(shape)
  if (data.length === expected) return
  const named = words === undefined ? times(shape) : `${times(shape)}, ${words}`
  throw convError('ERR_CONV_LENGTH', `${name} has ${data.length} elements, expected ${expected} (${named})`)
}

/** Whether a value is an array with exactly these numbers. */
export function sameShape(value: unknown, shape: readonly number[]): boolean {
  if (!Array.isArray(value) || value.length !== shape.length) return false
  for (let axis = 0; axis < shape.length; axis++) if (value[axis] !== shape[axis]) return false
  return true
}

/** A new array for a result. */
export function allocate(name: string, length: number): Float32Array {
  try {
    return new Float32Array(length)
  } catch {
    throw convError(
      'ERR_CONV_MEMORY',
      `${name} of ${length} elements (${4 * length} bytes) could not be allocated; use smaller images`,
    )
  }
}
