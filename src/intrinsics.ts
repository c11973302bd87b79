/**
 * What an object really is, by the getters of the language as they were when this file was loaded. A property of the
 * object's own, of a subclass or of a changed prototype can say anything; memory is only trusted to these.
 */
import type { Elements } from './element-type.js'

function getter(prototype: object, key: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, key) as { get: () => unknown }
  return Function.prototype.call.bind(descriptor.get)
}

/** A method for a call on any object; undefined where the language does not have it yet. */
function method(prototype: object, key: string): unknown {
  const value = Object.getOwnPropertyDescriptor(prototype, key)?.value as (() => unknown) | undefined
  return value && Function.prototype.call.bind(value)
}

const typedArray = Object.getPrototypeOf(Float32Array.prototype) as object

export const bufferOf = getter(typedArray, 'buffer') as (array: Elements) => ArrayBufferLike
export const byteOffsetOf = getter(typedArray, 'byteOffset') as (array: Elements) => number
export const byteLengthOf = getter(typedArray, 'byteLength') as (array: Elements) => number
export const lengthOf = getter(typedArray, 'length') as (array: Elements) => number

/** Throws for a SharedArrayBuffer. */
export const resizableOf = getter(ArrayBuffer.prototype, 'resizable') as (buffer: ArrayBufferLike) => boolean

/** From Node 21 on. */
export const transferOf = method(ArrayBuffer.prototype, 'transfer') as
  ((buffer: ArrayBuffer) => ArrayBuffer) | undefined

/** Throws for what is no AbortSignal, even if it inherits from it. */
export const abortedOf = getter(AbortSignal.prototype, 'aborted') as (signal: AbortSignal) => boolean
export const reasonOf = getter(AbortSignal.prototype, 'reason') as (signal: AbortSignal) => unknown
