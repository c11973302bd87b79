import { pixelsOf } from '../../lib/networks.mjs'
import { startSession } from '../../lib/onnx-session.mjs'
import { gemmModel } from '../../lib/onnx.mjs'

export const how =
  'onnxruntime-node: a model of Gemms on a matrix of all pixels, everything else the same; channels innermost'

/**
 * @param {import('../../lib/child.mjs').NetworkJob} job
 * @returns {Promise<import('../../lib/child.mjs').Prepared>}
 */
export async function prepare({ network, input, layers, threads }) {
  const [pixels, { widths }] = [pixelsOf(network), network]
  const image = { data: input, shape: [pixels, widths[0]] }
  const model = gemmModel(network, layers)
  const { details, run, result } = await startSession(
    model,
    image,
    [pixels, widths[widths.length - 1]],
    threads,
  )
  return { details, run, output: () => result }
}
