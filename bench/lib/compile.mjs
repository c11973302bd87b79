/** Compiles the small C++ programs beside this package on demand, into build/. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Cannot } from './cannot.mjs'

/**
 * @typedef {object} Program
 * @property {string} source in native/
 * @property {readonly string[]} [flags] include folders and libraries
 * @property {string} [header] which the flags need
 * @property {string} [debian] the package that has it
 */

const compiler = process.env.CXX ?? 'g++'

/**
 * Gives the path of a program, compiled when it is not newer than its sources.
 *
 * @param {Program} program
 * @returns {string}
 * @throws {Cannot}
 */
export function compile({ source, flags = [], header, debian }) {
  const sources = fileURLToPath(new URL('../native/', import.meta.url))
  const build = fileURLToPath(new URL('../build/', import.meta.url))
  const target = build + source.replace(/\.cc$/, '')
  const changed = Math.max(...readdirSync(sources).map((file) => statSync(sources + file).mtimeMs))
  if ((statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0) > changed) return target
  mkdirSync(build, { recursive: true })
  try {
    execFileSync(compiler, ['-std=c++17', '-O3', '-o', target, sources + source, ...flags], { stdio: 'pipe' })
    return target
  } catch (error) {
    const { code, stderr = '' } = /** @type {NodeJS.ErrnoException & { stderr?: Buffer }} */ (error)
    if (code === 'ENOENT') throw new Cannot(`no C++ compiler: ${compiler} was not found`)
    const lines = String(stderr).split('\n')
    if (header && lines.some((line) => line.includes(`${header}: No such file`))) {
      throw new Cannot(`${header} was not found; on Debian: apt-get install ${debian}`)
    }
    throw new Cannot(
      `${source} does not compile: ${lines.find((line) => line.includes('error')) ?? lines[0]}`,
    )
  }
}
