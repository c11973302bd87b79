import { transpose } from '../../lib/layouts.mjs'
import { startSession } from '../../lib/onnx-session.mjs'
import { pointwiseModel } from '../../lib/onnx.mjs'

export const how =
  'onnxruntime-node: a model of 1x1 Convs, all optimizations, session.run into a reused output; channels outermost'

/**
 * @param {import('../../lib/child.mjs').NetworkJob} job
 * @returns {Promise<import('../../lib/child.mjs').Prepared>}
 */
export async function prepare({ network, input, layers, threads }) {
  const { batch, height, width, widths } = network
  const [channels, outs] = [widths[0], widths[widths.length - 1]]
  const image = { data: transpose(input, height * width, channels), shape: [batch, channels, height, width] }
  const model = pointwiseModel(network, layers)
  const { details, run, result } = await startSession(model, image, [batch, outs, height, width], threads)
  return { details, run, output: () => transpose(result, outs, height * width) }
}
