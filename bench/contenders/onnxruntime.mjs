import { outSize } from '../lib/layers.mjs'
import { hwioToOihw, transpose } from '../lib/layouts.mjs'
import { startSession } from '../lib/onnx-session.mjs'
import { convModel } from '../lib/onnx.mjs'

export const how =
  'onnxruntime-node: a model of one Conv, all optimizations, session.run into a reused output; channels outermost'

/**
 * @param {import('../lib/child.mjs').Job} job
 * @returns {Promise<import('../lib/child.mjs').Prepared>}
 */
export async function prepare({ layer, input, filter, threads }) {
  const { batch, height, width, inChannels, outChannels, kernel } = layer
  const [outHeight, outWidth] = outSize(layer)
  const model = convModel(layer, hwioToOihw(filter, kernel[0] * kernel[1], outChannels))
  const image = {
    data: transpose(input, height * width, inChannels),
    shape: [batch, inChannels, height, width],
  }
  const outputShape = [batch, outChannels, outHeight, outWidth]
  const { details, run, result } = await startSession(model, image, outputShape, threads)
  return { details, run, output: () => transpose(result, outChannels, outHeight * outWidth) }
}
