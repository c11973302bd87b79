/**
 * Photos between files and tensors; sharp decodes and encodes them.
 *
 * Pixels are floats from 0 (black) to 255 (white), whatever the depth of the file. Grey photos keep their
 * one channel; all others become red, green, blue. Alpha is not filtered: it is set aside and goes into
 * the output as it came. The orientation that a camera wrote into the file is applied.
 */
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Tensor } from '../index.js'
import { tensor } from '../index.js'
import { Failure, fileReason, messageOf, usageFailure } from './failure.js'

type Sharp = typeof import('sharp')

export interface Photo {
  readonly pixels: Tensor // [height][width][1 or 3], 0..255
  readonly alpha: Float32Array | null // [height][width], 0..255
  /** Bits of one sample in the file: 16-bit photos are written with 16 bits where the format can. */
  readonly depth: 8 | 16
}

interface Format {
  readonly name: 'png' | 'jpeg' | 'webp' | 'tiff'
  readonly depth: 8 | 16
  readonly alpha: boolean
}

const PNG: Format = { name: 'png', depth: 16, alpha: true }
const JPEG: Format = { name: 'jpeg', depth: 8, alpha: false }
const WEBP: Format = { name: 'webp', depth: 8, alpha: true }
const TIFF: Format = { name: 'tiff', depth: 16, alpha: true }

const FORMATS = new Map([
  ['.png', PNG],
  ['.jpg', JPEG],
  ['.jpeg', JPEG],
  ['.webp', WEBP],
  ['.tif', TIFF],
  ['.tiff', TIFF],
])

/** The format that a file name ends with. */
export function formatOf(path: string, command: string): Format {
  const format = FORMATS.get(extname(path).toLowerCase())
  if (format) return format
  throw usageFailure(`output ${path} must end with ${[...FORMATS.keys()].join(', ')}`, command)
}

/** Decodes a photo. */
export async function readPhoto(path: string): Promise<Photo> {
  const sharp = await loadSharp()
  const file = await readBytes(path)
  try {
    const { depth: sample, space } = await sharp(file).metadata()
    const depth = sample === 'ushort' ? 16 : 8
    const { data, info } = await sharp(file)
      .rotate()
      .toColourspace(depth === 16 ? 'rgb16' : 'srgb')
      .raw({ depth: 'float' })
      .toBuffer({ resolveWithObject: true })
    const samples = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4)
    const unit = depth === 16 ? 257 : 1
    const channels = space === 'b-w' || space === 'grey16' ? 1 : 3
    const pixels = takeChannels(samples, info.channels, 0, channels, unit)
    return {
      pixels: tensor(pixels, [info.height, info.width, channels]),
      alpha: info.channels === 4 ? takeChannels(samples, 4, 3, 1, unit) : null,
      depth,
    }
  } catch (error) {
    throw new Failure(`cannot decode ${path}: ${messageOf(error)}`)
  }
}

/** Encodes a photo; values are rounded, and those below 0 or above 255 become black or white. */
export async function encodePhoto(photo: Photo, format: Format): Promise<Buffer> {
  const sharp = await loadSharp()
  const { pixels, alpha } = photo
  const [height, width, colours] = pixels.shape as [number, number, number]
  const depth = photo.depth === 16 ? format.depth : 8
  const channels = (colours + (alpha && format.alpha ? 1 : 0)) as 1 | 2 | 3 | 4
  const samples =
    depth === 16 ? new Uint16Array(height * width * channels) : new Uint8Array(height * width * channels)
  const [unit, white] = depth === 16 ? [257, 65535] : [1, 255]
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const value = channel < colours ? pixels.data[pixel * colours + channel]! : alpha![pixel]!
      samples[pixel * channels + channel] = Math.min(Math.max(Math.round(value * unit), 0), white)
    }
  }
  return sharp(samples, { raw: { width, height, channels } })
    .toColourspace(colours === 1 ? (depth === 16 ? 'grey16' : 'b-w') : depth === 16 ? 'rgb16' : 'srgb')
    .toFormat(format.name)
    .toBuffer()
}

/** Loads sharp, which is needed by the command line only and so is not installed with the library. */
export async function loadSharp(): Promise<Sharp> {
  try {
    return (await import('sharp')).default
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      throw new Failure(
        'photos are decoded by sharp, which is not installed. Install it with: npm install sharp',
      )
    }
    throw new Failure(`sharp does not load: ${messageOf(error)}`)
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileReason(error)}`)
  }
}

/** Some neighbouring channels of interleaved samples, divided by `unit`. */
function takeChannels(samples: Float32Array, channels: number, first: number, count: number, unit: number) {
  const pixels = samples.length / channels
  const taken = new Float32Array(pixels * count)
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < count; channel++) {
      taken[pixel * count + channel] = samples[pixel * channels + first + channel]! / unit
    }
  }
  return taken
}
