/** What the benchmarks share that compare simdconv with itself: layers in one process, in turns. */
import { tensor } from 'simdconv'

/**
 * The options of a layer, but for its border.
 *
 * @param {import('./layers.mjs').Layer} layer
 * @param {Float32Array} filter
 * @returns {import('simdconv').Conv2dOptions}
 */
export function optionsOf({ inChannels, outChannels, kernel, stride, pad, dilation, groups }, filter) {
  return {
    filter: tensor(filter, [...kernel, inChannels / groups, outChannels]),
    strides: stride,
    dilations: dilation,
    groups,
    padding: { top: pad[0], bottom: pad[0], left: pad[1], right: pad[1] },
  }
}

/**
 * Seconds for a number of runs, after one that is not counted.
 *
 * @param {() => void} run
 * @param {number} count
 * @returns {number}
 */
export function time(run, count) {
  run()
  const start = process.hrtime.bigint()
  for (let i = 0; i < count; i++) run()
  return Number(process.hrtime.bigint() - start) / 1e9
}

/** @param {() => void} run @param {number} milliseconds @returns {number} */
export function fittingIterations(run, milliseconds) {
  const seconds = milliseconds / 1000
  let count = 1
  while (time(run, count) < seconds / 2) count *= 2
  return Math.max(1, Math.round((count * seconds) / time(run, count)))
}

/**
 * Each once, another first in each round.
 *
 * @param {readonly unknown[]} contenders
 * @param {number} round
 * @param {(index: number) => void} take
 */
export function takeTurns(contenders, round, take) {
  for (let turn = 0; turn < contenders.length; turn++) take((round + turn) % contenders.length)
}
