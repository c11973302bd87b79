/** Whether a contender computes what it should, by the library's `reference` algorithm: the formula in doubles. */
import { Conv2d, tensor } from 'simdconv'
import { multiplications, outSize } from './layers.mjs'

/** @typedef {import('./layers.mjs').Layer} Layer */

/** Larger layers are checked in bands of rows: the first, some in the middle, the last. */
const affordableMultiplications = 1e8

/** Rows of the output of one image that are computed again.
 *
 * @typedef {object} Band
 * @property {number} start index of its first element in the whole output
 * @property {Float32Array} expected
 * @property {Float32Array} magnitude sum |x * w| of each element
 */

/**
 * @param {Layer} layer
 * @param {{ input: Float32Array, filter: Float32Array }} data
 * @param {'constant' | 'edge'} border
 * @returns {Band[]}
 */
export function referenceBands(layer, data, border) {
  const absolute = { input: data.input.map(Math.abs), filter: data.filter.map(Math.abs) }
  const [outHeight, outWidth] = outSize(layer)
  return chooseRows(layer).map(({ image, from, to }) => ({
    start: (image * outHeight + from) * outWidth * layer.outChannels,
    expected: convolveRows(layer, data, border, image, from, to),
    magnitude: convolveRows(layer, absolute, border, image, from, to),
  }))
}

/**
 * The largest error of an output, as a share of what the order of summation can explain: 2 terms eps sum |x * w|, or
 * one level for bytes. More than 1 is a mistake.
 *
 * @param {Layer} layer
 * @param {readonly Band[]} bands
 * @param {Float32Array | Uint8Array} output
 * @returns {number}
 */
export function largestError(layer, bands, output) {
  const [outHeight, outWidth] = outSize(layer)
  const expectedLength = layer.batch * outHeight * outWidth * layer.outChannels
  if (output.length !== expectedLength) return Infinity
  const terms = (layer.kernel[0] * layer.kernel[1] * layer.inChannels) / layer.groups
  const unit = terms * 2 ** -23 // 2 terms eps
  const isBytes = output instanceof Uint8Array
  let worst = 0
  for (const { start, expected, magnitude } of bands) {
    for (let i = 0; i < expected.length; i++) {
      const error = Math.abs(output[start + i] - expected[i])
      const share = error === 0 ? 0 : error / (isBytes ? 1 : unit * magnitude[i])
      if (!(share <= worst)) worst = Number.isNaN(share) ? Infinity : share
    }
  }
  return worst
}

/**
 * @param {Layer} layer
 * @returns {{ image: number, from: number, to: number }[]}
 */
function chooseRows(layer) {
  const [outHeight] = outSize(layer)
  const total = multiplications(layer)
  if (total <= affordableMultiplications) {
    return Array.from({ length: layer.batch }, (_, image) => ({ image, from: 0, to: outHeight }))
  }
  const rows = Math.max(1, Math.floor((affordableMultiplications * layer.batch * outHeight) / total / 3))
  const middle = Math.floor((outHeight - rows) / 2)
  const last = layer.batch - 1
  return [
    { image: 0, from: 0, to: Math.min(rows, outHeight) },
    { image: Math.floor(last / 2), from: Math.max(middle, 0), to: Math.min(middle + rows, outHeight) },
    { image: last, from: Math.max(outHeight - rows, 0), to: outHeight },
  ]
}

/**
 * Rows of the output, from the rows of the image that they see.
 *
 * @param {Layer} layer
 * @param {{ input: Float32Array, filter: Float32Array }} data
 * @param {'constant' | 'edge'} border
 * @param {number} image
 * @param {number} from
 * @param {number} to
 * @returns {Float32Array}
 */
function convolveRows(layer, { input, filter }, border, image, from, to) {
  const { height, width, inChannels, outChannels, kernel, stride, pad, dilation, groups } = layer
  const first = from * stride[0] - pad[0]
  const last = (to - 1) * stride[0] - pad[0] + (kernel[0] - 1) * dilation[0]
  const top = Math.min(Math.max(first, 0), height - 1)
  const bottom = Math.max(Math.min(last, height - 1), 0)
  const rowLength = width * inChannels
  const start = image * height * rowLength
  const rows = input.subarray(start + top * rowLength, start + (bottom + 1) * rowLength)
  const conv = new Conv2d({
    filter: tensor(filter, [...kernel, inChannels / groups, outChannels]),
    strides: stride,
    dilations: dilation,
    groups,
    padding: { top: top - first, bottom: last - bottom, left: pad[1], right: pad[1] },
    border,
    algorithm: 'reference',
  })
  return conv.runSync(tensor(rows, [bottom - top + 1, width, inChannels])).data
}
