/**
 * One layer with each policy, in turns: one process, one image and one output for all, so that nothing differs but the
 * border.
 */
import { Conv2d, tensor } from 'simdconv'
import { policies } from './border-policies.mjs'
import { makeData } from './data.mjs'
import { fittingIterations, optionsOf, time, turnsOf } from './in-turns.mjs'

/**
 * @typedef {object} BorderResult
 * @property {import('./layers.mjs').Layer} layer
 * @property {string} kernel that was chosen
 * @property {number} iterations in each round
 * @property {number[]} peak FLOP/s of one thread, round by round
 * @property {{ policy: string, seconds: number[] }[]} measured for one convolution, round by round
 */

/**
 * @param {import('./layers.mjs').Layer} layer
 * @param {((milliseconds: number) => Promise<number>) | undefined} measurePeak
 * @param {{ rounds: number, milliseconds: number }} settings
 * @param {() => void} onStep called rounds times
 * @returns {Promise<BorderResult>}
 */
export async function measureBorders(layer, measurePeak, { rounds, milliseconds }, onStep) {
  const { input, filter } = makeData(layer)
  const image = tensor(input, [layer.batch, layer.height, layer.width, layer.inChannels])
  const convs = policies.map(({ border }) => new Conv2d({ ...optionsOf(layer, filter), border }))
  const output = new Float32Array(
    convs[0].outputShape(image.shape).reduce((product, size) => product * size, 1),
  )
  const runs = convs.map((conv) => () => conv.runSync(image, { output }))
  const check = checker(layer, { input, filter })
  for (const [index, run] of runs.entries()) {
    run()
    check(policies[index], output)
  }

  const iterations = fittingIterations(runs[0], milliseconds)
  /** @type {BorderResult} */
  const result = {
    layer,
    kernel: convs[0].describe(image.shape).kernel,
    iterations,
    peak: [],
    measured: policies.map(({ name }) => ({ policy: name, seconds: [] })),
  }
  for (let round = 0; round < rounds; round++) {
    if (measurePeak) result.peak.push(await measurePeak(milliseconds))
    for (const index of turnsOf(runs.length, round)) {
      result.measured[index].seconds.push(time(runs[index], iterations) / iterations)
    }
    onStep()
  }
  return result
}

/**
 * Compares outputs with the formula in doubles, within the largest 2 terms eps sum |x * w| of the layer.
 *
 * @param {import('./layers.mjs').Layer} layer
 * @param {{ input: Float32Array, filter: Float32Array }} data
 * @returns {(policy: import('./border-policies.mjs').Policy, output: Float32Array) => void}
 */
function checker(layer, { input, filter }) {
  const shape = [layer.batch, layer.height, layer.width, layer.inChannels]
  /** @param {Float32Array} x @param {Float32Array} w @param {import('simdconv').Border} border */
  const reference = (x, w, border) =>
    new Conv2d({ ...optionsOf(layer, w), border, algorithm: 'reference' }).runSync(tensor(x, shape)).data
  const magnitudes = reference(input.map(Math.abs), filter.map(Math.abs), 'edge')
  const terms = (layer.kernel[0] * layer.kernel[1] * layer.inChannels) / layer.groups
  const bound = terms * 2 ** -23 * magnitudes.reduce((largest, value) => Math.max(largest, value))
  return ({ name, border }, output) => {
    const expected = reference(input, filter, border)
    const mistake = output.findIndex((value, i) => !(Math.abs(value - expected[i]) <= bound))
    if (mistake < 0) return
    throw new Error(
      `${layer.name}, ${name}: element ${mistake} is ${output[mistake]}, expected ${expected[mistake]}`,
    )
  }
}
