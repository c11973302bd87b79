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
 * Who takes which turn in a round: another is first in each, and when all have been, they go the other way round, so
 * that none always comes after the same one.
 *
 * @param {number} count of contenders
 * @param {number} round
 * @returns {number[]} of each contender once
 */
export function turnsOf(count, round) {
  const turns = Array.from({ length: count }, (_, turn) => (round + turn) % count)
  return Math.floor(round / count) % 2 === 0 ? turns : turns.reverse()
}
