/** The discipline of `npm run bench`. */
import { makeData } from './data.mjs'
import { describeLayer, multiplications, outSize } from './layers.mjs'
import { largestError, referenceBands } from './reference.mjs'

export { listNames, readLayers as readList } from './layers.mjs'

export const command = 'npm run bench'
export const kind = 'layer'
export const defaultList = 'resnet50'
export const defaultContenders = 'simdconv,onnxruntime'
export const contenderFolder = new URL('../contenders/', import.meta.url)

/**
 * @param {import('./layers.mjs').Layer} layer
 * @returns {import('./measure.mjs').Task}
 */
export function taskOf(layer) {
  const data = makeData(layer)
  const { input, filter } = data
  const [outHeight, outWidth] = outSize(layer)
  const outputs = layer.batch * outHeight * outWidth * layer.outChannels
  return {
    line: `${layer.name} ${describeLayer(layer)}`,
    multiplications: multiplications(layer),
    traffic: {
      read: input.byteLength + filter.byteLength,
      written: outputs * Float32Array.BYTES_PER_ELEMENT,
    },
    data,
    judge: judgeOf(layer, data),
  }
}

/**
 * Compares outputs with the reference, which is computed once for each border.
 *
 * @param {import('./layers.mjs').Layer} layer
 * @param {{ input: Float32Array, filter: Float32Array }} data
 * @returns {import('./measure.mjs').Task['judge']}
 */
function judgeOf(layer, data) {
  /** @type {Partial<Record<string, import('./reference.mjs').Band[]>>} */
  const references = {}
  return (bytes, { numbers, border = 'constant' }) => {
    references[border] ??= referenceBands(layer, data, border)
    const output = numbers === 'u8' ? Uint8Array.from(bytes) : new Float32Array(Uint8Array.from(bytes).buffer)
    return largestError(layer, references[border], output)
  }
}
