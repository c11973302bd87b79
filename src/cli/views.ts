/** How tensors are shown: as photos, or as signed maps between two colours. */
import type { Tensor } from '../index.js'
import type { Colour, Picture } from './canvas.js'
import { loadSharp } from './image.js'

const ZERO: Colour = [22, 23, 26]
const BELOW: Colour = [64, 156, 255]
const ABOVE: Colour = [255, 150, 50]

/** Grey or red, green, blue from 0 to 255; values outside are clipped. */
export function photoView({ data, shape }: Tensor): Picture {
  const [height, width, channels] = shape as [number, number, number]
  const pixels = new Uint8ClampedArray(height * width * 3)
  for (let index = 0; index < pixels.length; index++) {
    pixels[index] = channels === 3 ? data[index]! : data[Math.floor(index / 3)]!
  }
  return { data: pixels, width, height }
}

/**
 * A signed map, averaged over its channels: dark at zero, blue below and orange above. `fullAt` is the
 * magnitude with full colour, three times the root mean square, so that a few strong edges do not
 * leave the rest in the dark.
 */
export function signedView({ data, shape }: Tensor, zero: number): Picture & { readonly fullAt: number } {
  const [height, width, channels] = shape as [number, number, number]
  const values = new Float32Array(height * width)
  let squares = 0
  for (let pixel = 0; pixel < values.length; pixel++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += data[pixel * channels + channel]! - zero
    values[pixel] = sum / channels
    squares += values[pixel]! ** 2
  }
  const fullAt = Math.max(1, 3 * Math.sqrt(squares / values.length))
  const pixels = new Uint8ClampedArray(height * width * 3)
  for (const [pixel, value] of values.entries()) {
    const strength = Math.min(Math.abs(value) / fullAt, 1)
    const colour = value < 0 ? BELOW : ABOVE
    for (let channel = 0; channel < 3; channel++) {
      pixels[pixel * 3 + channel] = ZERO[channel]! + strength * (colour[channel]! - ZERO[channel]!)
    }
  }
  return { data: pixels, width, height, fullAt }
}

/** A picture made smaller, in proportion, until it fits; one that fits stays as it is. */
export async function shrink(picture: Picture, maxWidth: number, maxHeight: number): Promise<Picture> {
  const scale = Math.min(maxWidth / picture.width, maxHeight / picture.height)
  if (scale >= 1) return picture
  const width = Math.max(1, Math.round(picture.width * scale))
  const height = Math.max(1, Math.round(picture.height * scale))
  const sharp = await loadSharp()
  const data = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
  })
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer()
  return { data: new Uint8ClampedArray(data), width, height }
}

/** A picture made larger: each pixel is a square of some pixels. */
export function enlarge({ data, width, height }: Picture, side: number): Picture {
  const large = new Uint8ClampedArray(width * side * height * side * 3)
  for (let pixel = 0; pixel < large.length / 3; pixel++) {
    const y = Math.floor(pixel / (width * side) / side)
    const x = Math.floor((pixel % (width * side)) / side)
    const from = (y * width + x) * 3
    large.set(data.subarray(from, from + 3), pixel * 3)
  }
  return { data: large, width: width * side, height: height * side }
}
