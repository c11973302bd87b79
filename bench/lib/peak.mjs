/** The FMA peak of one thread: what no convolution without shortcuts can pass. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { compile } from './compile.mjs'

const run = promisify(execFile)

/**
 * Compiles the program and gives a function that measures.
 *
 * @param {string} isa
 * @returns {(milliseconds: number) => Promise<number>} in FLOP/s
 * @throws {import('./cannot.mjs').Cannot}
 */
export function peakMeter(isa) {
  const program = compile({ source: 'fma_peak.cc' })
  return async (milliseconds) => {
    const { stdout } = await run(program, [isa, `${milliseconds / 1000}`])
    return Number(stdout) * 1e9
  }
}
