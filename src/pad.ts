/** An image in a larger one: the border's maps made visible. */
import { resolveBorder, type Border } from './border.js'
import { isInteger, oneOf, options, wrongNumber } from './check.js'
import { typeOf, type Elements, type ElementType, type OutputArrays } from './element-type.js'
import { convError } from './errors.js'
import { assertReadable } from './in-flight.js'
import { native, type NativeBorder } from './native.js'
import { resolveSides, type Padding, type Sides } from './padding.js'
import { readOutput, takeOutput } from './output.js'
import { checkOutput, checkPadded, shapeOf, imageShape, type ImageShape } from './shape.js'
import type { Layout } from './spec.js'
import {
  checkElements,
  checkLength,
  checkShape,
  freezeTensor,
  orBytes,
  parts,
  times,
  type Result,
  type Tensor,
} from './tensor.js'

/** Options of pad(). */
export interface PadOptions<T extends ElementType = 'float32'> {
  /** Of an image of rank 3 or 4. Default `nhwc`. */
  readonly layout?: Layout | undefined
  /** Where to write: an array of the right length, or a tensor of the right shape. Default a new one. */
  readonly output?: OutputArrays[T] | Tensor<readonly number[], OutputArrays[T]> | undefined
}

/** The element type of an array. */
export type TypeOf<D extends Elements> = D extends Float32Array ? 'float32' : 'uint8'

/**
 * Copies an image into a larger one and fills the surroundings by a border policy, with the maps that Conv2d uses.
 *
 * The input is an image of rank 4 or 3 (batch x height x width x channels, or as `layout` says), of rank 2
 * (height x width) or a row of rank 1 (width); the result has the same rank. `padding` is a number of pixels for all
 * sides, or `{ top, bottom, left, right }`; a row has left and right only. `border` defaults to zeros; it cannot be
 * `renormalize`, which weighs the taps of a kernel. The result of an image of bytes is bytes, and so must be the value of
 * a constant border.
 *
 * @throws as tensor() for the input, and as Conv2d for padding, border and output.
 * @example
 * pad(tensor(Float32Array.of(1, 2, 3), [3]), 2, 'reflect').data // [3, 2, 1, 2, 3, 2, 1]
 */
export function pad<D extends Elements = Float32Array>(
  input: Tensor<readonly number[], D>,
  padding: Exclude<Padding, string>,
  border: Border = 'constant',
  settings: PadOptions<TypeOf<D>> = {},
): Result<TypeOf<D>> {
  const { layout: layoutName = 'nhwc', output } = options('options', settings, ['layout', 'output'])
  const layout = oneOf('layout', layoutName, ['nhwc', 'nchw'])
  const given = parts('input', input)
  const shape = checkShape('input.shape', given.shape)
  const rank = shape.length
  const image = readImage(shape, layout)
  const around = rank === 1 ? rowSides(padding) : resolveSides(padding)
  const policy = resolveBorder(border)
  for (const axis of ['y', 'x'] as const) {
    if (policy[axis].mode === 'renormalize') {
      throw convError(
        'ERR_CONV_BORDER',
        'border "renormalize" has no pixels to pad with, it weighs the taps of a kernel; give it to Conv2d',
      )
    }
  }
  checkPadded('height', image.height, around.top, around.bottom)
  checkPadded('width', image.width, around.left, around.right)
  const padded = {
    ...image,
    height: image.height + around.top + around.bottom,
    width: image.width + around.left + around.right,
  }
  const outShape =
    rank > 2 ? shapeOf(padded, layout, rank) : Object.freeze([padded.height, padded.width].slice(2 - rank))
  checkOutput(outShape)
  const type = typeOf(given.data)
  const givenOutput = readOutput(output, type)

  // No getter of the user's runs from here on.
  const data = checkElements('input.data', given.data, type, orBytes)
  if (type === 'uint8') checkConstants(policy)
  checkLength('input', data, shape)
  assertReadable('input', data)
  const why = type === 'uint8' ? ' because input is of bytes' : ''
  const target = takeOutput(givenOutput, data, outShape, type, why)
  native.pad(data, target, { ...image, layout, type }, around, policy)
  return freezeTensor(target, outShape) as Result<TypeOf<D>>
}

/** Among bytes a constant is a byte. */
function checkConstants(border: NativeBorder): void {
  for (const { mode, value } of [border.y, border.x]) {
    if (mode === 'constant' && !isInteger(value, 0, 255)) {
      throw wrongNumber('the value of the border', 'an integer from 0 to 255, as input is of bytes', value)
    }
  }
}

/** Rank 1 is a row, rank 2 one channel, and from rank 3 on it is an image. */
function readImage(shape: readonly number[], layout: Layout): ImageShape {
  if (shape.length > 4) {
    throw convError(
      'ERR_CONV_SHAPE',
      `input.shape must have 1 to 4 axes, got ${shape.length} (${times(shape)})`,
    )
  }
  if (shape.length > 2) return imageShape('input.shape', shape, layout)
  return { batch: 1, height: shape.at(-2) ?? 1, width: shape.at(-1) ?? 1, channels: 1 }
}

/** A number pads both ends of a row. */
function rowSides(padding: unknown): Sides {
  const { top, bottom, left, right } = resolveSides(padding)
  if (typeof padding === 'number') return { top: 0, bottom: 0, left, right }
  for (const [side, value] of [
    ['top', top],
    ['bottom', bottom],
  ] as const) {
    if (value !== 0) {
      throw convError(
        'ERR_CONV_SHAPE',
        `padding.${side} must be 0 for an input of rank 1, which is a row, got ${value}`,
      )
    }
  }
  return { top, bottom, left, right }
}
