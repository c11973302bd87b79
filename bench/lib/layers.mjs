/** Layers as text: one line each, `name batch in out height width kernel stride pad dilation groups`. */
import { parseInteger, parseList, readList, listNames as namesIn, splitLine } from './lists.mjs'

/**
 * @typedef {readonly [height: number, width: number]} Pair
 *
 * @typedef {object} Layer
 * @property {string} name
 * @property {number} batch
 * @property {number} inChannels
 * @property {number} outChannels
 * @property {number} height of the image
 * @property {number} width of the image
 * @property {Pair} kernel
 * @property {Pair} stride
 * @property {Pair} pad zeros on each side of an axis
 * @property {Pair} dilation 1 is a dense kernel
 * @property {number} groups
 */

const fields = 'name batch in out height width kernel stride pad dilation groups'.split(' ')
const folder = new URL('../layers/', import.meta.url)

const grammar = { kind: 'layer', parse: parseLayer, describe: describeLayer }

/**
 * The names of all lists: `resnet50` is layers/resnet50.txt.
 *
 * @returns {string[]}
 */
export const listNames = () => namesIn(folder)

/**
 * Reads a list by its name.
 *
 * @param {string} name
 * @returns {Layer[]}
 */
export const readLayers = (name) => readList(folder, name, grammar)

/**
 * Parses a list.
 *
 * @param {string} text
 * @param {string} file for messages
 * @returns {Layer[]}
 */
export const parseLayers = (text, file = 'layers') => parseList(text, file, grammar)

/**
 * Parses one line.
 *
 * @param {string} line
 * @param {string} where for messages
 * @returns {Layer}
 */
export function parseLayer(line, where = 'layer') {
  const words = splitLine(line, fields, where)
  /** @param {string} field @param {number} minimum @returns {number} */
  const integer = (field, minimum) => parseInteger(field, words[field], minimum, where)
  /** @param {string} field @param {number} minimum @returns {Pair} */
  const pair = (field, minimum) => {
    const word = words[field]
    const match = /^(\d{1,6})(?:x(\d{1,6}))?$/.exec(word)
    const sizes = match && [Number(match[1]), Number(match[2] ?? match[1])]
    if (sizes?.every((size) => size >= minimum)) return /** @type {Pair} */ (/** @type {unknown} */ (sizes))
    throw new Error(`${where}: ${field} must be N or HxW, integers from ${minimum} to 999999, got "${word}"`)
  }
  /** @type {Layer} */
  const layer = {
    name: words.name,
    batch: integer('batch', 1),
    inChannels: integer('in', 1),
    outChannels: integer('out', 1),
    height: integer('height', 1),
    width: integer('width', 1),
    kernel: pair('kernel', 1),
    stride: pair('stride', 1),
    pad: pair('pad', 0),
    dilation: pair('dilation', 1),
    groups: integer('groups', 1),
  }
  for (const [field, channels] of /** @type {const} */ ([
    ['in', layer.inChannels],
    ['out', layer.outChannels],
  ])) {
    if (channels % layer.groups === 0) continue
    throw new Error(`${where}: groups ${layer.groups} must divide ${field} ${channels}`)
  }
  const [outHeight, outWidth] = outSize(layer)
  if (outHeight < 1 || outWidth < 1) {
    throw new Error(
      `${where}: the dilated kernel is larger than the padded image of ${layer.height}x${layer.width}`,
    )
  }
  return layer
}

/**
 * What a contender's process is given.
 *
 * @param {string} line
 * @param {(name: string) => Float32Array} read
 */
export const readJob = (line, read) => ({
  layer: parseLayer(line),
  input: read('input'),
  filter: read('filter'),
})

/**
 * A layer as its line, without its name.
 *
 * @param {Layer} layer
 * @returns {string}
 */
export function describeLayer(layer) {
  const { batch, inChannels, outChannels, height, width, kernel, stride, pad, dilation, groups } = layer
  const pairs = [kernel, stride, pad, dilation].map(([h, w]) => (h === w ? `${h}` : `${h}x${w}`))
  return [batch, inChannels, outChannels, height, width, ...pairs, groups].join(' ')
}

/**
 * Height and width of the output.
 *
 * @param {Layer} layer
 * @returns {Pair}
 */
export function outSize({ height, width, kernel, stride, pad, dilation }) {
  /** @param {number} length @param {0 | 1} axis @returns {number} */
  const along = (length, axis) => {
    const span = (kernel[axis] - 1) * dilation[axis] + 1
    return Math.floor((length + 2 * pad[axis] - span) / stride[axis]) + 1
  }
  return [along(height, 0), along(width, 1)]
}

/**
 * Multiplications, those with padded zeros included.
 *
 * @param {Layer} layer
 * @returns {number}
 */
export function multiplications(layer) {
  const [outHeight, outWidth] = outSize(layer)
  const perOutput = (layer.kernel[0] * layer.kernel[1] * layer.inChannels) / layer.groups
  return layer.batch * outHeight * outWidth * layer.outChannels * perOutput
}

/**
 * Whether image libraries can do it: one small kernel for each of at most 4 channels, the same size in and out.
 *
 * @param {Layer} layer
 * @returns {boolean}
 */
export function isImageFilter(layer) {
  const { batch, inChannels, outChannels, groups, kernel, stride, pad, dilation } = layer
  return (
    batch === 1 &&
    inChannels <= 4 &&
    inChannels === outChannels &&
    inChannels === groups &&
    kernel.every((size, axis) => size % 2 === 1 && pad[axis] === (size - 1) / 2) &&
    [...stride, ...dilation].every((step) => step === 1)
  )
}
