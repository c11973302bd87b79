/** Adam (Kingma and Ba 2015): each parameter goes down its own slope, at a rate that its recent gradients set. */

const [forgetMean, forgetSquare, tiny] = [0.9, 0.999, 1e-8]

export class Adam {
  #steps = 0
  #states

  /** Of `{ values, gradient }`, arrays of the same length. */
  constructor(parameters) {
    this.#states = parameters.map(({ values, gradient }) => ({
      values,
      gradient,
      mean: new Float32Array(values.length),
      square: new Float32Array(values.length),
    }))
  }

  /** One step down; then the gradients are zero again. */
  step(rate) {
    this.#steps++
    const meanBias = 1 - forgetMean ** this.#steps
    const squareBias = 1 - forgetSquare ** this.#steps
    for (const { values, gradient, mean, square } of this.#states) {
      for (let i = 0; i < values.length; i++) {
        const slope = gradient[i]
        mean[i] = forgetMean * mean[i] + (1 - forgetMean) * slope
        square[i] = forgetSquare * square[i] + (1 - forgetSquare) * slope * slope
        values[i] -= (rate * (mean[i] / meanBias)) / (Math.sqrt(square[i] / squareBias) + tiny)
      }
      gradient.fill(0)
    }
  }
}
