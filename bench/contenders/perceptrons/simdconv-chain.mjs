import { configure, Conv2d, info, tensor } from 'simdconv'

export const how = 'a Conv2d of 1x1 for each layer, runSync into reused outputs; channels innermost'

/**
 * @param {import('../../lib/child.mjs').NetworkJob} job
 * @returns {import('../../lib/child.mjs').Prepared}
 */
export function prepare({ network, input, layers, threads }) {
  const { batch, height, width, widths } = network
  configure({ threads })
  /** @type {import('simdconv').Tensor} */
  let image = tensor(input, [batch, height, width, widths[0]])
  const steps = layers.map(({ ins, outs, weights, bias, activation }) => {
    const conv = new Conv2d({ filter: tensor(weights, [1, 1, ins, outs]), bias, activation })
    const step = { conv, image, output: conv.runSync(image) }
    image = step.output
    return step
  })
  const kernels = steps.map((step) => step.conv.describe(step.image.shape).kernel)
  return {
    details: { version: info().version, kernel: [...new Set(kernels)].join(', ') },
    run: () => {
      for (const step of steps) step.conv.runSync(step.image, { output: step.output.data })
    },
    output: () => image.data,
  }
}
