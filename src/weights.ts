/** Weights and biases: floats of a known shape that a layer copies when it packs them. */
import { convError } from './errors.js'
import { assertReadable } from './in-flight.js'
import { lengthOf } from './intrinsics.js'
import { checkFloats, checkLength, checkShape, times } from './tensor.js'

/** A checked copy of the shape of `name`, which must have as many axes as `axes` names. */
export function resolveWeightShape(name: string, value: unknown, axes: readonly string[]): readonly number[] {
  const shape = checkShape(`${name}.shape`, value)
  if (shape.length === axes.length) return shape
  throw convError(
    'ERR_CONV_SHAPE',
    `${name}.shape must have ${axes.length} axes (${times(axes)}), got ${shape.length} (${times(shape)})`,
  )
}

/** Weights of exactly a shape, which no unfinished run writes. */
export function resolveWeights(
  name: string,
  value: unknown,
  shape: readonly number[],
  axes: readonly string[],
): Float32Array {
  const weights = checkFloats(`${name}.data`, value)
  checkLength(name, weights, shape, times(axes))
  assertReadable(name, weights)
  return weights
}

/** A number for each output channel, which no unfinished run writes. */
export function resolveBias(name: string, value: unknown, outChannels: number): Float32Array {
  const bias = checkFloats(name, value)
  const length = lengthOf(bias)
  if (length !== outChannels) {
    throw convError(
      'ERR_CONV_LENGTH',
      `${name} has ${length} elements, expected ${outChannels} (one per output channel)`,
    )
  }
  assertReadable(name, bias)
  return bias
}
