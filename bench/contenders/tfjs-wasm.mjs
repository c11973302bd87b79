import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { Cannot, load } from '../lib/cannot.mjs'

export const how =
  'TensorFlow.js, WebAssembly backend: conv2d or depthwiseConv2d to a new tensor, disposed of; nothing is copied out'

/**
 * @param {import('../lib/child.mjs').Job} job
 * @returns {Promise<import('../lib/child.mjs').Prepared>}
 */
export async function prepare({ layer, input, filter, threads }) {
  const { batch, height, width, inChannels, outChannels, kernel, stride, pad, dilation, groups } = layer
  const isDepthwise = groups === inChannels && groups > 1
  if (groups > 1 && !isDepthwise) throw new Cannot('it has no groups')
  if (isDepthwise && Math.max(...stride) > 1 && Math.max(...dilation) > 1) {
    throw new Cannot('it has no depthwise layers with strides and dilations')
  }
  const tf = await load('@tensorflow/tfjs-core')
  const wasm = await load('@tensorflow/tfjs-backend-wasm')
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')
  wasm.setWasmPaths(dirname(main) + sep)
  wasm.setThreadsCount(threads)
  await tf.setBackend('wasm')
  await tf.ready()

  const image = tf.tensor4d(input, [batch, height, width, inChannels])
  const convolve = isDepthwise ? tf.depthwiseConv2d : tf.conv2d
  // For depthwise layers out is [in][multiplier], which is our order of output channels too.
  const weights = tf.tensor4d(
    filter,
    isDepthwise ? [...kernel, inChannels, outChannels / inChannels] : [...kernel, inChannels, outChannels],
  )
  const sides = [
    [0, 0],
    [pad[0], pad[0]],
    [pad[1], pad[1]],
    [0, 0],
  ]
  const forward = () => convolve(image, weights, stride, sides, 'NHWC', dilation)
  return {
    details: { version: wasm.version_wasm },
    run: () => forward().dispose(),
    output: () => forward().dataSync(),
  }
}
