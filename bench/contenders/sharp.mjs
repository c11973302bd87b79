import { Cannot, load } from '../lib/cannot.mjs'
import { isImageFilter } from '../lib/layers.mjs'

export const how = 'sharp.convolve, bytes in a buffer to bytes in a new buffer; its borders repeat the edge'

/**
 * @param {import('../lib/child.mjs').Job} job
 * @returns {Promise<import('../lib/child.mjs').Prepared>}
 */
export async function prepare({ layer, input, filter, threads }) {
  const { height, width, inChannels: channels, kernel } = layer
  if (!isImageFilter(layer)) throw new Cannot('it does image filters alone')
  if (channels === 2 || channels === 4) throw new Cannot('its second and fourth channels are transparency')
  const { default: sharp } = await load('sharp')
  sharp.concurrency(threads)
  sharp.cache(false)
  const bytes = Uint8Array.from(input)
  const weights = Array.from({ length: kernel[0] * kernel[1] }, (_, tap) => filter[tap * channels])
  /** @type {Uint8Array} */
  let result
  return {
    details: { version: sharp.versions.sharp, numbers: 'u8', border: 'edge' },
    run: async () => {
      result = await sharp(bytes, { raw: { width, height, channels } })
        .convolve({ width: kernel[1], height: kernel[0], kernel: weights, scale: 1 })
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .raw()
        .toBuffer()
    },
    output: () => result,
  }
}
