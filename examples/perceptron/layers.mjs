/** A trained network as the layers of a PixelMlp. */
import { tensor } from 'simdconv'

/**
 * A network that was trained on numbers from 0 to 1 runs on bytes with `inScale` 1 / 255, and gives bytes with `outScale`
 * 255: the scales are part of the first and of the last weights, so they cost nothing.
 */
export function layersOf({ layers }, { inScale = 1, outScale = 1 } = {}) {
  return layers.map(({ weights, bias }, index) => {
    const [isFirst, isLast] = [index === 0, index === layers.length - 1]
    const after = isLast ? outScale : 1
    const scale = (isFirst ? inScale : 1) * after
    return {
      weights: tensor(
        weights.map((weight) => weight * scale),
        [weights.length / bias.length, bias.length],
      ),
      bias: bias.map((value) => value * after),
      activation: isLast ? 'none' : 'relu',
    }
  })
}
