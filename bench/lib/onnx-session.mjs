/** How onnxruntime runs any model, for all contenders that have one. */
import { load } from './cannot.mjs'

/**
 * @param {Buffer} model from x to y
 * @param {{ data: Float32Array, shape: readonly number[] }} input
 * @param {readonly number[]} outputShape
 * @param {number} threads
 */
export async function startSession(model, input, outputShape, threads) {
  const { InferenceSession, Tensor, env } = await load('onnxruntime-node')
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  })
  const result = new Float32Array(outputShape.reduce((product, size) => product * size, 1))
  const feeds = { x: new Tensor('float32', input.data, input.shape) }
  const fetches = { y: new Tensor('float32', result, outputShape) }
  return {
    details: { version: /** @type {string} */ (env.versions.node) },
    /** @returns {Promise<unknown>} */
    run: () => session.run(feeds, fetches),
    result,
  }
}
