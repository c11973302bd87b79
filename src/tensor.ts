/**
 * Tensors: an array and a shape. A tensor is accepted anywhere as a plain `{ data, shape }`, and checked every
 * time: the checks on the fast path are a few comparisons, the ones that explain run only when those fail.
 */
import { types } from 'node:util'
import { describe, integer, isArray, isInteger, isObject, wrongClass, wrongType } from './check.js'
import {
  arrayNames,
  holds,
  typeOf,
  viewOf,
  type Elements,
  type ElementType,
  type OwnFloats,
  type ResultArrays,
} from './element-type.js'
import { convError, type ConvError } from './errors.js'
import { bufferOf, lengthOf, resizableOf } from './intrinsics.js'
import { allocate } from './memory.js'

/**
 * An n-dimensional array of 32-bit floats, or of bytes, in row-major order: the last axis of `shape` is contiguous in
 * `data`.
 */
export interface Tensor<S extends readonly number[] = readonly number[], D extends Elements = Float32Array> {
  readonly data: D
  readonly shape: S
}

/**
 * A tensor that was computed: a Float32Array, or a Uint8Array where the output type is `uint8`. Its memory is an
 * ArrayBuffer, which can be transferred to another thread.
 */
export interface Result<T extends ElementType = 'float32'> {
  readonly data: ResultArrays[T]
  readonly shape: readonly number[]
}

/** The largest length of one axis. */
export const maxDimension = 2 ** 31 - 1
/** The largest number of elements of one tensor: 16 GiB of floats. */
export const maxElements = 2 ** 32
const maxRank = 8

/**
 * Makes a tensor of an array and a shape.
 *
 * `data`, a Float32Array, a Uint8Array (a Buffer is one) or a Uint8ClampedArray, holds the elements in row-major order
 * and is not copied; `shape` is 1 to 8 axes of at least 1 element, and is copied. The tensor is frozen, its elements are
 * not.
 *
 * @throws TypeError `ERR_CONV_TYPE` when data is no such array of its own fixed memory, or shape not an array;
 * RangeError `ERR_CONV_RANGE` for an axis that is not an integer from 1 to 2147483647, or a product above 2^32;
 * RangeError `ERR_CONV_LENGTH` when the product of shape is not data.length; `ERR_CONV_SHAPE` for the rank;
 * TypeError `ERR_CONV_DETACHED` when data was transferred away.
 * @example
 * const image = tensor(new Float32Array(5 * 7 * 3), [5, 7, 3])
 * image.shape // [5, 7, 3]: height x width x channels
 */
export function tensor<const S extends readonly number[], D extends Elements = Float32Array>(
  data: D,
  shape: S,
): Tensor<S, D> {
  checkElements('data', data, typeOf(data), orBytes)
  const axes = checkShape('shape', shape)
  checkLength('data', data, axes)
  return freezeTensor(data, Object.freeze(axes) as unknown as S)
}

/** A frozen tensor of parts that are known to fit. */
export function freezeTensor<D extends Elements, S extends readonly number[]>(
  data: D,
  shape: S,
): { readonly data: D; readonly shape: S } {
  return Object.freeze({ data, shape })
}

/** The two parts of something that claims to be a tensor, each read once. */
export function parts(name: string, value: unknown): { data: unknown; shape: unknown } {
  if (!isObject(value)) throw wrongType(name, 'a tensor { data, shape }', value)
  return { data: value['data'], shape: value['shape'] }
}

/** What goes on after "must be a Float32Array" where bytes are as welcome. */
export const orBytes = ' or a Uint8Array'

/** A Float32Array that a kernel can be trusted with, or the reason why not. */
export function checkFloats(name: string, value: unknown): OwnFloats {
  return checkElements(name, value, 'float32') as OwnFloats
}

/**
 * An array of a type that a kernel can be trusted with, or the reason why not. `why` goes on after the class that is
 * wanted, `wayOut` after what was given.
 */
export function checkElements(
  name: string,
  value: unknown,
  type: ElementType,
  why = '',
  wayOut = '',
): Elements {
  if (!holds(type, value)) {
    const wanted = arrayNames[type]
    const conversion = isArray(value) ? `; make one with ${wanted}.from(values)` : wayOut
    throw wrongClass(name, wanted, value, conversion, why)
  }
  return checkMemory(name, value, type)
}

function checkMemory(name: string, array: Elements, type: ElementType): Elements {
  const buffer = bufferOf(array)
  if (!isFixed(buffer)) {
    const memory = types.isSharedArrayBuffer(buffer)
      ? 'a SharedArrayBuffer, which other threads can write to'
      : 'a resizable ArrayBuffer, which can shrink under a running kernel'
    throw convError(
      'ERR_CONV_TYPE',
      `${name} must not be on ${memory}; copy it with new ${arrayNames[type]}(array)`,
    )
  }
  if (lengthOf(array) === 0 && isDetached(buffer)) throw detached(name)
  return array
}

/** Whether memory keeps its size and belongs to one thread. */
function isFixed(buffer: ArrayBufferLike): boolean {
  try {
    return !resizableOf(buffer)
  } catch {
    return false // a SharedArrayBuffer
  }
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

/** A copy of a shape, its length and each axis read once. */
export function checkShape(name: string, value: unknown): readonly number[] {
  const shape = checkAxes(name, value)
  const product = elements(shape)
  if (product > maxElements) {
    throw convError(
      'ERR_CONV_RANGE',
      `${name} ${times(shape)} has ${product} elements, a tensor holds at most ${maxElements}`,
    )
  }
  return shape
}

/** The axes of a shape, whose product may be more than a tensor holds. */
export function checkAxes(name: string, value: unknown): readonly number[] {
  if (!isArray(value)) throw wrongType(name, 'an array of numbers', value)
  const rank: unknown = value.length // of a Proxy it can be anything
  if (!isInteger(rank, 1, maxRank)) {
    throw convError('ERR_CONV_SHAPE', `${name} must have 1 to ${maxRank} axes, got ${describe(rank)}`)
  }
  const shape: number[] = []
  for (let axis = 0; axis < rank; axis++) shape.push(integer(name, value[axis], 1, maxDimension, axis))
  return shape
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
export function checkLength(name: string, data: Elements, shape: readonly number[], words?: string): void {
  const expected = elements(shape)
  const length = lengthOf(data)
  if (length === expected) return
  const named = words === undefined ? times(shape) : `${times(shape)}, ${words}`
  throw convError('ERR_CONV_LENGTH', `${name} has ${length} elements, expected ${expected} (${named})`)
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false
  return true
}

/** A new array for a result, which must be written completely before it is shown. */
export function newElements(name: string, length: number, type: ElementType): Elements {
  const bytes = type === 'float32' ? 4 * length : length
  try {
    return viewOf(type, allocate(bytes))
  } catch {
    throw convError(
      'ERR_CONV_MEMORY',
      `${name} of ${length} elements (${bytes} bytes) could not be allocated; use smaller images`,
    )
  }
}
