/** The command line of the benchmarks. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** npm runs scripts in the folder of the package; files are relative to where the user is. */
const home = process.env.INIT_CWD ?? process.cwd()

/**
 * @template {Readonly<Record<string, { type: 'string' | 'boolean', default?: string }>>} T
 * @param {T} options
 * @returns {Partial<Record<keyof T, string>>}
 */
export function readOptions(options) {
  const { values } = parseArgs({ options })
  return /** @type {Partial<Record<keyof T, string>>} */ (values)
}

/**
 * @param {string} name
 * @param {string | undefined} word
 * @returns {number}
 */
export function positiveInteger(name, word = '') {
  if (/^[1-9]\d{0,5}$/.test(word)) return Number(word)
  throw new Error(`--${name} must be an integer from 1 to 999999, got "${word}"`)
}

/** @param {string} file @returns {string} */
export const userPath = (file) => resolve(home, file)

/**
 * Runs a program; what its user did wrong is one line.
 *
 * @param {() => Promise<void>} program
 */
export async function run(program) {
  try {
    await program()
  } catch (error) {
    console.error(process.env.DEBUG ? error : `bench: ${/** @type {Error} */ (error).message}`)
    process.exitCode = 1
  }
}
