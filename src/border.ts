/**
 * Border policies: what a tap reads that falls outside the image. A policy is a map from a coordinate to a coordinate
 * inside, or to a constant, or (renormalize) leaves the tap out; each axis has its own.
 */
import { closest, describe, didYouMean, isObject, list, oneOf, options, quote, wrongType } from './check.js'
import { convError, type ConvError } from './errors.js'
import type { NativeAxisBorder, NativeBorder } from './native.js'

const borderModes = ['constant', 'edge', 'reflect', 'symmetric', 'wrap', 'renormalize'] as const

/** The six policies. */
export type BorderMode = (typeof borderModes)[number]

/** Names that mean one thing wherever they are used. */
const aliases = {
  zero: 'constant',
  zeros: 'constant',
  replicate: 'edge',
  nearest: 'edge',
  clamp: 'edge',
  copy: 'edge',
  reflection: 'reflect',
  reflect101: 'reflect',
  circular: 'wrap',
  periodic: 'wrap',
  partial: 'renormalize',
} as const satisfies Readonly<Record<string, BorderMode>>

/** Names that mean opposite things in different libraries. */
const ambiguous: Readonly<Record<string, string>> = {
  mirror:
    'scipy means "reflect" (c b | a b c d | c b), sharp and libvips mean "symmetric" (b a | a b c d | d c); say one of those',
  repeat:
    'sharp and libvips mean "wrap" (c d | a b c d | a b), VIGRA means "edge" (a a | a b c d | d d); say one of those',
}

/** Another name of a policy. */
export type BorderAlias = keyof typeof aliases

/** A policy for one axis. */
export type AxisBorder =
  | BorderMode
  | BorderAlias
  | { readonly mode: 'constant'; readonly value?: number | undefined }
  | { readonly mode: 'renormalize' | 'partial'; readonly by?: 'area' | 'weight' | undefined }
  | { readonly mode: Exclude<BorderMode | BorderAlias, 'constant' | 'renormalize' | 'partial'> }

/**
 * What a tap outside the image reads; one policy for both axes, or one each for x and y.
 *
 * | mode | image a b c d | other names |
 * | --- | --- | --- |
 * | `constant` (the default), `value` 0 unless given | `k k \| a b c d \| k k` | zero, zeros |
 * | `edge` | `a a \| a b c d \| d d` | replicate, nearest, clamp, copy |
 * | `reflect` | `c b \| a b c d \| c b` | reflection, reflect101 |
 * | `symmetric` | `b a \| a b c d \| d c` | |
 * | `wrap` | `c d \| a b c d \| a b` | circular, periodic |
 * | `renormalize`, `by` 'area' unless given | the tap is left out, the rest is re-weighted | partial |
 *
 * The maps are total: a pad wider than the image keeps bouncing. A constant is multiplied like any other sample, so an
 * infinite weight on a zero border gives NaN; it may itself be NaN or infinite. `renormalize` multiplies the sum, before
 * bias and activation, by taps in the window / taps inside (`area`) or by sum of weights / sum of weights inside
 * (`weight`, per output channel). By weight, the sum stays as it is where the divisor says nothing: at most 1e-6 of the
 * sum of absolute weights inside (they cancel), or that sum at most 1e-30 of all absolute weights (the taps inside are
 * negligible). With no tap inside the sum is 0.
 *
 * Where a tap is outside on both axes: if either axis renormalizes, it is left out; if either is constant, it reads
 * that constant, and y's when both are; otherwise each coordinate is mapped by its own axis.
 */
export type Border = AxisBorder | { readonly x: AxisBorder; readonly y: AxisBorder }

const weightings: readonly NativeBorder['by'][] = ['area', 'weight']

interface ResolvedAxis extends NativeAxisBorder {
  readonly by: NativeBorder['by'] | undefined
}

/** A border in the form that the addon takes. */
export function resolveBorder(value: unknown): NativeBorder {
  if (!isObject(value) || !('x' in value || 'y' in value)) {
    const both = resolveAxis('border', value)
    return freezeBorder(both, both)
  }
  const { x, y } = options('border', value, ['x', 'y'], 'border.')
  for (const [axis, given] of [
    ['x', x],
    ['y', y],
  ] as const) {
    if (given === undefined) {
      throw convError(
        'ERR_CONV_BORDER',
        `border.${axis} is missing; give both axes, as in { x: "wrap", y: "edge" }`,
      )
    }
  }
  return freezeBorder(resolveAxis('border.y', y), resolveAxis('border.x', x))
}

function freezeBorder(y: ResolvedAxis, x: ResolvedAxis): NativeBorder {
  if (y.by !== undefined && x.by !== undefined && y.by !== x.by) {
    throw convError(
      'ERR_CONV_BORDER',
      `border.x renormalizes by "${x.by}" and border.y by "${y.by}"; there is one weighting for both, say the same`,
    )
  }
  const axis = ({ mode, value }: ResolvedAxis): NativeAxisBorder => Object.freeze({ mode, value })
  return Object.freeze({ y: axis(y), x: axis(x), by: y.by ?? x.by ?? 'area' })
}

function resolveAxis(name: string, given: unknown): ResolvedAxis {
  if (typeof given === 'string') {
    const mode = resolveMode(name, given)
    return { mode, value: 0, by: mode === 'renormalize' ? 'area' : undefined }
  }
  if (!isObject(given)) throw wrongType(name, 'a name or an object { mode }', given)
  const { mode: modeName, value, by } = options(name, given, ['mode', 'value', 'by'], `${name}.`)
  if (typeof modeName !== 'string') throw wrongType(`${name}.mode`, 'a name', modeName)
  const mode = resolveMode(`${name}.mode`, modeName)
  if (value !== undefined && modeName !== 'constant') throw misplaced(`${name}.value`, 'constant', modeName)
  if (value !== undefined && typeof value !== 'number') throw wrongType(`${name}.value`, 'a number', value)
  if (by !== undefined && mode !== 'renormalize') throw misplaced(`${name}.by`, 'renormalize', modeName)
  const weighting = oneOf(`${name}.by`, by ?? 'area', weightings, 'ERR_CONV_BORDER')
  return { mode, value: value ?? 0, by: mode === 'renormalize' ? weighting : undefined }
}

function misplaced(name: string, mode: BorderMode, given: string): ConvError {
  return convError(
    'ERR_CONV_BORDER',
    `${name} belongs to mode "${mode}", not to ${quote(given)}; leave it out`,
  )
}

function resolveMode(name: string, given: string): BorderMode {
  if (borderModes.includes(given as BorderMode)) return given as BorderMode
  if (Object.hasOwn(aliases, given)) return aliases[given as BorderAlias]
  if (Object.hasOwn(ambiguous, given)) {
    throw convError('ERR_CONV_BORDER', `${name} ${quote(given)} is ambiguous: ${ambiguous[given]!}`)
  }
  const suggestion = didYouMean(closest(given, [...borderModes, ...Object.keys(aliases)]))
  throw convError(
    'ERR_CONV_BORDER',
    `${name} must be ${list(borderModes.map(quote), 'or')}, got ${describe(given)}${suggestion}`,
  )
}
