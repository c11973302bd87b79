/** An ONNX model with one Conv, as the bytes of its protocol buffer. The numbers are the fields of onnx.proto. */
import { outSize } from './layers.mjs'

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
 * The model: x, channels outermost, to y.
 *
 * @param {import('./layers.mjs').Layer} layer
 * @param {Float32Array} filter [out][in][height][width]
 * @returns {Bytes}
 */
export function convModel(layer, filter) {
  const { batch, inChannels, outChannels, height, width, kernel, stride, pad, dilation, groups } = layer
  const node = message(
    1,
    bytes(1, 'x'),
    bytes(1, 'w'),
    bytes(2, 'y'),
    bytes(4, 'Conv'),
    integersAttribute('kernel_shape', kernel),
    integersAttribute('strides', stride),
    integersAttribute('dilations', dilation),
    integersAttribute('pads', [...pad, ...pad]),
    integerAttribute('group', groups),
  )
  const weights = message(
    5,
    ...[outChannels, inChannels / groups, ...kernel].map((size) => integer(1, size)),
    integer(2, float),
    bytes(8, 'w'),
    bytes(9, Buffer.from(filter.buffer, filter.byteOffset, filter.byteLength)),
  )
  const graph = message(
    7,
    node,
    bytes(2, 'conv'),
    weights,
    valueInfo(11, 'x', [batch, inChannels, height, width]),
    valueInfo(12, 'y', [batch, outChannels, ...outSize(layer)]),
  )
  const irVersion = integer(1, 8)
  const operators = message(8, integer(2, 17))
  return Buffer.concat([irVersion, graph, operators])
}
