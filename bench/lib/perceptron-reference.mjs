/** Whether a contender computes what it should: the network in doubles, with the bound of the error in floats. */
import { multiplicationsOfPixel, pixelsOf } from './networks.mjs'

/** Larger networks are checked on some pixels: the first ones, some in the middle, the last ones. */
const affordableMultiplications = 3e7

const epsilon = 2 ** -24

/**
 * @typedef {{ from: number, to: number }} Pixels of all images of the batch
 *
 * @typedef {object} Reference
 * @property {number} start index of its first element in the whole output
 * @property {Float64Array} expected
 * @property {Float64Array} bound of the error of each element
 */

/**
 * @param {import('./networks.mjs').Network} network
 * @returns {Pixels[]}
 */
export function choosePixels(network) {
  const all = pixelsOf(network)
  const affordable = Math.floor(affordableMultiplications / multiplicationsOfPixel(network))
  if (all <= affordable) return [{ from: 0, to: all }]
  const some = Math.ceil(affordable / 3)
  return [0, Math.floor((all - some) / 2), all - some].map((from) => ({ from, to: from + some }))
}

/**
 * The formula, and how far the order of summation can lead away from it: by 2 terms eps sum |x w| in each layer, where
 * the bias is a term; and by the weighted sum of how far its inputs are away. No activation here magnifies that.
 *
 * @param {readonly import('./networks.mjs').Dense[]} layers
 * @param {Float32Array} input [pixels][channels]
 * @param {Pixels} pixels
 * @returns {Reference}
 */
export function referenceOf(layers, input, { from, to }) {
  const [channels, outs] = [layers[0].ins, layers[layers.length - 1].outs]
  const expected = new Float64Array((to - from) * outs)
  const bound = new Float64Array(expected.length)
  for (let pixel = from; pixel < to; pixel++) {
    const given = Float64Array.from(input.subarray(pixel * channels, (pixel + 1) * channels))
    const result = layers.reduce(through, { values: given, errors: new Float64Array(channels) })
    expected.set(result.values, (pixel - from) * outs)
    bound.set(result.errors, (pixel - from) * outs)
  }
  return { start: from * outs, expected, bound }
}

/**
 * @param {{ values: Float64Array, errors: Float64Array }} given
 * @param {import('./networks.mjs').Dense} layer
 */
function through({ values, errors }, { ins, outs, weights, bias, activation }) {
  const sums = Float64Array.from(bias)
  const magnitudes = sums.map(Math.abs)
  const inherited = new Float64Array(outs)
  for (let i = 0, w = 0; i < ins; i++) {
    for (let o = 0; o < outs; o++, w++) {
      const product = weights[w] * values[i]
      sums[o] += product
      magnitudes[o] += Math.abs(product)
      inherited[o] += Math.abs(weights[w]) * errors[i]
    }
  }
  const unit = 2 * (ins + 1) * epsilon
  const outErrors = inherited.map((error, o) => error + unit * (magnitudes[o] + error))
  return { values: activation === 'relu' ? sums.map((sum) => Math.max(sum, 0)) : sums, errors: outErrors }
}

/**
 * The largest error of an output, as a share of its bound. More than 1 is a mistake.
 *
 * @param {import('./networks.mjs').Network} network
 * @param {readonly Reference[]} references
 * @param {Float32Array} output [pixels][channels]
 * @returns {number}
 */
export function largestError(network, references, output) {
  if (output.length !== pixelsOf(network) * network.widths[network.widths.length - 1]) return Infinity
  let worst = 0
  for (const { start, expected, bound } of references) {
    for (let i = 0; i < expected.length; i++) {
      const share = Math.abs(output[start + i] - expected[i]) / bound[i]
      if (!(share <= worst)) worst = Number.isNaN(share) ? Infinity : share
    }
  }
  return worst
}
