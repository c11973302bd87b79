/** From a map to one number a channel: is it anywhere, and how much of it is there? */
import { oneOf, options as readOptions } from './check.js'
import type { OwnFloats } from './element-type.js'
import { readImage, type AnyImage, type ReadImage } from './read-image.js'
import type { Layout } from './spec.js'
import { freezeTensor, type Result } from './tensor.js'

/** Options of globalMaxPool() and globalAveragePool(). */
export interface GlobalPoolOptions {
  /** Of the input. Default `nhwc`. */
  readonly layout?: Layout | undefined
}

/**
 * The largest value of each channel, wherever it is: "is it anywhere?".
 *
 * The input is batch x height x width x channels and the result batch x channels; without a batch it is channels. Bytes
 * become floats. A channel that holds NaN gives NaN.
 *
 * @throws what tensor() and Conv2d throw for images and options.
 * @example
 * globalMaxPool(tensor(Float32Array.of(1, 5, 7, 2), [1, 2, 2])).data // [7, 5]
 */
export function globalMaxPool(input: AnyImage, options: GlobalPoolOptions = {}): Result {
  return pool(input, options, (data, first, stride, end) => {
    let most = -Infinity
    for (let index = first; index < end; index += stride) {
      const value = data[index]!
      if (value > most) most = value
      else if (value !== value) return NaN
    }
    return most
  })
}

/**
 * The mean of each channel over height and width, summed up in double precision.
 *
 * The input is batch x height x width x channels and the result batch x channels; without a batch it is channels. Bytes
 * become floats.
 *
 * @throws what tensor() and Conv2d throw for images and options.
 * @example
 * globalAveragePool(tensor(Float32Array.of(1, 5, 7, 2), [1, 2, 2])).data // [4, 3.5]
 */
export function globalAveragePool(input: AnyImage, options: GlobalPoolOptions = {}): Result {
  return pool(input, options, (data, first, stride, end) => {
    let sum = 0
    for (let index = first; index < end; index += stride) sum += data[index]!
    return sum / ((end - first) / stride)
  })
}

/** Reduces the samples from `first` to before `end`, `stride` apart. */
type Reduce = (data: ReadImage['data'], first: number, stride: number, end: number) => number

function pool(input: unknown, options: unknown, reduce: Reduce): Result {
  const { layout: layoutName = 'nhwc' } = readOptions('options', options, ['layout'])
  const layout = oneOf('layout', layoutName, ['nhwc', 'nchw'])
  const { data, shape, image, strides } = readImage('input', input, layout)
  const { batch, height, width, channels } = image
  const pooled: OwnFloats = new Float32Array(batch * channels)
  for (let n = 0; n < batch; n++) {
    for (let channel = 0; channel < channels; channel++) {
      const first = n * strides.image + channel * strides.channel
      pooled[n * channels + channel] = reduce(
        data,
        first,
        strides.pixel,
        first + height * width * strides.pixel,
      )
    }
  }
  return freezeTensor(pooled, Object.freeze(shape.length === 3 ? [channels] : [batch, channels]))
}
