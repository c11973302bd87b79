/** Who can take part: one file each in the folder of a discipline. */
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
 * @property {string} module its address
 * @property {string} how it is measured, in one sentence
 * @property {import('./compile.mjs').Program} [program] instead of JavaScript
 * @property {readonly string[]} [programArguments]
 */

/**
 * The names of all contenders in a folder.
 *
 * @param {URL} folder
 * @returns {string[]}
 */
export const contenderNames = (folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
    .sort()

/**
 * @param {URL} folder
 * @param {string} name
 * @returns {Promise<Contender>}
 */
export async function readContender(folder, name) {
  const names = contenderNames(folder)
  if (!names.includes(name)) throw new Error(`no contender "${name}"; there are ${names.join(', ')}`)
  const module = new URL(`${name}.mjs`, folder).href
  const { how, program, programArguments } = await import(module)
  return { name, module, how, program, programArguments }
}

/**
 * Starts a process of its own for a contender with one subject.
 *
 * @param {Contender} contender
 * @param {string} kind of the subject
 * @param {string} directory with the data of its task
 * @param {string} line of its task
 * @param {number} threads
 * @returns {Peer}
 * @throws {import('./cannot.mjs').Cannot} when its program cannot be compiled
 */
export function startContender(contender, kind, directory, line, threads) {
  const { module, program, programArguments = [] } = contender
  const environment = { OMP_NUM_THREADS: `${threads}`, SIMDCONV_THREADS: `${threads}` }
  const common = [directory, line, `${threads}`]
  if (program) return new Peer(compile(program), [...common, ...programArguments], environment)
  const child = fileURLToPath(new URL('child.mjs', import.meta.url))
  return new Peer(process.execPath, [child, kind, module, ...common], environment)
}
