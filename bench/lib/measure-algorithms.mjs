/** One layer with each algorithm between which the image decides, in turns. */
import { Conv2d, tensor } from 'simdconv'
import { makeData } from './data.mjs'
import { fittingIterations, optionsOf, takeTurns, time } from './in-turns.mjs'

/**
 * @typedef {object} AlgorithmResult
 * @property {import('./layers.mjs').Layer} layer
 * @property {string} chosen
 * @property {{ algorithm: string, predicted: number, seconds: number[] }[]} measured seconds for one convolution:
 * predicted, and round by round
 */

/**
 * @param {import('./layers.mjs').Layer} layer
 * @param {{ rounds: number, milliseconds: number, accuracy: import('simdconv').Accuracy }} settings
 * @param {() => void} onStep called rounds times
 * @returns {AlgorithmResult | undefined} where several algorithms compete
 */
export function measureAlgorithms(layer, { rounds, milliseconds, accuracy }, onStep) {
  const { input, filter } = makeData(layer)
  const options = { ...optionsOf(layer, filter), accuracy }
  const image = tensor(input, [layer.batch, layer.height, layer.width, layer.inChannels])
  const { algorithm: chosen, candidates, outputShape } = new Conv2d(options).describe(image.shape)
  const output = new Float32Array(outputShape.reduce((product, size) => product * size, 1))
  const contenders = candidates.flatMap(({ name, predictedMilliseconds }) => {
    if (predictedMilliseconds === undefined) return []
    const algorithm = /** @type {import('simdconv').Algorithm} */ (name)
    const conv = new Conv2d({ ...options, algorithm })
    const run = () => conv.runSync(image, { output })
    const iterations = fittingIterations(run, milliseconds)
    return [
      {
        algorithm,
        predicted: predictedMilliseconds / 1000,
        run,
        iterations,
        seconds: /** @type {number[]} */ ([]),
      },
    ]
  })
  if (contenders.length < 2) return undefined
  for (let round = 0; round < rounds; round++) {
    takeTurns(contenders, round, (index) => {
      const { run, iterations, seconds } = contenders[index]
      seconds.push(time(run, iterations) / iterations)
    })
    onStep()
  }
  const measured = contenders.map(({ algorithm, predicted, seconds }) => ({ algorithm, predicted, seconds }))
  return { layer, chosen, measured }
}
