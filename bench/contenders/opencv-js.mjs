import { Cannot, load } from '../lib/cannot.mjs'
import { isImageFilter } from '../lib/layers.mjs'

export const how =
  'OpenCV in WebAssembly (@techstark/opencv-js): filter2D on floats into a reused matrix; nothing is copied out'

/**
 * @param {import('../lib/child.mjs').Job} job
 * @returns {Promise<import('../lib/child.mjs').Prepared>}
 */
export async function prepare({ layer, input, filter }) {
  const { height, width, inChannels: channels, kernel } = layer
  if (!isImageFilter(layer)) throw new Cannot('it does image filters alone')
  const { default: loaded } = await load('@techstark/opencv-js')
  const { cv } = await ready(loaded)
  const type = [cv.CV_32FC1, cv.CV_32FC2, cv.CV_32FC3, cv.CV_32FC4][channels - 1]
  const image = new cv.Mat(height, width, type)
  image.data32F.set(input)
  const weights = new cv.Mat(kernel[0], kernel[1], cv.CV_32FC1)
  weights.data32F.set(Array.from({ length: kernel[0] * kernel[1] }, (_, tap) => filter[tap * channels]))
  const result = new cv.Mat(height, width, type)
  const middle = new cv.Point(-1, -1)
  const version = /General configuration for OpenCV (\S+)/.exec(cv.getBuildInformation())?.[1] ?? 'unknown'
  return {
    details: { version },
    run: () => cv.filter2D(image, result, -1, weights, middle, 0, cv.BORDER_CONSTANT),
    output: () => result.data32F.slice(),
  }
}

/**
 * The module is ready when it calls back. It is handed over in an object because it has a method `then` that gives
 * the module again: a promise of it would never settle.
 *
 * @param {any} cv
 * @returns {Promise<{ cv: any }>}
 */
async function ready(cv) {
  if (!cv.Mat) await new Promise((resolve) => (cv.onRuntimeInitialized = () => resolve(undefined)))
  return { cv }
}
