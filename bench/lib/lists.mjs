/** Lists of what is measured, as text: a line each, its fields between spaces, `#` begins a comment. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * The names of all lists in a folder: `resnet50` is resnet50.txt.
 *
 * @param {URL} folder
 * @returns {string[]}
 */
export function listNames(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => file.slice(0, -'.txt'.length))
    .sort()
}

/**
 * How the lines of a list are read and written.
 *
 * @template {{ readonly name: string }} Subject
 * @typedef {object} Grammar
 * @property {string} kind for messages
 * @property {(line: string, where: string) => Subject} parse
 * @property {(subject: Subject) => string} describe all but its name
 */

/**
 * Reads a list by its name.
 *
 * @template {{ readonly name: string }} Subject
 * @param {URL} folder
 * @param {string} name
 * @param {Grammar<Subject>} grammar
 * @returns {Subject[]}
 */
export function readList(folder, name, grammar) {
  const names = listNames(folder)
  if (!names.includes(name)) {
    throw new Error(`no list of ${grammar.kind}s "${name}"; there are ${names.join(', ')}`)
  }
  return parseList(readFileSync(new URL(`${name}.txt`, folder), 'utf8'), `${name}.txt`, grammar)
}

/**
 * @template {{ readonly name: string }} Subject
 * @param {string} text
 * @param {string} file for messages
 * @param {Grammar<Subject>} grammar
 * @returns {Subject[]}
 */
export function parseList(text, file, { kind, parse, describe }) {
  /** @type {Map<string, number>} */
  const lineOf = new Map()
  const subjects = []
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim()
    if (words === '') continue
    const where = `${file}:${index + 1}`
    const subject = parse(words, where)
    // Two lines that differ in nothing but their name would be measured twice.
    for (const key of [`name "${subject.name}"`, `${kind} "${describe(subject)}"`]) {
      if (lineOf.has(key)) throw new Error(`${where}: ${key} is in line ${lineOf.get(key)} too`)
      lineOf.set(key, index + 1)
    }
    subjects.push(subject)
  }
  return subjects
}

/**
 * The words of a line, by the names of their fields.
 *
 * @param {string} line
 * @param {readonly string[]} fields
 * @param {string} where for messages
 * @returns {Record<string, string>}
 */
export function splitLine(line, fields, where) {
  const words = line.trim().split(/\s+/)
  if (words.length === fields.length)
    return Object.fromEntries(fields.map((field, index) => [field, words[index]]))
  throw new Error(`${where}: expected ${fields.length} fields (${fields.join(' ')}), got ${words.length}`)
}

/**
 * @param {string} field
 * @param {string} word
 * @param {number} minimum
 * @param {string} where for messages
 * @returns {number}
 */
export function parseInteger(field, word, minimum, where) {
  if (/^\d{1,6}$/.test(word) && Number(word) >= minimum) return Number(word)
  throw new Error(`${where}: ${field} must be an integer from ${minimum} to 999999, got "${word}"`)
}
