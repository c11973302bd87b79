/** Padding: how many rows and columns around the image the kernel may reach. */
import { describe, integer, isArray, isObject, oneOf, options, wrongType } from './check.js'
import { convError } from './errors.js'
import { maxDimension } from './tensor.js'

const policies = ['valid', 'same', 'same-lower', 'full'] as const
const sides = ['top', 'bottom', 'left', 'right'] as const

/** Rows above and below, columns left and right. */
export interface Sides {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/**
 * How far the kernel may reach over the border of the image.
 *
 * | padding | meaning, per axis; span = (kernel - 1) * dilation + 1 |
 * | --- | --- |
 * | `valid` (default) | none: out = floor((in - span) / stride) + 1 |
 * | `same` | out = ceil(in / stride); an odd pixel goes to the bottom and right |
 * | `same-lower` | the same, an odd pixel goes to the top and left |
 * | `full` | span - 1 on each side: every output that any pixel contributes to |
 * | a number | on all four sides |
 * | `{ top, bottom, left, right }` | each side, 0 where left out |
 *
 * Numbers are integers from 0 to 2147483647, in rows and columns.
 */
export type Padding =
  (typeof policies)[number] | number | { readonly [side in keyof Sides]?: number | undefined }

/** A padding that is checked but, by name, still depends on the image. */
export type PaddingSpec = (typeof policies)[number] | Sides

/** The padding of a layer. */
export function resolvePadding(value: unknown): PaddingSpec {
  return typeof value === 'string' ? oneOf('padding', value, policies) : resolveSides(value, anyPadding)
}

const anyPadding = 'a name, a number or { top, bottom, left, right }'

/** Explicit padding; four numbers in a row are refused, for nobody knows their order. */
export function resolveSides(value: unknown, rule = 'a number or { top, bottom, left, right }'): Sides {
  if (typeof value === 'number') {
    const all = integer('padding', value, 0, maxDimension)
    return Object.freeze({ top: all, bottom: all, left: all, right: all })
  }
  if (isArray(value)) {
    throw convError(
      'ERR_CONV_TYPE',
      `padding must be ${rule}, got ${describe(value)}: WebNN, ONNX and PyTorch order them in three different ways, so name the sides`,
    )
  }
  if (!isObject(value)) throw wrongType('padding', rule, value)
  const { top = 0, bottom = 0, left = 0, right = 0 } = options('padding', value, sides, 'padding.')
  return Object.freeze({
    top: integer('padding.top', top, 0, maxDimension),
    bottom: integer('padding.bottom', bottom, 0, maxDimension),
    left: integer('padding.left', left, 0, maxDimension),
    right: integer('padding.right', right, 0, maxDimension),
  })
}
