/** Fits a network to pairs of input and target, in minibatches drawn at random. */
import { Adam } from './adam.mjs'

/**
 * `drawSample()` gives `{ input, target }`. `derivatives(output, target, into)` writes the derivative of the loss by each
 * output. The rate falls to zero along half a cosine, so that the last steps settle what the first ones found.
 */
export function train(network, drawSample, derivatives, { steps, batch = 128, rate = 0.01 }) {
  const adam = new Adam(network.parameters)
  const error = new Float32Array(network.layers.at(-1).gives.length)
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < batch; i++) {
      const { input, target } = drawSample()
      derivatives(network.forward(input), target, error)
      for (let o = 0; o < error.length; o++) error[o] /= batch
      network.backward(error)
    }
    adam.step(rate * 0.5 * (1 + Math.cos((Math.PI * step) / steps)))
  }
}

/** Half the squared distance, of numbers from 0 to 1: what lies outside is clamped, as it will be in bytes. */
export function squaredError(output, target, into) {
  for (let o = 0; o < into.length; o++) into[o] = Math.min(Math.max(output[o], 0), 1) - target[o]
}

/** Cross entropy of softmax; the target is 1 for the right class and 0 for the others. */
export function crossEntropy(output, target, into) {
  const largest = Math.max(...output)
  let sum = 0
  for (let o = 0; o < into.length; o++) sum += into[o] = Math.exp(output[o] - largest)
  for (let o = 0; o < into.length; o++) into[o] = into[o] / sum - target[o]
}
