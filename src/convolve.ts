/** The convolution of two functions, and their cross-correlation, in one and two dimensions. */
import { isArray, isObject, oneOf, options as readOptions, wrongType } from './check.js'
import { convolveDirectly } from './convolve-directly.js'
import type { OwnFloats } from './element-type.js'
import { convError, type ConvError } from './errors.js'
import { convolveByFft, fftError, planFft, type FftPlan } from './fft.js'
import { type Extent, type Grid, type Window } from './grid.js'
import { assertReadable } from './in-flight.js'
import { bufferOf, byteOffsetOf, lengthOf } from './intrinsics.js'
import { checkOutput } from './shape.js'
import {
  checkFloats,
  checkLength,
  checkShape,
  freezeTensor,
  maxDimension,
  times,
  type Result,
  type Tensor,
} from './tensor.js'

const modes = ['full', 'same', 'valid'] as const
const methods = ['auto', 'direct', 'fft'] as const

/** Which part of a convolution is wanted; see convolve(). */
export type ConvolveMode = (typeof modes)[number]

/** How it is computed; see convolve(). */
export type ConvolveMethod = (typeof methods)[number]

/** Options of convolve() and correlate(). */
export interface ConvolveOptions {
  /** Default `full`. */
  readonly mode?: ConvolveMode | undefined
  /** Default `auto`. */
  readonly method?: ConvolveMethod | undefined
}

/**
 * Multiplications of the native kernel that take as long as one element in one stage of a transform, on one thread of a
 * server with AVX-512; on images it loads less for each. The choice depends on lengths alone, not on the machine or its
 * threads, and so do the results.
 */
const macsPerFftUnit = { row: 60, image: 140 } as const

/**
 * The convolution of two functions (E4): `(f * g)(i) = sum over a of f(a) g(i - a)`, and in two dimensions
 * `(f * g)(i, j) = sum over a, b of f(a, b) g(i - a, j - b)`; outside of what is given both are nothing.
 *
 * `f` and `g` are two Float32Arrays, and then so is the result, or two tensors of the same rank: 1 (length) or 2
 * (height x width); the result is a tensor of that rank. With n and m elements along an axis:
 *
 * | mode             | along each axis                            | is                                            |
 * | ---------------- | ------------------------------------------ | --------------------------------------------- |
 * | `full` (default) | n + m - 1                                  | every sum that has a term                     |
 * | `same`           | n, from index floor((m - 1) / 2) of `full` | the middle, as large as f                     |
 * | `valid`          | abs(n - m) + 1, from min(n, m) - 1         | where the smaller lies wholly upon the larger |
 *
 * These are the modes of `scipy.signal.convolve`. `f * g` and `g * f` are the same numbers to the last bit in the modes
 * `full` and `valid`; `same` has the size of f, so it is the same where f and g are of one size.
 *
 * `method: 'direct'` is the sum itself, on the native kernel: its error is at most `m u` times the sum of the magnitudes
 * of its own terms, with u = 2^-24 and m the terms, or 4096 where there are more. `fft` goes through Fourier transforms
 * in double precision, which pays from about a thousand taps on: its error is at most one rounding to 32 bits and
 * `21 n 2^-53` times the product of the norms of f and g (the square roots of their sums of squares), transforms being
 * of 2^n elements; n is at most 22, and a kernel of more than 2^21 taps goes in p passes, for sqrt(p) of that. So a sum
 * of many terms is more precise than `direct` makes it, one that is a billion times smaller than that product is less
 * so, and what should be 0 is only nearly 0. Whole numbers give whole results with either (below 2^24, and with `fft`
 * where its bound is below a half). `auto` takes the faster for these lengths, and `direct` where a number is infinite
 * or NaN, which transforms would spread over the whole result; `fft` refuses those.
 *
 * Works on this thread, helped by the pool's idle ones. For many signals and one kernel, or to stay off the JavaScript
 * thread, make a Conv1d or Conv2d with `flip: true`.
 *
 * @throws TypeError `ERR_CONV_TYPE`, RangeError `ERR_CONV_LENGTH`, `ERR_CONV_RANGE` as tensor(); RangeError
 * `ERR_CONV_SHAPE` for ranks that differ or are above 2, and in mode `valid` where neither covers the other; TypeError
 * `ERR_CONV_OPTION`; Error `ERR_CONV_ALGORITHM` from `fft`; Error `ERR_CONV_BUSY` for memory that an unfinished run()
 * writes to.
 * @example
 * convolve(Float32Array.of(1, 2, 3), Float32Array.of(0, 1, 0.5)) // [0, 1, 2.5, 4, 1.5]
 * convolve(Float32Array.of(1, 2, 3), Float32Array.of(0, 1, 0.5), { mode: 'same' }) // [1, 2.5, 4]
 * convolve(tensor(Float32Array.of(1, 2, 3, 4), [2, 2]), tensor(Float32Array.of(1, 1), [1, 2])).data // [1, 3, 2, 3, 7, 4]
 */
