/** What happens to each output after bias: the names and parameters of the activations. */
import { convError } from './errors.js'
import { describe, finite, isObject, oneOf, options, wrongNumber, wrongType } from './check.js'
import type { NativeActivation } from './native.js'

/** Activations without parameters. */
const plain = ['none', 'relu', 'sigmoid', 'tanh', 'hardSwish', 'silu', 'gelu', 'geluTanh'] as const
const kinds = [...plain, 'leakyRelu', 'clamp'] as const

/**
 * A function applied to each output element x, after the bias.
 *
 * | name | value |
 * | --- | --- |
 * | `none` (default) | x |
 * | `relu` | max(x, 0) |
 * | `leakyRelu`, alpha 0.01 unless given | x for x >= 0, alpha * x below |
 * | `clamp` | min(max(x, min), max); relu6 is `{ kind: 'clamp', min: 0, max: 6 }` |
 * | `sigmoid` | 1 / (1 + exp(-x)) |
 * | `tanh` | tanh(x) |
 * | `hardSwish` | x * min(max(x + 3, 0), 6) / 6 |
 * | `silu` | x / (1 + exp(-x)) |
 * | `gelu` | x * (1 + erf(x / sqrt(2))) / 2 |
 * | `geluTanh` | x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2 |
 */
export type Activation =
  | (typeof plain)[number]
  | { readonly kind: (typeof plain)[number] }
  | 'leakyRelu'
  | { readonly kind: 'leakyRelu'; readonly alpha?: number | undefined }
  | { readonly kind: 'clamp'; readonly min: number; readonly max: number }

/** An activation in the form that the addon takes; `name` is what the option is called. */
export function resolveActivation(value: unknown, name = 'activation'): NativeActivation {
  if (typeof value === 'string') return resolveKind(oneOf(name, value, kinds), {}, name)
  if (!isObject(value)) throw wrongType(name, 'a name or an object { kind }', value)
  const { kind } = options(name, value, ['kind', 'alpha', 'min', 'max'], `${name}.`)
  return resolveKind(oneOf(`${name}.kind`, kind, kinds), value, name)
}

function resolveKind(
  kind: (typeof kinds)[number],
  given: Readonly<Record<string, unknown>>,
  name: string,
): NativeActivation {
  switch (kind) {
    case 'leakyRelu': {
      const { alpha = 0.01 } = options(name, given, ['kind', 'alpha'], `${name}.`)
      return Object.freeze({ kind, a: finite(`${name}.alpha`, alpha), b: 0 })
    }
    case 'clamp': {
      const { min, max } = options(name, given, ['kind', 'min', 'max'], `${name}.`)
      const a = bound(`${name}.min`, min)
      const b = bound(`${name}.max`, max)
      if (a > b)
        throw convError('ERR_CONV_RANGE', `${name}.min must be at most ${name}.max, got ${a} and ${b}`)
      return Object.freeze({ kind, a, b })
    }
    default:
      options(name, given, ['kind'], `${name}.`)
      return Object.freeze({ kind, a: 0, b: 0 })
  }
}

/** An activation in the form that a user gives. */
export function activationOf({ kind, a, b }: NativeActivation): Activation {
  switch (kind) {
    case 'leakyRelu':
      return { kind, alpha: a }
    case 'clamp':
      return { kind, min: a, max: b }
    default:
      return kind as (typeof plain)[number]
  }
}

/** A bound may be infinite: clamp from 0 to Infinity is relu. */
function bound(name: string, value: unknown): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (value === undefined)
    throw convError(
      'ERR_CONV_TYPE',
      `${name} must be a number, got ${describe(value)}; "clamp" needs both min and max`,
    )
  throw wrongNumber(name, 'a number', value)
}
