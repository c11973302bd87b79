import { configure, Conv2d, info, tensor } from 'simdconv'
import { Cannot } from '../lib/cannot.mjs'
import { isImageFilter } from '../lib/layers.mjs'

export const how = 'Conv2d.runSync from bytes into a reused output of bytes; channels innermost'

/**
 * @param {import('../lib/child.mjs').Job} job
 * @returns {import('../lib/child.mjs').Prepared}
 */
export function prepare({ layer, input, filter, threads }) {
  const { height, width, inChannels, outChannels, kernel, pad, groups } = layer
  if (!isImageFilter(layer)) throw new Cannot('its image is no image of bytes')
  configure({ threads })
  const conv = new Conv2d({
    filter: tensor(filter, [...kernel, inChannels / groups, outChannels]),
    groups,
    padding: { top: pad[0], bottom: pad[0], left: pad[1], right: pad[1] },
    inputType: 'uint8',
    outputType: 'uint8',
  })
  const image = tensor(Uint8Array.from(input), [height, width, inChannels])
  const { kernel: chosen } = conv.describe(image.shape)
  const options = { output: conv.runSync(image).data }
  return {
    details: { version: info().version, kernel: chosen, numbers: 'u8' },
    run: () => void conv.runSync(image, options),
    output: () => options.output,
  }
}
