/** What no contender can pass: the FMA peak, unless it takes a shortcut, and what memory takes for the bytes. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Cannot } from './cannot.mjs'
import { compile } from './compile.mjs'

/**
 * @typedef {object} Traffic
 * @property {number} read bytes, of the input and of the weights
 * @property {number} written bytes
 */

const run = promisify(execFile)

/**
 * Compiles the program and gives a function that measures the FMA peak of one thread, in FLOP/s; or prints why there is
 * none.
 *
 * @param {string} isa
 * @returns {((milliseconds: number) => Promise<number>) | undefined}
 */
export function peakMeterOrReason(isa) {
  const program = programOrReason('the FMA peak', { source: 'fma_peak.cc' })
  if (program === undefined) return undefined
  return async (milliseconds) => 1e9 * (await printedNumber(program, [isa, `${milliseconds / 1000}`]))
}

/**
 * The same for the seconds in which threads together read and write bytes once, from wherever so many bytes live.
 *
 * @param {number} threads
 * @returns {((traffic: Traffic, milliseconds: number) => Promise<number>) | undefined}
 */
export function trafficMeterOrReason(threads) {
  const program = programOrReason('the time of memory', { source: 'traffic.cc', flags: ['-pthread'] })
  if (program === undefined) return undefined
  return ({ read, written }, milliseconds) =>
    printedNumber(program, [`${read}`, `${written}`, `${threads}`, `${milliseconds / 1000}`])
}

/** @param {string} program @param {readonly string[]} parameters @returns {Promise<number>} */
async function printedNumber(program, parameters) {
  const { stdout } = await run(program, parameters)
  return Number(stdout)
}

/**
 * @param {string} what
 * @param {import('./compile.mjs').Program} program
 * @returns {string | undefined}
 */
function programOrReason(what, program) {
  try {
    return compile(program)
  } catch (error) {
    if (!(error instanceof Cannot)) throw error
    console.log(`${what} is absent: ${error.message}`)
    return undefined
  }
}
