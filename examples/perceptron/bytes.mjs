/** A network that was trained on numbers from 0 to 1, as the layers of a PixelMlp that sees bytes and gives bytes. */
import { tensor } from 'simdconv'

/** Bytes are 0 to 255: that scale is of the first weights and of what the last layer gives, so it costs nothing. */
export function layersForBytes({ layers }, { bytesOut = true } = {}) {
  return layers.map(({ weights, bias }, index) => {
    const isLast = index === layers.length - 1
    const [scaleIn, scaleOut] = [index === 0 ? 1 / 255 : 1, isLast && bytesOut ? 255 : 1]
    return {
      weights: tensor(
        weights.map((weight) => weight * scaleIn * scaleOut),
        [weights.length / bias.length, bias.length],
      ),
      bias: bias.map((value) => value * scaleOut),
      activation: isLast ? 'none' : 'relu',
    }
  })
}
