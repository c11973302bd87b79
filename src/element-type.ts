/** What the elements of an image are in memory: 32-bit floats, or bytes. */
import { types } from 'node:util'

/** `float32`, or `uint8`: whole numbers from 0 to 255. */
export type ElementType = (typeof elementTypes)[number]

/** Every element type, by its name. */
export const elementTypes = ['float32', 'uint8'] as const

/** A Float32Array on an ArrayBuffer, never on shared memory: `Float32Array<ArrayBuffer>` from TypeScript 5.7 on. */
export type OwnFloats = ReturnType<typeof Float32Array.of>

/** A Uint8Array on an ArrayBuffer, as OwnFloats is a Float32Array on one. */
export type OwnBytes = ReturnType<typeof Uint8Array.of>

/** Any array that an image can be read from. A Buffer is a Uint8Array. */
export type Elements = Float32Array | Uint8Array | Uint8ClampedArray

/** What an image of a type is read from. */
export interface InputArrays {
  readonly float32: Float32Array
  readonly uint8: Uint8Array | Uint8ClampedArray
}

/** What an image of a type is written to. */
export interface OutputArrays {
  readonly float32: Float32Array
  readonly uint8: Uint8Array
}

/** What an image of a type is, when it was computed. */
export interface ResultArrays {
  readonly float32: OwnFloats
  readonly uint8: OwnBytes
}

/** The class that a message asks for. */
export const arrayNames = { float32: 'Float32Array', uint8: 'Uint8Array' } as const

/** Whether a value is an array that an image of a type can be read from, whatever it says of itself. */
export function holds(type: ElementType, value: unknown): value is Elements {
  return type === 'float32' ? types.isFloat32Array(value) : isBytes(value)
}

/** Whether a value is an array of bytes. */
export function isBytes(value: unknown): value is Uint8Array | Uint8ClampedArray {
  return types.isUint8Array(value) || types.isUint8ClampedArray(value)
}

/** The type of an array; what is no array at all was meant to be one of floats. */
export function typeOf(value: unknown): ElementType {
  return isBytes(value) ? 'uint8' : 'float32'
}

/** An array of a type on all of a buffer. */
export function viewOf(type: ElementType, buffer: ArrayBuffer): OwnFloats | OwnBytes {
  return type === 'float32' ? new Float32Array(buffer) : new Uint8Array(buffer)
}
