/** One layer with each algorithm between which the image decides, in turns. */
import { Conv2d, tensor } from 'simdconv'
import { makeData } from './data.mjs'
import { fittingIterations, optionsOf, time, turnsOf } from './in-turns.mjs'

/**
 * @typedef {object} AlgorithmResult
 * @property {import('./layers.mjs').Layer} layer
 * @property {string} chosen
 * @property {{ algorithm: string, predicted: number, seconds: number[] }[]} measured seconds for one convolution:
 * predicted, and round by round
 */

/**
 * @param {import('./layers.mjs').Layer} layer
 * @param {{ rounds: number, milliseconds: number, accuracy: import('simdconv').Accuracy, all: boolean }} settings
 * @param {() => void} onStep called rounds times
 * @returns {AlgorithmResult | undefined} where several algorithms compete
 */
export function measureAlgorithms(layer, { rounds, milliseconds, accuracy, all }, onStep) {
  const { input, filter } = makeData(layer)
  const options = { ...optionsOf(layer, filter), accuracy }
  const image = tensor(input, [layer.batch, layer.height, layer.width, layer.inChannels])
  const { algorithm: chosen, candidates, outputShape } = new Conv2d(options).describe(image.shape)
  const output = new Float32Array(outputShape.reduce((product, size) => product * size, 1))
  const contenders = candidates.flatMap(({ name, predictedMilliseconds }) => {
    if (predictedMilliseconds === undefined && !all) return []
    const conv = forced(options, name)
    const predicted = conv && predictionOf(conv, name, image.shape)
    if (conv === undefined || predicted === undefined) return []
    const run = () => conv.runSync(image, { output })
    const iterations = fittingIterations(run, milliseconds)
    return [
      {
        algorithm: name,
        predicted: predicted / 1000,
        run,
        iterations,
        seconds: /** @type {number[]} */ ([]),
      },
    ]
  })
  if (contenders.length < 2) return undefined
  for (let round = 0; round < rounds; round++) {
    for (const index of turnsOf(contenders.length, round)) {
      const { run, iterations, seconds } = contenders[index]
      seconds.push(time(run, iterations) / iterations)
    }
    onStep()
  }
  const measured = contenders.map(({ algorithm, predicted, seconds }) => ({ algorithm, predicted, seconds }))
  return { layer, chosen, measured }
}

/**
 * The layer with an algorithm that would perhaps not be chosen for it; none where it cannot do the layer.
 *
 * @param {import('simdconv').Conv2dOptions} options
 * @param {string} name
 * @returns {Conv2d | undefined}
 */
function forced(options, name) {
  try {
    return new Conv2d({ ...options, algorithm: /** @type {import('simdconv').Algorithm} */ (name) })
  } catch (error) {
    if (/** @type {{ code?: unknown }} */ (error).code !== 'ERR_CONV_ALGORITHM') throw error
    return undefined
  }
}

/**
 * @param {Conv2d} conv
 * @param {string} name of its algorithm
 * @param {readonly number[]} shape
 * @returns {number | undefined} milliseconds
 */
function predictionOf(conv, name, shape) {
  return conv.describe(shape).candidates.find((candidate) => candidate.name === name)?.predictedMilliseconds
}
