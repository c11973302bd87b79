/** ONNX models as the bytes of their protocol buffers. The numbers are the fields of onnx.proto. */
import { outSize } from './layers.mjs'
import { transpose } from './layouts.mjs'
import { pixelsOf } from './networks.mjs'

/** @typedef {Buffer} Bytes */

/** @param {number} value a non-negative integer @returns {Bytes} */
function varint(value) {
  const bytes = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

/** @param {number} field @param {number} value @returns {Bytes} */
const integer = (field, value) => Buffer.concat([varint(field * 8), varint(value)])

/** @param {number} field @param {Bytes | string} content @returns {Bytes} */
const bytes = (field, content) => {
  const body = Buffer.from(content)
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body])
}

/** @param {number} field @param {readonly Bytes[]} parts @returns {Bytes} */
const message = (field, ...parts) => bytes(field, Buffer.concat(parts))

const float = 1 // TensorProto.DataType
const [typeInteger, typeIntegers] = [2, 7] // AttributeProto.AttributeType

/** @param {string} name @param {readonly number[]} values @returns {Bytes} */
const integersAttribute = (name, values) =>
  message(5, bytes(1, name), ...values.map((value) => integer(8, value)), integer(20, typeIntegers))

/** @param {string} name @param {number} value @returns {Bytes} */
const integerAttribute = (name, value) =>
  message(5, bytes(1, name), integer(3, value), integer(20, typeInteger))

/** @param {number} field @param {string} name @param {readonly number[]} shape @returns {Bytes} */
const valueInfo = (field, name, shape) =>
  message(
    field,
    bytes(1, name),
    message(
      2,
      message(1, integer(1, float), message(2, ...shape.map((size) => message(1, integer(1, size))))),
    ),
  )

/**
 * An operation.
 *
 * @param {string} operator
 * @param {readonly string[]} inputs
 * @param {string} output
 * @param {readonly Bytes[]} attributes
 * @returns {Bytes}
 */
const node = (operator, inputs, output, ...attributes) =>
  message(1, ...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, operator), ...attributes)

/**
 * A constant.
 *
 * @param {string} name
 * @param {readonly number[]} shape
 * @param {Float32Array} data
 * @returns {Bytes}
 */
const constant = (name, shape, data) =>
  message(
    5,
    ...shape.map((size) => integer(1, size)),
    integer(2, float),
    bytes(8, name),
    bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  )

/**
 * A model from x to y.
 *
 * @param {readonly Bytes[]} parts operations and constants
 * @param {readonly number[]} inputShape
 * @param {readonly number[]} outputShape
 * @returns {Bytes}
 */
function model(parts, inputShape, outputShape) {
  const graph = message(
    7,
    ...parts,
    bytes(2, 'graph'),
    valueInfo(11, 'x', inputShape),
    valueInfo(12, 'y', outputShape),
  )
  const irVersion = integer(1, 8)
  const operators = message(8, integer(2, 17))
  return Buffer.concat([irVersion, graph, operators])
}

/**
 * One Conv, channels outermost.
 *
 * @param {import('./layers.mjs').Layer} layer
 * @param {Float32Array} filter [out][in][height][width]
 * @returns {Bytes}
 */
export function convModel(layer, filter) {
  const { batch, inChannels, outChannels, height, width, kernel, stride, pad, dilation, groups } = layer
  const conv = node(
    'Conv',
    ['x', 'w'],
    'y',
    integersAttribute('kernel_shape', kernel),
    integersAttribute('strides', stride),
    integersAttribute('dilations', dilation),
    integersAttribute('pads', [...pad, ...pad]),
    integerAttribute('group', groups),
  )
  const weights = constant('w', [outChannels, inChannels / groups, ...kernel], filter)
  return model([conv, weights], [batch, inChannels, height, width], [batch, outChannels, ...outSize(layer)])
}

/**
 * A perceptron as one Conv of 1 x 1 for each layer, channels outermost.
 *
 * @param {import('./networks.mjs').Network} network
 * @param {readonly import('./networks.mjs').Dense[]} layers
 * @returns {Bytes}
 */
export function pointwiseModel({ batch, height, width, widths }, layers) {
  const parts = layerByLayer('Conv', layers, ({ ins, outs, weights }) => ({
    shape: [outs, ins, 1, 1],
    weights: transpose(weights, ins, outs),
  }))
  /** @param {number} channels */
  const shape = (channels) => [batch, channels, height, width]
  return model(parts, shape(widths[0]), shape(widths[widths.length - 1]))
}

/**
 * A perceptron as one Gemm for each layer, on a matrix of all pixels by channels.
 *
 * @param {import('./networks.mjs').Network} network
 * @param {readonly import('./networks.mjs').Dense[]} layers
 * @returns {Bytes}
 */
export function gemmModel(network, layers) {
  const parts = layerByLayer('Gemm', layers, ({ ins, outs, weights }) => ({ shape: [ins, outs], weights }))
  const [pixels, { widths }] = [pixelsOf(network), network]
  return model(parts, [pixels, widths[0]], [pixels, widths[widths.length - 1]])
}

/**
 * Operations with weights and bias, each followed by its activation.
 *
 * @param {string} operator
 * @param {readonly import('./networks.mjs').Dense[]} layers
 * @param {(layer: import('./networks.mjs').Dense) => { shape: readonly number[], weights: Float32Array }} weightsOf
 * @returns {Bytes[]}
 */
function layerByLayer(operator, layers, weightsOf) {
  return layers.flatMap((layer, index) => {
    const [from, to] = [index === 0 ? 'x' : `x${index}`, index === layers.length - 1 ? 'y' : `x${index + 1}`]
    const { shape, weights } = weightsOf(layer)
    const bends = layer.activation === 'relu'
    return [
      node(operator, [from, `w${index}`, `b${index}`], bends ? `sum${index}` : to),
      ...(bends ? [node('Relu', [`sum${index}`], to)] : []),
      constant(`w${index}`, shape, weights),
      constant(`b${index}`, [layer.outs], layer.bias),
    ]
  })
}
