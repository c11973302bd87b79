/** The FMA peak of one thread: what no convolution without shortcuts can pass. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Cannot } from './cannot.mjs'
import { compile } from './compile.mjs'

const run = promisify(execFile)

/**
 * Compiles the program and gives a function that measures.
 *
 * @param {string} isa
 * @returns {(milliseconds: number) => Promise<number>} in FLOP/s
 * @throws {import('./cannot.mjs').Cannot}
 */
function peakMeter(isa) {
  const program = compile({ source: 'fma_peak.cc' })
  return async (milliseconds) => {
    const { stdout } = await run(program, [isa, `${milliseconds / 1000}`])
    return Number(stdout) * 1e9
  }
}

/**
 * The same, or a line that says why there is none.
 *
 * @param {string} isa
 * @returns {((milliseconds: number) => Promise<number>) | undefined}
 */
export function peakMeterOrReason(isa) {
  try {
    return peakMeter(isa)
  } catch (error) {
    if (!(error instanceof Cannot)) throw error
    console.log(`the FMA peak is absent: ${error.message}`)
    return undefined
  }
}
