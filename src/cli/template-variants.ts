/** Templates as they may look in a scene: larger, smaller, turned. */
import type { Tensor } from '../index.js'
import { tensor } from '../index.js'
import { loadSharp } from './image.js'

/** One way in which a template is looked for. */
export interface Variant {
  /** Which template. */
  readonly template: number
  readonly scale: number
  /** Degrees, clockwise. */
  readonly rotation: number
  readonly pixels: Tensor
}

const SMALLEST_SIDE = 4

/** A template at a scale and an angle; nothing where too few pixels are left to be recognised by. */
export async function makeVariant(
  pixels: Tensor,
  template: number,
  scale: number,
  rotation: number,
): Promise<Variant | undefined> {
  const [height, width] = pixels.shape as [number, number, number]
  const scaled = await resize(pixels, Math.round(height * scale), Math.round(width * scale))
  const turned = scaled && (await rotate(scaled, rotation))
  if (turned === undefined || isFlat(turned)) return undefined
  return { template, scale, rotation, pixels: turned }
}

/** Whether all samples of each channel are equal. */
export function isFlat({ data, shape }: Tensor): boolean {
  const channels = shape[2]!
  return data.every((sample, index) => sample === data[index % channels])
}

async function resize(pixels: Tensor, height: number, width: number): Promise<Tensor | undefined> {
  if (height < SMALLEST_SIDE || width < SMALLEST_SIDE) return undefined
  const [givenHeight, givenWidth] = pixels.shape
  if (height === givenHeight && width === givenWidth) return pixels
  const image = await toSharp(pixels)
  return fromSharp(image.resize(width, height, { fit: 'fill' }), pixels.shape[2]!)
}

/** Turns a template; of one that stands askew the middle is kept, in which it has pixels everywhere. */
async function rotate(pixels: Tensor, degrees: number): Promise<Tensor | undefined> {
  if (degrees % 360 === 0) return pixels
  const [height, width, channels] = pixels.shape as [number, number, number]
  const turned = (await toSharp(pixels)).rotate(degrees)
  if (degrees % 90 === 0) return fromSharp(turned, channels)
  const angle = (degrees * Math.PI) / 180
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))]
  // A rectangle of the same proportions whose corners touch the sides of the turned one.
  const shrink = 1 / (cos + sin * Math.max(width / height, height / width))
  const [insideHeight, insideWidth] = [Math.floor(height * shrink), Math.floor(width * shrink)]
  if (insideHeight < SMALLEST_SIDE || insideWidth < SMALLEST_SIDE) return undefined
  return crop(await fromSharp(turned, channels), insideHeight, insideWidth)
}

/** The middle of an image. */
function crop({ data, shape }: Tensor, height: number, width: number): Tensor {
  const [givenHeight, givenWidth, channels] = shape as [number, number, number]
  const top = (givenHeight - height) >> 1
  const left = (givenWidth - width) >> 1
  const inside = new Float32Array(height * width * channels)
  for (let y = 0; y < height; y++) {
    const first = ((top + y) * givenWidth + left) * channels
    inside.set(data.subarray(first, first + width * channels), y * width * channels)
  }
  return tensor(inside, [height, width, channels])
}

/** Samples are bytes on the way through sharp. */
async function toSharp({ data, shape }: Tensor): Promise<ReturnType<Awaited<ReturnType<typeof loadSharp>>>> {
  const [height, width, channels] = shape as [number, number, 1 | 3]
  const sharp = await loadSharp()
  return sharp(Uint8ClampedArray.from(data), { raw: { width, height, channels } })
}

async function fromSharp(image: Awaited<ReturnType<typeof toSharp>>, channels: number): Promise<Tensor> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  const pixels = Float32Array.from({ length: info.height * info.width * channels }, (_, index) => {
    return data[Math.floor(index / channels) * info.channels + (index % channels)]!
  })
  return tensor(pixels, [info.height, info.width, channels])
}
