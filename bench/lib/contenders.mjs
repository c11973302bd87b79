/** Who can take part: one file each in contenders/. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.mjs'
import { Peer } from './peer.mjs'

/**
 * What a contender tells when it is ready, beside what is its own.
 *
 * @typedef {object} Details
 * @property {string} version
 * @property {'f32' | 'u8'} [numbers] of image and result; default f32
 * @property {'constant' | 'edge'} [border] when it has no choice; default constant
 * @property {string} [kernel] that it chose
 *
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} how it is measured, in one sentence
 * @property {import('./compile.mjs').Program} [program] instead of JavaScript
 * @property {readonly string[]} [programArguments]
 */

const folder = new URL('../contenders/', import.meta.url)

/** The names of all contenders. */
export const contenderNames = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -'.mjs'.length))
  .sort()

/**
 * @param {string} name
 * @returns {Promise<Contender>}
 */
export async function readContender(name) {
  if (!contenderNames.includes(name)) {
    throw new Error(`no contender "${name}"; there are ${contenderNames.join(', ')}`)
  }
  const { how, program, programArguments } = await import(new URL(`${name}.mjs`, folder).href)
  return { name, how, program, programArguments }
}

/**
 * Starts a process of its own for a contender with a layer.
 *
 * @param {Contender} contender
 * @param {string} directory with input.f32 and filter.f32
 * @param {string} line of the layer
 * @param {number} threads
 * @returns {Peer}
 * @throws {import('./cannot.mjs').Cannot} when its program cannot be compiled
 */
export function startContender({ name, program, programArguments = [] }, directory, line, threads) {
  const environment = { OMP_NUM_THREADS: `${threads}`, SIMDCONV_THREADS: `${threads}` }
  const common = [directory, line, `${threads}`]
  if (program) return new Peer(compile(program), [...common, ...programArguments], environment)
  const child = fileURLToPath(new URL('child.mjs', import.meta.url))
  return new Peer(process.execPath, [child, name, ...common], environment)
}
