import * as simdconv from './simdconv.mjs'

export const how = "The same with accuracy: 'exact', which adds nothing but products of the formula"

/**
 * @param {import('../lib/child.mjs').Job} job
 * @returns {import('../lib/child.mjs').Prepared}
 */
export function prepare(job) {
  return simdconv.prepare(job, 'exact')
}
