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
 * @property {number | undefined} ofBound what arithmetic or memory would take alone, the longer of the two, as a share
 * of the time; of contenders on floats
 * @property {number | undefined} timesFirst how many times the time of the first contender
 */

/**
 * @param {Result} result
 * @param {string} first contender that the others are compared with
 * @param {number} threads
 * @returns {Row[]}
 */
export function rowsOf(result, first, threads) {
  const { multiplications, memory, measured } = result
  const base = measured.find(({ contender }) => contender === first)
  const arithmetic = secondsOfArithmetic(result, threads)
  const bound = arithmetic.map((seconds, round) => Math.max(seconds, memory[round]))
  return measured.map(({ contender, details, seconds }) => ({
    contender,
    seconds: summarize(seconds),
    flops: (2 * multiplications) / median(seconds),
    ofPeak: arithmetic.length > 0 ? median(ratios(arithmetic, seconds)) : undefined,
    ofBound:
      bound.length > 0 && memory.length > 0 && details.numbers !== 'u8'
        ? median(ratios(bound, seconds))
        : undefined,
    timesFirst: base && median(ratios(seconds, base.seconds)),
  }))
}

/**
 * At the FMA peak, round by round.
 *
 * @param {Result} result
 * @param {number} threads
 */
const secondsOfArithmetic = ({ multiplications, peak }, threads) =>
  peak.map((flops) => (2 * multiplications) / flops / threads)

/**
 * What bounds a layer, and where that is memory, its bytes and the bandwidth that was measured.
 *
 * @param {Result} result
 * @param {number} threads
 * @returns {string}
 */
function boundOf(result, threads) {
  const { memory, traffic } = result
  const arithmetic = secondsOfArithmetic(result, threads)
  if (arithmetic.length === 0 || memory.length === 0) return ''
  if (median(ratios(memory, arithmetic)) < 1) return 'FMAs'
  const bytes = traffic.read + traffic.written
  return `${(bytes / 1e6).toPrecision(3)} MB at ${(bytes / median(memory) / 1e9).toPrecision(3)} GB/s`
}

/**
 * @param {readonly Result[]} results
 * @param {string} first
 * @param {number} threads
 * @returns {string}
 */
export function resultTable(results, first, threads) {
  const lines = results.flatMap((result) =>
    rowsOf(result, first, threads).map(
      ({ contender, seconds, flops, ofPeak, ofBound, timesFirst }, index) => [
        index === 0 ? result.subject.name : '',
        contender,
        milliseconds(seconds.median),
        milliseconds(seconds.minimum),
        milliseconds(seconds.lowerQuartile),
        milliseconds(seconds.upperQuartile),
        milliseconds(seconds.maximum),
        (flops / 1e9).toFixed(1),
        ofPeak?.toFixed(3) ?? '',
        ofBound?.toFixed(3) ?? '',
        timesFirst?.toFixed(2) ?? '',
        index === 0 ? boundOf(result, threads) : '',
      ],
    ),
  )
  const times = ['ms', 'min', '25%', '75%', 'max']
  const head = ['', 'contender', ...times, 'GFLOP/s', 'of peak', 'of bound', `x ${first}`, 'bound']
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
    const bounds = all.flatMap(({ ofBound }) => ofBound ?? [])
    const times = all.flatMap(({ timesFirst }) => timesFirst ?? [])
    return [
      name,
      `${all.length} of ${results.length}`,
      shares.length > 0 ? geometricMean(shares).toFixed(3) : '',
      shares.length > 0 ? Math.min(...shares).toFixed(3) : '',
      bounds.length > 0 ? geometricMean(bounds).toFixed(3) : '',
      bounds.length > 0 ? Math.min(...bounds).toFixed(3) : '',
      times.length > 0 ? geometricMean(times).toFixed(2) : '',
      times.length > 0 ? `${times.filter((ratio) => ratio < 1).length}` : '',
    ]
  })
  const head = [
    'contender',
    'done',
    'of peak, mean',
    'worst',
    'of bound, mean',
    'worst',
    `x ${names[0]}, mean`,
    'faster',
  ]
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
