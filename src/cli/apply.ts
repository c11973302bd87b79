/** Filters as convolutions. */
import type { Border, Tensor } from '../index.js'
import { Conv2d, tensor } from '../index.js'
import type { Filter } from './filters.js'

/**
 * A filter as one depthwise layer: each channel is a group of its own, with one output channel per kernel.
 * Input [height][width][channels], output [height][width][channels * kernels], the kernels innermost.
 */
export function compileFilter(filter: Filter, channels: number, border: Border): Conv2d {
  const { kernels, divisor, offset } = filter
  const kernelHeight = kernels[0]!.length
  const kernelWidth = kernels[0]![0]!.length
  const outChannels = channels * kernels.length
  const weights = new Float32Array(kernelHeight * kernelWidth * outChannels)
  for (let y = 0; y < kernelHeight; y++) {
    for (let x = 0; x < kernelWidth; x++) {
      for (let out = 0; out < outChannels; out++) {
        const kernel = kernels[out % kernels.length]!
        weights[(y * kernelWidth + x) * outChannels + out] = kernel[y]![x]! / divisor
      }
    }
  }
  return new Conv2d({
    filter: tensor(weights, [kernelHeight, kernelWidth, 1, outChannels]),
    bias: new Float32Array(outChannels).fill(offset),
    groups: channels,
    padding: 'same',
    border,
  })
}

/** What a filter makes of the maps of its kernels: the map of one, the length of the vector of several. */
export function combineMaps(filter: Filter, maps: Tensor): Tensor {
  const count = filter.kernels.length
  if (count === 1) return maps
  const [height, width, mapChannels] = maps.shape as [number, number, number]
  const lengths = new Float32Array(maps.data.length / count)
  for (let index = 0; index < lengths.length; index++) {
    let squares = 0
    for (let map = 0; map < count; map++) squares += maps.data[index * count + map]! ** 2
    lengths[index] = Math.sqrt(squares)
  }
  return tensor(lengths, [height, width, mapChannels / count])
}
