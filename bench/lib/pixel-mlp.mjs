/** PixelMlp as a contender, with the image in either layout. */
import { configure, info, PixelMlp, tensor } from 'simdconv'
import { transpose } from './layouts.mjs'

/**
 * @param {import('./child.mjs').NetworkJob} job
 * @param {'nhwc' | 'nchw'} layout
 * @returns {import('./child.mjs').Prepared}
 */
export function preparePixelMlp({ network, input, layers, threads }, layout) {
  const { batch, height, width, widths } = network
  const [channels, outs] = [widths[0], widths[widths.length - 1]]
  configure({ threads })
  const mlp = new PixelMlp({
    layers: layers.map(({ ins, outs, weights, bias, activation }) => ({
      weights: tensor(weights, [ins, outs]),
      bias,
      activation,
    })),
    layout,
  })
  const image =
    layout === 'nhwc'
      ? tensor(input, [batch, height, width, channels])
      : tensor(transpose(input, height * width, channels), [batch, channels, height, width])
  const { kernel } = mlp.describe(image.shape)
  const options = { output: mlp.runSync(image).data }
  return {
    details: { version: info().version, kernel },
    run: () => void mlp.runSync(image, options),
    output: () => (layout === 'nhwc' ? options.output : transpose(options.output, outs, height * width)),
  }
}
