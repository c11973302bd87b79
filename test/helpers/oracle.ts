/**
 * The formula in double precision, seven plain loops, sharing nothing with the library. Borders are walked, one step
 * at a time from the edge outwards, instead of computed: slow, and hard to get wrong.
 */

export interface OracleAxis {
  readonly mode: 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap' | 'renormalize'
  readonly value: number
}

/** A layer and an image, with indices in words instead of layouts. */
export interface OracleCase {
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly inChannels: number
  readonly outChannels: number
  readonly groups: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  readonly padding: {
    readonly top: number
    readonly bottom: number
    readonly left: number
    readonly right: number
  }
  readonly flip: boolean
  readonly borderY: OracleAxis
  readonly borderX: OracleAxis
  readonly by: 'area' | 'weight'
  readonly sample: (n: number, y: number, x: number, c: number) => number
  /** Tap (a, b) from channel c of the group to output channel d. */
  readonly weight: (a: number, b: number, c: number, d: number) => number
  readonly bias: (d: number) => number
  readonly activation: (x: number) => number
  /** Beyond the rounding of its argument; relative to 1 + |argument|. */
  readonly activationError: number
}

export interface OracleResult {
  readonly outHeight: number
  readonly outWidth: number
  /** [batch][outHeight][outWidth][outChannels]. */
  readonly values: Float64Array
  /** How far a sum in 32-bit floats, in any order, may be from each value. */
  readonly bounds: Float64Array
}

const left = Symbol('left out')
type Source = number | typeof left | { readonly constant: number }

/** Where a coordinate reads: an index inside, a constant, or nowhere. */
function source(axis: OracleAxis, index: number, length: number): Source {
  if (index >= 0 && index < length) return index
  if (axis.mode === 'renormalize') return left
  if (axis.mode === 'constant') return { constant: axis.value }
  return walk(
    axis.mode,
    index < 0 ? 0 : length - 1,
    index < 0 ? -1 : 1,
    Math.max(-index, index - length + 1),
    length,
  )
}

/** Takes steps outwards from an edge pixel. */
function walk(
  mode: OracleAxis['mode'],
  start: number,
  outwards: number,
  steps: number,
  length: number,
): number {
  let position = start
  let direction = outwards
  const inside = (next: number): boolean => next >= 0 && next < length
  for (let step = 0; step < steps; step++) {
    if (mode === 'wrap') {
      position = inside(position + outwards) ? position + outwards : length - 1 - position
    } else if (mode === 'reflect' && length > 1) {
      if (!inside(position + direction)) direction = -direction
      position += direction
    } else if (mode === 'symmetric') {
      if (inside(position + direction)) position += direction
      else direction = -direction
    }
  }
  return position
}

/** What each tap of each window reads, along one axis. */
function sources(
  axis: OracleAxis,
  windows: number,
  stride: number,
  taps: number,
  dilation: number,
  before: number,
  length: number,
): readonly (readonly Source[])[] {
  return Array.from({ length: windows }, (_, window) =>
    Array.from({ length: taps }, (__, tap) =>
      source(axis, window * stride + tap * dilation - before, length),
    ),
  )
}

export function oracle(given: OracleCase): OracleResult {
  const { batch, height, width, inChannels, outChannels, groups, kernelHeight, kernelWidth, padding } = given
  const [strideHeight, strideWidth] = given.strides
  const [dilationHeight, dilationWidth] = given.dilations
  const spanHeight = (kernelHeight - 1) * dilationHeight + 1
  const spanWidth = (kernelWidth - 1) * dilationWidth + 1
  const outHeight = Math.floor((height + padding.top + padding.bottom - spanHeight) / strideHeight) + 1
  const outWidth = Math.floor((width + padding.left + padding.right - spanWidth) / strideWidth) + 1
  const inPerGroup = inChannels / groups
  const outPerGroup = outChannels / groups
  const values = new Float64Array(batch * outHeight * outWidth * outChannels)
  const bounds = new Float64Array(values.length)
  const rows = sources(
    given.borderY,
    outHeight,
    strideHeight,
    kernelHeight,
    dilationHeight,
    padding.top,
    height,
  )
  const columns = sources(
    given.borderX,
    outWidth,
    strideWidth,
    kernelWidth,
    dilationWidth,
    padding.left,
    width,
  )
  let index = 0
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let d = 0; d < outChannels; d++) {
          const firstChannel = Math.floor(d / outPerGroup) * inPerGroup
          let sum = 0
          let magnitude = 0
          let kept = 0
          let keptWeight = 0
          let keptMagnitude = 0
          let allWeight = 0
          let allMagnitude = 0
          for (let a = 0; a < kernelHeight; a++) {
            for (let b = 0; b < kernelWidth; b++) {
              const y = rows[i]![a]!
              const x = columns[j]![b]!
              const isKept = y !== left && x !== left
              if (isKept) kept++
              for (let c = 0; c < inPerGroup; c++) {
                const w = given.flip
                  ? given.weight(kernelHeight - 1 - a, kernelWidth - 1 - b, c, d)
                  : given.weight(a, b, c, d)
                allWeight += w
                allMagnitude += Math.abs(w)
                if (!isKept) continue
                keptWeight += w
                keptMagnitude += Math.abs(w)
                const sample =
                  typeof y === 'object'
                    ? y.constant
                    : typeof x === 'object'
                      ? x.constant
                      : given.sample(n, y, x, firstChannel + c)
                sum += sample * w
                magnitude += Math.abs(sample * w)
              }
            }
          }
          const taps = kernelHeight * kernelWidth
          let scale = 1
          if (kept < taps && kept > 0) {
            if (given.by === 'area') scale = taps / kept
            else if (Math.abs(keptWeight) > 1e-6 * keptMagnitude && keptMagnitude > 1e-30 * allMagnitude)
              scale = allWeight / keptWeight
          }
          const linear = sum * scale + given.bias(d)
          const terms = taps * inPerGroup + 3
          const epsilon = 2 ** -24
          const rounding =
            2 * terms * epsilon * (magnitude * Math.abs(scale) + Math.abs(given.bias(d)) + Math.abs(linear))
          values[index] = given.activation(linear)
          bounds[index] = 1.5 * rounding + given.activationError * (1 + Math.abs(linear))
          index++
        }
      }
    }
  }
  return { outHeight, outWidth, values, bounds }
}
