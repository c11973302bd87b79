/** The numbers that all contenders convolve. */
import { isImageFilter } from './layers.mjs'

/** @typedef {import('./layers.mjs').Layer} Layer */

/**
 * An image (batch x height x width x channels) and a filter (kernel height x kernel width x in x out) for a layer: the
 * same on every machine. An image filter gets whole numbers from 0 to 255 and weights with the sum 1, one kernel for
 * all channels, so that contenders on bytes can take part; any other layer gets numbers from -1 to 1.
 *
 * @param {Layer} layer
 * @returns {{ input: Float32Array, filter: Float32Array }}
 */
export function makeData(layer) {
  const { batch, height, width, inChannels, outChannels, kernel, groups } = layer
  const next = generator(1)
  const input = new Float32Array(batch * height * width * inChannels)
  const taps = kernel[0] * kernel[1]
  const filter = new Float32Array((taps * inChannels * outChannels) / groups)
  if (isImageFilter(layer)) {
    for (let i = 0; i < input.length; i++) input[i] = Math.floor(next() * 256)
    const weights = Array.from({ length: taps }, next)
    const sum = weights.reduce((total, weight) => total + weight, 0)
    for (let i = 0; i < filter.length; i++) filter[i] = weights[Math.floor(i / outChannels)] / sum
  } else {
    for (let i = 0; i < input.length; i++) input[i] = next() * 2 - 1
    for (let i = 0; i < filter.length; i++) filter[i] = next() * 2 - 1
  }
  return { input, filter }
}

/**
 * Numbers from 0 inclusive to 1 exclusive: the middle bits of a multiplicative sequence (Weyl, then mixed).
 *
 * @param {number} seed
 * @returns {() => number}
 */
export function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
    return ((bits ^ (bits >>> 15)) >>> 8) / 0x1000000
  }
}
