/**
 * The sums of an image and of its squares over every window, as convolutions with a box.
 *
 * The variance of a window is the difference of two sums, and in float32 nothing may be left of it: a bright, nearly
 * even window has squares near 1 whose sum is rounded at 2^-24, and deviations of 2^-9 with squares of 2^-18. So
 *
 * - samples are taken from the middle of the image's values, and scaled by a power of two, so that the squares of a pixel
 *   sum up to 1 at most. Neither changes a correlation that is normalised.
 * - each plane is parted in two, `high + low`: `high` on a grid so coarse that its sum over a window of n pixels is exact
 *   in float32 (n samples of at most 1, on a grid of n 2^-24), `low` the rest, at most half a step of the grid. Where the
 *   rest stands on a grid as coarse in proportion its sum is exact too, as it is for all images of bytes.
 *
 * `low` is rounded once, and two passes of the box round (height + width) times, so the error of a sum is at most
 * `(height + width + 1) 2^-24 n grid / 2`, or nothing.
 */
import { Conv2d } from './conv2d.js'
import { lengthOf } from './intrinsics.js'
import type { ReadImage } from './read-image.js'
import { newElements, type Tensor } from './tensor.js'

/** The unit of rounding of a float32. */
export const unit = 2 ** -24

/** An image that is ready to be summed and correlated. */
export interface Centred {
  /** In the layout of the image: (sample - middle) * scale. */
  readonly samples: Float32Array
  /** [batch * planes][height][width][1]: high and low part of each channel, then those of the sum of their squares. */
  readonly planes: Tensor
  /** How far each sum over a window may be off, per image. */
  readonly errors: readonly number[]
}

/** A height and a width in pixels. */
export interface Size {
  readonly height: number
  readonly width: number
}

/** The planes of one image: two for each channel whose mean is removed, two for the squares. */
export function planesOf(channels: number, removesMean: boolean): number {
  return (removesMean ? 2 * channels : 0) + 2
}

/** The layer that sums planes over windows. */
export function boxLayer({ height, width }: Size): Conv2d {
  const ones = new Float32Array(height * width).fill(1)
  return new Conv2d({ filter: { data: ones, shape: [height, width, 1, 1] }, algorithm: 'separable' })
}

/** Makes samples and planes of every image of a batch, each with a middle and scale of its own. */
export function centre(scene: ReadImage, window: Size, removesMean: boolean): Centred {
  const { batch, height, width, channels } = scene.image
  const pixels = height * width
  const samples = newElements('scene', lengthOf(scene.data), 'float32') as Float32Array
  const planeElements = planesOf(channels, removesMean) * pixels
  const data = newElements('planes', batch * planeElements, 'float32') as Float32Array
  const errors: number[] = []
  for (let image = 0; image < batch; image++) {
    const planes = data.subarray(image * planeElements, (image + 1) * planeElements)
    errors.push(centreImage(scene, image, samples, planes, window, removesMean))
  }
  const shape = [batch * planesOf(channels, removesMean), height, width, 1]
  return { samples, planes: { data, shape }, errors }
}

/** One image of the batch, row by row; returns how far a sum over a window may be off. */
function centreImage(
  { data, image: { height, width, channels }, strides }: ReadImage,
  image: number,
  samples: Float32Array,
  planes: Float32Array,
  window: Size,
  removesMean: boolean,
): number {
  const pixels = height * width
  const { middles, scale } = measure(data, image * strides.image, strides, pixels, channels, removesMean)
  const grids = gridsFor(window)
  const values = new Float64Array(width)
  const energies = new Float64Array(width)
  let isExact = true
  for (let row = 0; row < height; row++) {
    energies.fill(0)
    for (let channel = 0; channel < channels; channel++) {
      const first = image * strides.image + row * width * strides.pixel + channel * strides.channel
      centreRow(data, first, strides.pixel, middles[channel]!, scale, samples, values, energies)
      if (removesMean && !split(values, grids, planes, 2 * channel * pixels + row * width, pixels))
        isExact = false
    }
    if (!split(energies, grids, planes, planes.length - 2 * pixels + row * width, pixels)) isExact = false
  }
  return isExact ? 0 : grids.error
}

/** Moves and scales a row of a channel, and adds its squares to the energies. */
function centreRow(
  data: ReadImage['data'],
  first: number,
  step: number,
  middle: number,
  scale: number,
  samples: Float32Array,
  values: Float64Array,
  energies: Float64Array,
): void {
  for (let column = 0, index = first; column < values.length; column++, index += step) {
    const sample = Math.fround((data[index]! - middle) * scale)
    samples[index] = sample
    values[column] = sample
    energies[column]! += sample * sample
  }
}

/** The steps on which parts of samples stand. */
interface Grids {
  /** Of the high part, and of a low part whose sum is exact. */
  readonly coarse: number
  readonly fine: number
  /** Of a sum of low parts that are not on the fine grid. */
  readonly error: number
}

function gridsFor({ height, width }: Size): Grids {
  const n = height * width
  const coarse = 2 ** Math.ceil(Math.log2(n)) * unit
  return { coarse, fine: (coarse * coarse) / 2, error: ((height + width + 1) * unit * n * coarse) / 2 }
}

/**
 * Parts a row of values in two, the high parts from `first` on and the low parts `pixels` further; tells whether all low
 * parts stand on the fine grid.
 */
function split(
  values: Float64Array,
  { coarse, fine }: Grids,
  planes: Float32Array,
  first: number,
  pixels: number,
): boolean {
  // Adding 1.5 * 2^52 steps leaves a double no bits for what is less than a step.
  const coarseSteps = 1.5 * 2 ** 52 * coarse
  const fineSteps = 1.5 * 2 ** 52 * fine
  let isExact = true
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    const above = value + coarseSteps - coarseSteps
    const below = value - above
    planes[first + index] = above
    planes[first + pixels + index] = below
    if (below + fineSteps - fineSteps !== below) isExact = false
  }
  return isExact
}

/**
 * The middle of each channel, and the scale under which no pixel's squares sum up to more than 1; of the samples that are
 * finite. Others stay what they are, and reach every sum whose window holds them.
 */
function measure(
  data: ReadImage['data'],
  first: number,
  strides: ReadImage['strides'],
  pixels: number,
  channels: number,
  removesMean: boolean,
): { readonly middles: Float64Array; readonly scale: number } {
  const middles = new Float64Array(channels)
  let squares = 0
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0
    let count = 0
    let least = Infinity
    let most = -Infinity
    for (let pixel = 0; pixel < pixels; pixel++) {
      const sample = data[first + pixel * strides.pixel + channel * strides.channel]!
      if (sample - sample !== 0) continue
      sum += sample
      count++
      if (sample < least) least = sample
      if (sample > most) most = sample
    }
    if (count === 0) continue
    if (removesMean) middles[channel] = least === most ? least : roundMiddle(sum / count, most - least)
    squares += Math.max(most - middles[channel]!, middles[channel]! - least) ** 2
  }
  return { middles, scale: squares === 0 ? 1 : 2 ** -Math.ceil(Math.log2(squares) / 2) }
}

/** To some 8 bits of the range of values: then the difference of a sample and the middle is exact for whole numbers. */
function roundMiddle(mean: number, range: number): number {
  const step = 2 ** (Math.ceil(Math.log2(range)) - 8)
  return Math.round(mean / step) * step
}
