/** The discipline of `npm run bench:mlp`. */
import { generator } from './data.mjs'
import { denseLayers, describeNetwork, multiplicationsOfPixel, pixelsOf } from './networks.mjs'
import { choosePixels, largestError, referenceOf } from './perceptron-reference.mjs'

export { listNames, readNetworks as readList } from './networks.mjs'

export const command = 'npm run bench:mlp'
export const kind = 'network'
export const defaultList = 'mlp'
export const defaultContenders = 'simdconv,simdconv-nchw,simdconv-chain,onnxruntime,onnxruntime-gemm'
export const contenderFolder = new URL('../contenders/perceptrons/', import.meta.url)

/**
 * @param {import('./networks.mjs').Network} network
 * @returns {import('./measure.mjs').Task}
 */
export function taskOf(network) {
  const data = makeData(network)
  const { input, parameters } = data
  const outputs = pixelsOf(network) * network.widths[network.widths.length - 1]
  /** @type {import('./perceptron-reference.mjs').Reference[] | undefined} */
  let references
  return {
    line: `${network.name} ${describeNetwork(network)}`,
    multiplications: pixelsOf(network) * multiplicationsOfPixel(network),
    traffic: {
      read: input.byteLength + parameters.byteLength,
      written: outputs * Float32Array.BYTES_PER_ELEMENT,
    },
    data,
    judge: (bytes) => {
      const layers = denseLayers(network, data.parameters)
      references ??= choosePixels(network).map((pixels) => referenceOf(layers, data.input, pixels))
      return largestError(network, references, new Float32Array(Uint8Array.from(bytes).buffer))
    },
  }
}

/**
 * Numbers from -1 to 1; weights are scaled so that what relu leaves of a layer is of the size of its input.
 *
 * @param {import('./networks.mjs').Network} network
 */
function makeData(network) {
  const { widths } = network
  const next = generator(1)
  const input = Float32Array.from({ length: pixelsOf(network) * widths[0] }, () => next() * 2 - 1)
  const parameters = widths.slice(1).flatMap((outs, index) => {
    const scale = Math.sqrt(6 / widths[index])
    const weights = Array.from({ length: widths[index] * outs }, () => (next() * 2 - 1) * scale)
    const bias = Array.from({ length: outs }, () => next() * 2 - 1)
    return [...weights, ...bias]
  })
  return { input, parameters: Float32Array.from(parameters) }
}
