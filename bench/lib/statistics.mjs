/** Medians, spread and means. */

/**
 * The value below which a fraction of the values lies, between neighbours by interpolation.
 *
 * @param {readonly number[]} values at least one
 * @param {number} fraction from 0 to 1
 * @returns {number}
 */
export function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b)
  const position = fraction * (sorted.length - 1)
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (position - below) * (sorted[above] - sorted[below])
}

/**
 * @param {readonly number[]} values
 * @returns {number}
 */
export const median = (values) => quantile(values, 0.5)

/**
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} minimum
 * @property {number} lowerQuartile
 * @property {number} upperQuartile
 * @property {number} maximum
 */

/**
 * @param {readonly number[]} values
 * @returns {Summary}
 */
export function summarize(values) {
  const [minimum, lowerQuartile, middle, upperQuartile, maximum] = [0, 0.25, 0.5, 0.75, 1].map((fraction) =>
    quantile(values, fraction),
  )
  return { median: middle, minimum, lowerQuartile, upperQuartile, maximum }
}

/**
 * Round by round, so that what slows a whole round down cancels.
 *
 * @param {readonly number[]} above
 * @param {readonly number[]} below
 * @returns {number[]}
 */
export const ratios = (above, below) => above.map((value, round) => value / below[round])

/**
 * @param {readonly number[]} values positive
 * @returns {number}
 */
export const geometricMean = (values) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
