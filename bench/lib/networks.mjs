/** Networks as text: one line each, `name batch height width widths activation`. */
import { listNames as namesIn, parseInteger, readList, splitLine } from './lists.mjs'

/**
 * A perceptron that runs on every pixel.
 *
 * @typedef {object} Network
 * @property {string} name
 * @property {number} batch
 * @property {number} height
 * @property {number} width
 * @property {readonly number[]} widths channels of the image, of what each hidden layer gives, of the result
 * @property {'relu' | 'none'} activation of all layers but the last
 *
 * @typedef {object} Dense
 * @property {number} ins
 * @property {number} outs
 * @property {Float32Array} weights [in][out]
 * @property {Float32Array} bias
 * @property {'relu' | 'none'} activation
 */

const fields = 'name batch height width widths activation'.split(' ')
const activations = /** @type {const} */ (['relu', 'none'])
const folder = new URL('../networks/', import.meta.url)
const grammar = { kind: 'network', parse: parseNetwork, describe: describeNetwork }

/**
 * The names of all lists: `mlp` is networks/mlp.txt.
 *
 * @returns {string[]}
 */
export const listNames = () => namesIn(folder)

/**
 * Reads a list by its name.
 *
 * @param {string} name
 * @returns {Network[]}
 */
export const readNetworks = (name) => readList(folder, name, grammar)

/**
 * Parses one line.
 *
 * @param {string} line
 * @param {string} where for messages
 * @returns {Network}
 */
export function parseNetwork(line, where = 'network') {
  const words = splitLine(line, fields, where)
  /** @param {string} field @param {string} word */
  const integer = (field, word) => parseInteger(field, word, 1, where)
  const widths = words.widths.split('-').map((word) => integer('widths', word))
  if (widths.length < 2) {
    throw new Error(`${where}: widths must be those of the image and of a layer at least, as in 3-16-3`)
  }
  const activation = activations.find((name) => name === words.activation)
  if (!activation) {
    throw new Error(`${where}: activation must be ${activations.join(' or ')}, got "${words.activation}"`)
  }
  return {
    name: words.name,
    batch: integer('batch', words.batch),
    height: integer('height', words.height),
    width: integer('width', words.width),
    widths,
    activation,
  }
}

/**
 * A network as its line, without its name.
 *
 * @param {Network} network
 * @returns {string}
 */
export function describeNetwork({ batch, height, width, widths, activation }) {
  return [batch, height, width, widths.join('-'), activation].join(' ')
}

/**
 * What a contender's process is given.
 *
 * @param {string} line
 * @param {(name: string) => Float32Array} read
 */
export function readJob(line, read) {
  const network = parseNetwork(line)
  return { network, input: read('input'), layers: denseLayers(network, read('parameters')) }
}

/**
 * The layers of a network.
 *
 * @param {Network} network
 * @param {Float32Array} parameters of each layer the weights, then the bias
 * @returns {Dense[]}
 */
export function denseLayers({ widths, activation }, parameters) {
  let start = 0
  /** @param {number} length */
  const take = (length) => parameters.subarray(start, (start += length))
  return widths.slice(1).map((outs, index) => ({
    ins: widths[index],
    outs,
    weights: take(widths[index] * outs),
    bias: take(outs),
    activation: index === widths.length - 2 ? 'none' : activation,
  }))
}

/** @param {Network} network @returns {number} */
export const pixelsOf = ({ batch, height, width }) => batch * height * width

/** @param {Network} network @returns {number} of one pixel */
export const multiplicationsOfPixel = ({ widths }) =>
  widths.slice(1).reduce((sum, outs, index) => sum + widths[index] * outs, 0)
