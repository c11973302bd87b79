import { configure, Conv2d, info, tensor } from 'simdconv'

export const how = 'Conv2d.runSync into a reused output; channels innermost'

/**
 * @param {import('../lib/child.mjs').Job} job
 * @param {import('simdconv').Accuracy} [accuracy]
 * @returns {import('../lib/child.mjs').Prepared}
 */
export function prepare({ layer, input, filter, threads }, accuracy = 'high') {
  const { batch, height, width, inChannels, outChannels, kernel, stride, pad, dilation, groups } = layer
  configure({ threads })
  const conv = new Conv2d({
    filter: tensor(filter, [...kernel, inChannels / groups, outChannels]),
    strides: stride,
    dilations: dilation,
    groups,
    padding: { top: pad[0], bottom: pad[0], left: pad[1], right: pad[1] },
    accuracy,
  })
  const image = tensor(input, [batch, height, width, inChannels])
  const { kernel: chosen } = conv.describe(image.shape)
  const options = { output: conv.runSync(image).data }
  return {
    details: { version: info().version, kernel: chosen },
    run: () => void conv.runSync(image, options),
    output: () => options.output,
  }
}