export function convolve(f: Float32Array, g: Float32Array, options?: ConvolveOptions): OwnFloats
export function convolve(f: Tensor, g: Tensor, options?: ConvolveOptions): Result
export function convolve(
  f: Float32Array | Tensor,
  g: Float32Array | Tensor,
  options: ConvolveOptions = {},
): OwnFloats | Result {
  return compute(f, g, options, (grid) => grid)
}

/**
 * The cross-correlation of two functions: `(f ⋆ g)(k) = sum over a of f(a + k) g(a)`, how much f, moved back by k,
 * resembles g. It is the convolution of f with g turned round, and so not commutative: g with f gives it turned round.
 *
 * Operands, modes, methods and errors are those of convolve(), with g turned round: index i of `full` is the lag
 * `k = i - (m - 1)`, and of `valid` it is `k = i` where f is the larger. These are the results of
 * `scipy.signal.correlate` for real signals.
 *
 * @throws as convolve().
 * @example
 * correlate(Float32Array.of(1, 2, 3), Float32Array.of(0, 1, 0.5)) // [0.5, 2, 3.5, 3, 0]
 */
export function correlate(f: Float32Array, g: Float32Array, options?: ConvolveOptions): OwnFloats
export function correlate(f: Tensor, g: Tensor, options?: ConvolveOptions): Result
export function correlate(
  f: Float32Array | Tensor,
  g: Float32Array | Tensor,
  options: ConvolveOptions = {},
): OwnFloats | Result {
  return compute(f, g, options, (grid) => ({ ...grid, data: grid.data.slice().reverse() }))
}

/** Checks what was given; fills in what was not; does it. `prepare` is applied to g. */
function compute(
  givenF: unknown,
  givenG: unknown,
  givenOptions: unknown,
  prepare: (grid: Grid) => Grid,
): OwnFloats | Result {
  const { mode: modeName = 'full', method: methodName = 'auto' } = readOptions('options', givenOptions, [
    'mode',
    'method',
  ])
  const mode = oneOf('mode', modeName, modes)
  const method = oneOf('method', methodName, methods)
  const [operandF, operandG] = [readOperand('f', givenF), readOperand('g', givenG)]

  // No getter of the user's runs from here on.
  const [f, g] = [checkOperand('f', operandF), checkOperand('g', operandG)]
  const axes = matchAxes(mode, f, g)
  const shape = axes.map(({ length }) => length)
  checkOutput(shape)
  const data = convolveGrids(...inRows(gridOf(f), prepare(gridOf(g)), windowOf(axes)), method)
  return operandF.shape === undefined ? data : freezeTensor(data, Object.freeze(shape))
}

/** An array, or the parts of a tensor, its shape being a checked copy. */
interface Operand {
  readonly data: unknown
  readonly shape: readonly number[] | undefined
}

function readOperand(name: string, value: unknown): Operand {
  if (isArray(value) || ArrayBuffer.isView(value)) return { data: value, shape: undefined }
  if (!isObject(value)) throw wrongType(name, 'a Float32Array or a tensor { data, shape }', value)
  const { data, shape } = value
  return { data, shape: checkShape(`${name}.shape`, shape) }
}

/** An operand with its shape, to be trusted. */
interface Signal {
  readonly isTensor: boolean
  readonly data: Float32Array
  readonly shape: readonly number[]
}

function checkOperand(name: string, { data: given, shape }: Operand): Signal {
  const array = checkFloats(shape === undefined ? name : `${name}.data`, given)
  assertReadable(name, array)
  const length = lengthOf(array)
  // A subclass may have methods of its own.
  const data = new Float32Array(bufferOf(array), byteOffsetOf(array), length)
  if (shape === undefined) {
    if (length === 0) throw convError('ERR_CONV_LENGTH', `${name} must have at least 1 element, got 0`)
    return { isTensor: false, data, shape: [length] }
  }
  if (shape.length > 2) {
    throw convError(
      'ERR_CONV_SHAPE',
      `${name}.shape must have 1 axis (length) or 2 (height x width), got ${shape.length} (${times(shape)}); Conv2d with flip: true convolves images of several channels`,
    )
  }
  checkLength(name, data, shape)
  return { isTensor: true, data, shape }
}

/** The wanted stretch of each axis. */
function matchAxes(mode: ConvolveMode, f: Signal, g: Signal): readonly Extent[] {
  const words = ({ isTensor, shape }: Signal): string =>
    isTensor ? `a tensor (${times(shape)})` : 'a Float32Array'
  if (f.isTensor !== g.isTensor || f.shape.length !== g.shape.length) {
    throw convError(
      'ERR_CONV_SHAPE',
      `f and g must be two Float32Arrays or two tensors of the same rank, got ${words(f)} and ${words(g)}`,
    )
  }
  const covers = (a: Signal, b: Signal): boolean => a.shape.every((length, axis) => length >= b.shape[axis]!)
  if (mode === 'valid' && !covers(f, g) && !covers(g, f)) {
    throw convError(
      'ERR_CONV_SHAPE',
      `mode "valid" needs one of f and g to be at least as large as the other on both axes, got ${times(f.shape)} and ${times(g.shape)}; say "full" or "same"`,
    )
  }
  return f.shape.map((length, axis) => stretch(mode, length, g.shape[axis]!))
}

