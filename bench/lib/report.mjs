/** What was measured, in words and figures. */
import { geometricMean, median, ratios, summarize } from './statistics.mjs'
import { table } from './table.mjs'

/**
 * @typedef {import('./measure.mjs').Result} Result
 *
 * @typedef {object} Row
 * @property {string} contender
 * @property {import('./statistics.mjs').Summary} seconds
 * @property {number} flops per second, padded zeros counted
 * @property {number | undefined} ofPeak share of the FMA peak of its threads
 * @property {number | undefined} timesFirst how many times the time of the first contender
 */

/**
 * @param {Result} result
 * @param {string} first contender that the others are compared with
 * @param {number} threads
 * @returns {Row[]}
 */
export function rowsOf({ multiplications, peak, measured }, first, threads) {
  const flop = 2 * multiplications
  const base = measured.find(({ contender }) => contender === first)
  return measured.map(({ contender, seconds }) => ({
    contender,
    seconds: summarize(seconds),
    flops: flop / median(seconds),
    ofPeak:
      peak.length > 0 ? median(seconds.map((time, round) => flop / time / peak[round] / threads)) : undefined,
    timesFirst: base && median(ratios(seconds, base.seconds)),
  }))
}

/**
 * @param {readonly Result[]} results
 * @param {string} first
 * @param {number} threads
 * @returns {string}
 */
export function resultTable(results, first, threads) {
  const lines = results.flatMap((result) =>
    rowsOf(result, first, threads).map(({ contender, seconds, flops, ofPeak, timesFirst }, index) => [
      index === 0 ? result.subject.name : '',
      contender,
      milliseconds(seconds.median),
      milliseconds(seconds.minimum),
      milliseconds(seconds.lowerQuartile),
      milliseconds(seconds.upperQuartile),
      milliseconds(seconds.maximum),
      (flops / 1e9).toFixed(1),
      ofPeak?.toFixed(3) ?? '',
      timesFirst?.toFixed(2) ?? '',
    ]),
  )
  const head = ['', 'contender', 'ms', 'min', '25%', '75%', 'max', 'GFLOP/s', 'of peak', `x ${first}`]
  return table(head, lines, 2)
}

/**
 * Geometric means, over what both a contender and the first have done.
 *
 * @param {readonly Result[]} results
 * @param {readonly string[]} names of the contenders; the others are compared with the first
 * @param {number} threads
 * @returns {string}
 */
export function meanTable(results, names, threads) {
  const rows = results.flatMap((result) => rowsOf(result, names[0], threads))
  const lines = names.map((name) => {
    const all = rows.filter(({ contender }) => contender === name)
    const shares = all.flatMap(({ ofPeak }) => ofPeak ?? [])
    const times = all.flatMap(({ timesFirst }) => timesFirst ?? [])
    return [
      name,
      `${all.length} of ${results.length}`,
      shares.length > 0 ? geometricMean(shares).toFixed(3) : '',
      shares.length > 0 ? Math.min(...shares).toFixed(3) : '',
      times.length > 0 ? geometricMean(times).toFixed(2) : '',
      times.length > 0 ? `${times.filter((ratio) => ratio < 1).length}` : '',
    ]
  })
  const head = ['contender', 'done', 'of peak, mean', 'worst', `x ${names[0]}, mean`, 'faster']
  return table(head, lines)
}

/**
 * Who did not take part, with the reason; one line for each reason.
 *
 * @param {readonly Result[]} results
 * @returns {string[]}
 */
export function absentLines(results) {
  /** @type {Map<string, { contender: string, reason: string, subjects: string[] }>} */
  const groups = new Map()
  for (const { subject, absent } of results) {
    for (const { contender, reason } of absent) {
      const key = `${contender} ${reason}`
      const group = groups.get(key) ?? { contender, reason, subjects: [] }
      group.subjects.push(subject.name)
      groups.set(key, group)
    }
  }
  return [...groups.values()].map(({ contender, reason, subjects }) => {
    const where = subjects.length === results.length ? 'all' : subjects.join(', ')
    return `${contender} is absent from ${where}: ${reason}`
  })
}

/**
 * The versions of all contenders that took part, beside simdconv.
 *
 * @param {readonly Result[]} results
 * @returns {string}
 */
export function versionsLine(results) {
  const versions = new Map(
    results.flatMap(({ measured }) => measured.map(({ contender, details }) => [contender, details.version])),
  )
  return [...versions].map(([contender, version]) => `${contender} ${version}`).join(', ')
}

/** @param {number} seconds @returns {string} */
const milliseconds = (seconds) => (seconds * 1000).toFixed(seconds < 0.001 ? 4 : seconds < 0.1 ? 3 : 1)
