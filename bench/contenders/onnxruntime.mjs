import { load } from '../lib/cannot.mjs'
import { outSize } from '../lib/layers.mjs'
import { hwioToOihw, transpose } from '../lib/layouts.mjs'
import { convModel } from '../lib/onnx.mjs'

export const how =
  'onnxruntime-node: a model of one Conv, all optimizations, session.run into a reused output; channels outermost'

/**
 * @param {import('../lib/child.mjs').Job} job
 * @returns {Promise<import('../lib/child.mjs').Prepared>}
 */
export async function prepare({ layer, input, filter, threads }) {
  const { InferenceSession, Tensor, env } = await load('onnxruntime-node')
  const { batch, height, width, inChannels, outChannels, kernel } = layer
  const [outHeight, outWidth] = outSize(layer)
  const model = convModel(layer, hwioToOihw(filter, kernel[0] * kernel[1], outChannels))
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  })
  const image = transpose(input, height * width, inChannels)
  const result = new Float32Array(batch * outChannels * outHeight * outWidth)
  const feeds = { x: new Tensor('float32', image, [batch, inChannels, height, width]) }
  const fetches = { y: new Tensor('float32', result, [batch, outChannels, outHeight, outWidth]) }
  return {
    details: { version: env.versions.node },
    run: () => session.run(feeds, fetches),
    output: () => transpose(result, outChannels, outHeight * outWidth),
  }
}