/** The part of the full convolution that a mode wants, along one axis. */
function stretch(mode: ConvolveMode, n: number, m: number): Extent {
  if (n + m - 1 > maxDimension) {
    throw convError(
      'ERR_CONV_RANGE',
      `f and g of ${n} and ${m} elements make ${n + m - 1} along one axis, at most ${maxDimension} is possible`,
    )
  }
  switch (mode) {
    case 'full':
      return { start: 0, length: n + m - 1 }
    case 'same':
      return { start: Math.floor((m - 1) / 2), length: n }
    case 'valid':
      return { start: Math.min(n, m) - 1, length: Math.abs(n - m) + 1 }
  }
}

function convolveGrids(f: Grid, g: Grid, window: Window, method: ConvolveMethod): OwnFloats {
  const [image, kernel] = isKernel(f, g) ? [g, f] : [f, g]
  const plan = planFft(image, kernel, window)
  if (method === 'direct' || (method === 'auto' && !pays(plan, kernel, window))) {
    return convolveDirectly(image, kernel, window)
  }
  const [a, b] = [survey(f.data), survey(g.data)]
  const isFinite = Number.isFinite(a.norm) && Number.isFinite(b.norm)
  if (method === 'fft' && !isFinite) throw notFinite(Number.isFinite(a.norm) ? 'g' : 'f')
  const isWhole = a.isWhole && b.isWhole
  const isSure = fftError(plan) * a.norm * b.norm < 0.5 // that what is rounded to the nearest is what it has to be
  const isFit = isFinite && (isSure || !isWhole)
  if (method === 'auto' && !isFit) return convolveDirectly(image, kernel, window)
  return round(convolveByFft(image, kernel, window, plan), isWhole && isSure)
}

/** Whether transforms are faster. */
function pays({ cost }: FftPlan, kernel: Grid, { y, x }: Window): boolean {
  const macs = y.length * x.length * kernel.data.length
  return macs > cost * macsPerFftUnit[kernel.height === 1 ? 'row' : 'image']
}

function notFinite(name: string): ConvError {
  return convError(
    'ERR_CONV_ALGORITHM',
    `method "fft" cannot do this: ${name} has an infinity or NaN, which it would spread over the whole result; say "auto"`,
  )
}

function windowOf(axes: readonly Extent[]): Window {
  return { y: axes.at(-2) ?? { start: 0, length: 1 }, x: axes.at(-1)! }
}

/** Two columns are two rows, and ten times as fast. */
function inRows(f: Grid, g: Grid, window: Window): [Grid, Grid, Window] {
  if (f.width > 1 || g.width > 1) return [f, g, window]
  const lay = ({ data, height }: Grid): Grid => ({ data, height: 1, width: height })
  return [lay(f), lay(g), { y: window.x, x: window.y }]
}

function gridOf({ data, shape }: Signal): Grid {
  return { data, height: shape.at(-2) ?? 1, width: shape.at(-1)! }
}

/**
 * Whether f is the kernel and g the image, rather than the other way round: the smaller is. Between equals it has to be
 * settled by something other than which came first, so that f * g and g * f are one computation: by their bits.
 */
function isKernel(f: Grid, g: Grid): boolean {
  if (f.data.length !== g.data.length) return f.data.length < g.data.length
  if (f.height !== g.height) return f.height < g.height
  const [a, b] = [bitsOf(f.data), bitsOf(g.data)]
  const index = a.findIndex((bits, at) => bits !== b[at])
  return index >= 0 && a[index]! < b[index]!
}

function bitsOf(data: Float32Array): Uint32Array {
  return new Uint32Array(data.buffer, data.byteOffset, data.length)
}

/** The Euclidean norm, which is not finite where an element is not, and whether all are whole numbers. */
function survey(data: Float32Array): { readonly norm: number; readonly isWhole: boolean } {
  let sum = 0
  let isWhole = true
  for (const value of data) {
    sum += value * value
    isWhole &&= Number.isInteger(value)
  }
  return { norm: Math.sqrt(sum), isWhole }
}

/** To 32 bits, and before that to whole numbers where they are known to be; no zero is negative. */
function round(sums: Float64Array, isWhole: boolean): OwnFloats {
  if (isWhole) for (let index = 0; index < sums.length; index++) sums[index] = Math.round(sums[index]!) + 0
  return new Float32Array(sums)
}
