/**
 * A multilayer perceptron in double precision on a table: one row per pixel, one column per channel. It knows nothing of
 * images, and shares nothing with the library.
 */

export interface OracleLayer {
  readonly inChannels: number
  readonly outChannels: number
  /** From input c to output d. */
  readonly weight: (c: number, d: number) => number
  readonly bias: (d: number) => number
  readonly activation: (x: number) => number
  /** The most by which the activation enlarges a difference. */
  readonly slope: number
  /** Beyond the rounding of its argument; relative to 1 + |argument|. */
  readonly activationError: number
  /** Whose output is added; -1 is the input. */
  readonly residual?: { readonly from: number; readonly after: boolean } | undefined
}

/** Numbers, each with how far a computation in 32-bit floats, in any order, may be from it. */
export interface Row {
  readonly values: readonly number[]
  readonly bounds: readonly number[]
}

const epsilon = 2 ** -24

/** The last layer's channels of one pixel. */
export function mlpOracle(layers: readonly OracleLayer[], pixel: readonly number[]): Row {
  const made: Row[] = [{ values: pixel, bounds: pixel.map(() => 0) }]
  for (const layer of layers) {
    const input = made.at(-1)!
    const added = layer.residual === undefined ? undefined : made[layer.residual.from + 1]!
    const values: number[] = []
    const bounds: number[] = []
    for (let d = 0; d < layer.outChannels; d++) {
      const skipped = added?.values[d] ?? 0
      const skippedBound = added?.bounds[d] ?? 0
      const isBefore = layer.residual?.after === false
      let sum = layer.bias(d) + (isBefore ? skipped : 0)
      let magnitude = Math.abs(layer.bias(d)) + (isBefore ? Math.abs(skipped) : 0)
      let inherited = isBefore ? skippedBound : 0
      for (let c = 0; c < layer.inChannels; c++) {
        const w = layer.weight(c, d)
        sum += w * input.values[c]!
        magnitude += Math.abs(w * input.values[c]!)
        inherited += Math.abs(w) * input.bounds[c]!
      }
      const rounding = 2 * (layer.inChannels + 3) * epsilon * (magnitude + inherited)
      const value = layer.activation(sum)
      const error = layer.slope * (rounding + inherited) + layer.activationError * (1 + Math.abs(sum))
      if (layer.residual?.after === true) {
        values.push(value + skipped)
        bounds.push(error + skippedBound + 2 * epsilon * (Math.abs(value) + Math.abs(skipped) + error))
      } else {
        values.push(value)
        bounds.push(error)
      }
    }
    made.push({ values, bounds })
  }
  return made.at(-1)!
}

/** exp(x) over the sum of exp(x); an exponential may be wrong by some units in the last place. */
export function softmaxOracle({ values, bounds }: Row): Row {
  const largest = Math.max(...values)
  const powers = values.map((value) => Math.exp(value - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  const error = 2 * Math.max(...bounds)
  const result = powers.map((power) => power / sum)
  return {
    values: result,
    bounds: result.map((p, d) => {
      const exponent = error + 4 * epsilon * (1 + largest - values[d]!)
      return p * (Math.expm1(exponent) + (values.length + 8) * 2 * epsilon) + 1e-37
    }),
  }
}

/** Which indices may be that of the largest: more than one, where rounding can turn their order. */
export function argmaxOracle({ values, bounds }: Row, isExact: boolean): readonly number[] {
  const largest = Math.max(...values)
  if (isExact) return [values.indexOf(largest)]
  const sure = Math.max(...values.map((value, d) => value - bounds[d]!))
  return values.flatMap((value, d) => (value + bounds[d]! >= sure ? [d] : []))
}
