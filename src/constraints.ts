/**
 * From fully connected layers to convolutions, one constraint after the other. Each step returns the layer that obeys
 * it, and by how much the one before did not.
 */
import { finite, integer, isObject, wrongClass, wrongNumber } from './check.js'
import { Conv2d } from './conv2d.js'
import { DenseImageLayer } from './dense-image-layer.js'
import { convError } from './errors.js'
import { LocallyConnected2d, windowsOf } from './locally-connected2d.js'
import type { Sides } from './padding.js'
import { resolveConv2d, type Conv2dOptions } from './spec.js'
import { maxDimension, tensor, times, type Tensor } from './tensor.js'
import { checkHeld, newWeights, specOf, UntiedLayer } from './untied-layer.js'

/** How far the weights of a layer are from those of the layer that a constraint makes of it. */
export interface Residual {
  /** The largest difference; 0 where the layer obeyed already. */
  readonly max: number
  /** The root of the mean square of the differences, over all weights of the layer. */
  readonly rms: number
  /** The largest difference among the weights of each output pixel: output height x output width x 1. */
  readonly map: Tensor
}

/** A convolutional layer with the numbers that it was made of, which a Conv2d does not give back. */
export interface Convolution {
  readonly layer: Conv2d
  /** Of the layer: a filter in the order `hwio`, a bias where there is one, sides of padding. */
  readonly options: ConvolutionOptions
}

/** Options of a Conv2d, with numbers where names could stand. */
export interface ConvolutionOptions extends Pick<Conv2dOptions, 'filter' | 'bias' | 'border' | 'activation'> {
  readonly padding: Sides
  readonly strides?: readonly [height: number, width: number]
  readonly dilations?: readonly [height: number, width: number]
}

/** What tieWeights() returns. */
export interface Tied extends Convolution {
  /** Of the weights, from their average. */
  readonly residual: Residual
  /** Of U, from its average u; zeros where there is no bias. */
  readonly biasResidual: Residual
}

/** What restrictTo() returns: the local layer, and what was cut off. */
export type Restricted<L> = L & { readonly residual: Residual }

/** A locally connected layer that a constraint made. */
export interface Local {
  readonly layer: LocallyConnected2d
}

/** How far from each output pixel a layer looks. */
export interface Locality {
  /** The smallest delta with no weight beyond it. */
  readonly delta: number
  /**
   * For each delta from 0 to the largest that any offset has: what restrictTo(layer, delta) would cut off, by its largest
   * weight and its root mean square over all weights.
   */
  readonly beyond: readonly { readonly delta: number; readonly max: number; readonly rms: number }[]
}

/**
 * Averages the weights of each offset over the output pixels that have it, and U over all: from E1' to E2, and from a
 * LocallyConnected2d to E3 and E5. The result is a Conv2d: of a fully connected layer with a kernel that covers the image
 * from everywhere, (2 height - 1) x (2 width - 1).
 *
 * An offset that leads out of the image has no weight in E1', and is left out of its average. So it is with a locally
 * connected layer whose border is zeros; under any other border those weights count as well. Sums are in double
 * precision, so weights that are the same everywhere come out as they were, with a residual of 0.
 *
 * The tied layer reads zeros beyond the border of the image, which is what E1' and E2 say, or what the locally connected
 * layer read there.
 *
 * @throws RangeError `ERR_CONV_SHAPE` for a fully connected layer whose output is not as large as its image, as then no
 * output pixel stands above an input pixel; TypeError `ERR_CONV_TYPE`; Error `ERR_CONV_DISPOSED`.
 * @example
 * // W[i,k] is 3 at k = i, and 1 beside it; the last output differs.
 * const weights = tensor(Float32Array.of(3, 1, 0, 1, 3, 1, 0, 1, 6), [1, 3, 1, 3])
 * const { options, residual } = tieWeights(new DenseImageLayer({ weights }))
 * options.filter.data // [0, 1, 4, 1, 0]
 * residual.map.data // [1, 1, 2]
 */
export function tieWeights(layer: DenseImageLayer | LocallyConnected2d): Tied {
  const { options, residual, biasResidual } = average(layer)
  return Object.freeze({ layer: new Conv2d(options), options, residual, biasResidual })
}

/**
 * Whether neither weights nor bias depend on the output pixel, V[i,j,a,b] = V[a,b] and U[i,j] = u (E2): whether no number
 * is further than `tolerance`, 0 unless given, from the average that tieWeights() takes.
 *
 * @throws as tieWeights(), and for a tolerance that is negative or no number.
 * @example
 * const options = { filter: tensor(Float32Array.of(1, 2, 1), [1, 3, 1, 1]), padding: 'same' }
 * isTranslationInvariant(DenseImageLayer.from(options, [1, 5, 1])) // true
 * isTranslationInvariant(DenseImageLayer.from({ ...options, border: 'edge' }, [1, 5, 1])) // false: not at the border
 */
export function isTranslationInvariant(layer: DenseImageLayer | LocallyConnected2d, tolerance = 0): boolean {
  if (finite('tolerance', tolerance) < 0) throw wrongNumber('tolerance', 'at least 0', tolerance)
  const { residual, biasResidual } = average(layer)
  return residual.max <= tolerance && biasResidual.max <= tolerance
}

/**
 * How far from each output pixel the layer looks: the smallest delta such that V[i,j,a,b] = 0 where |a| or |b| is larger
 * (E3), and what each smaller one would cut off.
 *
 * @throws as restrictTo().
 * @example
 * const options = { filter: tensor(Float32Array.of(1, 0, 2, 0, 1), [1, 5, 1, 1]), padding: 'same' }
 * locality(DenseImageLayer.from(options, [1, 9, 1])).delta // 2
 */
export function locality(layer: DenseImageLayer | LocallyConnected2d | Convolution): Locality {
  const { weights, pair, visit } = tapsOf(layer)
  const largest: number[] = [] // by distance from the output pixel
  const squares: number[] = []
  let count = 0
  visit((_, a, b, first) => {
    const distance = Math.max(Math.abs(a), Math.abs(b))
    for (; largest.length <= distance; largest.push(0)) squares.push(0)
    for (let index = first; index < first + pair; index++) {
      largest[distance] = Math.max(largest[distance]!, Math.abs(weights[index]!))
      squares[distance]! += weights[index]! ** 2
    }
    count += pair
  })
  const beyond: Locality['beyond'][number][] = []
  for (let delta = largest.length - 1, max = 0, square = 0; delta >= 0; delta--) {
    beyond.unshift(Object.freeze({ delta, max, rms: Math.sqrt(square / count) }))
    max = Math.max(max, largest[delta]!)
    square += squares[delta]!
  }
  const delta = beyond.findIndex(({ max }) => max === 0)
  return Object.freeze({ delta, beyond: Object.freeze(beyond) })
}

/**
 * Cuts off all weights further than `delta` from their output pixel, V[i,j,a,b] = 0 where |a| > delta or |b| > delta
 * (E3). A fully connected or locally connected layer becomes a LocallyConnected2d, a convolution (what tieWeights()
 * returns) a Conv2d, with windows of (2 delta + 1) x (2 delta + 1). To tie and then restrict gives the same filter as to
 * restrict and then tie.
 *
 * @throws RangeError `ERR_CONV_RANGE` for a delta that is no integer of at least 0; `ERR_CONV_SHAPE` for a layer whose
 * output is not as large as its image, or that has strides or dilations; TypeError `ERR_CONV_TYPE`.
 * @example
 * const { options } = restrictTo(tieWeights(dense), 1)
 * options.filter.shape // [3, 3, 1, 1]
 */
export function restrictTo(layer: DenseImageLayer | LocallyConnected2d, delta: number): Restricted<Local>
export function restrictTo(layer: Convolution, delta: number): Restricted<Convolution>
export function restrictTo(
  layer: DenseImageLayer | LocallyConnected2d | Convolution,
  delta: number,
): Restricted<Local | Convolution> {
  integer('delta', delta, 0, (maxDimension - 1) / 2)
  const { weights, pairShape, pair, grid, windows, options, visit } = tapsOf(layer)
  assertCentred(windows)
  const side = 2 * delta + 1
  const shape = [...grid, side, side, ...pairShape]
  checkHeld('the restricted layer', shape)
  const kept = newWeights(shape)
  const difference = new Difference(grid)
  visit((pixel, a, b, first) => {
    const isKept = Math.max(Math.abs(a), Math.abs(b)) <= delta
    const tap = (pixel * side + a + delta) * side + b + delta
    if (isKept) kept.set(weights.subarray(first, first + pair), tap * pair)
    for (let index = first; index < first + pair; index++) difference.add(pixel, isKept ? 0 : weights[index]!)
  })
  const residual = difference.residual()
  const padding = Object.freeze({ top: delta, bottom: delta, left: delta, right: delta })
  if (isUntied(layer)) {
    const local = new LocallyConnected2d({ ...options, padding, weights: tensor(kept, shape) })
    return Object.freeze({ layer: local, residual })
  }
  const tied = Object.freeze({ ...options, padding, filter: tensor(kept, shape.slice(2)) })
  return Object.freeze({ layer: new Conv2d(tied), options: tied, residual })
}

// ---- what the steps are made of --------------------------------------------------------------

/** Adds up how two sets of weights differ, pixel by pixel. */
class Difference {
  readonly #map: Float32Array<ArrayBuffer>
  readonly #shape: readonly number[]
  #squares = 0
  #count = 0

  constructor(grid: readonly [number, number]) {
    this.#shape = [...grid, 1]
    this.#map = new Float32Array(grid[0] * grid[1])
  }

  add(pixel: number, difference: number): void {
    this.#map[pixel] = Math.max(this.#map[pixel]!, Math.abs(difference)) // NaN stays
    this.#squares += difference ** 2
    this.#count++
  }

  residual(): Residual {
    const max = this.#map.reduce((a, b) => Math.max(a, b), 0)
    const rms = Math.sqrt(this.#squares / Math.max(this.#count, 1))
    return Object.freeze({ max, rms, map: tensor(this.#map, this.#shape) })
  }
}

/** The weights of any layer in the words of E1' and E3, by output pixel and offset. */
interface Taps {
  readonly weights: Float32Array
  /** [input channels, output channels], innermost in the weights, and their product. */
  readonly pairShape: readonly [number, number]
  readonly pair: number
  /** Height and width of the output pixels that have weights of their own: 1 x 1 of a convolution. */
  readonly grid: readonly [number, number]
  readonly windows: WindowFrame
  /** What a convolution or a locally connected layer with these weights needs besides weights and padding. */
  readonly options: Pick<Conv2dOptions, 'bias' | 'border' | 'activation'>
  /** Calls for each tap of each pixel that meets the image, or a border that is not zero. */
  readonly visit: (visitor: Visitor) => void
}

/** The weights from all to all channels, at offset (a, b) from an output pixel, begin at `first`. */
type Visitor = (pixel: number, a: number, b: number, first: number) => void

/** How windows lie on the image. Their first tap is `padding.top` rows above the output pixel. */
interface WindowFrame {
  readonly height: number
  readonly width: number
  readonly strides: readonly [number, number]
  readonly dilations: readonly [number, number]
  readonly padding: Sides
}

type Layer = DenseImageLayer | LocallyConnected2d | Convolution

function isUntied(layer: Layer): layer is DenseImageLayer | LocallyConnected2d {
  return layer instanceof UntiedLayer
}

function tapsOf(layer: Layer): Taps {
  if (layer instanceof DenseImageLayer) return tapsOfDense(layer)
  if (layer instanceof LocallyConnected2d) return tapsOfLocal(layer)
  if (isObject(layer) && isObject(layer.options)) return tapsOfConvolution(layer.options)
  throw wrongClass('layer', 'DenseImageLayer, LocallyConnected2d or result of tieWeights()', layer)
}

function tapsOfDense(layer: DenseImageLayer): Taps {
  const { weights, imageShape, outShape, bias, activation } = specOf(layer)
  const [height, width, inChannels] = imageShape
  const [outHeight, outWidth, outChannels] = outShape
  if (outHeight !== height || outWidth !== width) {
    throw convError(
      'ERR_CONV_SHAPE',
      `the output is ${times([outHeight, outWidth])} and the image ${times([height, width])}; offsets have a meaning where both are as large`,
    )
  }
  const pair = inChannels * outChannels
  return {
    weights,
    pairShape: [inChannels, outChannels],
    pair,
    grid: [height, width],
    windows: {
      height: 2 * height - 1,
      width: 2 * width - 1,
      strides: [1, 1],
      dilations: [1, 1],
      padding: { top: height - 1, bottom: height - 1, left: width - 1, right: width - 1 },
    },
    options: { bias, activation },
    visit: (visitor) => {
      let first = 0
      for (let pixel = 0; pixel < height * width; pixel++) {
        const [i, j] = [Math.floor(pixel / width), pixel % width]
        for (let k = 0; k < height; k++) {
          for (let l = 0; l < width; l++, first += pair) visitor(pixel, k - i, l - j, first)
        }
      }
    },
  }
}

function tapsOfLocal(layer: LocallyConnected2d): Taps {
  const { weights, bias, activation, outShape } = specOf(layer)
  const { layer: spec, geometry, border } = windowsOf(layer)
  const { top, left } = geometry.padding
  const { y, x } = spec.border
  const [outHeight, outWidth, outChannels] = outShape
  const pair = spec.inChannels * outChannels
  const isOutside = (index: number, length: number): boolean => index < 0 || index >= length
  /** Whether a tap reads a zero of the border; where it is outside on both axes, y's constant comes first. */
  const readsZero = (row: number, column: number): boolean => {
    if (isOutside(row, geometry.input.height) && y.mode === 'constant') return y.value === 0
    return isOutside(column, geometry.input.width) && x.mode === 'constant' && x.value === 0
  }
  return {
    weights,
    pairShape: [spec.inChannels, outChannels],
    pair,
    grid: [outHeight, outWidth],
    windows: {
      height: spec.kernelHeight,
      width: spec.kernelWidth,
      strides: [spec.strideHeight, spec.strideWidth],
      dilations: [spec.dilationHeight, spec.dilationWidth],
      padding: geometry.padding,
    },
    options: { bias, activation, border },
    visit: (visitor) => {
      let first = 0
      for (let pixel = 0; pixel < outHeight * outWidth; pixel++) {
        const row = Math.floor(pixel / outWidth) * spec.strideHeight
        const column = (pixel % outWidth) * spec.strideWidth
        for (let tap = 0; tap < spec.kernelHeight * spec.kernelWidth; tap++, first += pair) {
          const a = Math.floor(tap / spec.kernelWidth) * spec.dilationHeight - top
          const b = (tap % spec.kernelWidth) * spec.dilationWidth - left
          if (!readsZero(row + a, column + b)) visitor(pixel, a, b, first)
        }
      }
    },
  }
}

function tapsOfConvolution(options: ConvolutionOptions): Taps {
  const { filter, filterLayout, groups, flip, padding, ...spec } = resolveConv2d(options)
  if (filterLayout !== 'hwio' || groups !== 1 || flip || typeof padding === 'string') {
    throw convError(
      'ERR_CONV_OPTION',
      'layer.options must be as tieWeights() returns them: a filter in the order "hwio", one group, no flip, and padding in numbers',
    )
  }
  const { kernelHeight: height, kernelWidth: width, inChannels, outChannels } = spec
  const pair = inChannels * outChannels
  return {
    weights: filter,
    pairShape: [inChannels, outChannels],
    pair,
    grid: [1, 1],
    windows: {
      height,
      width,
      strides: [spec.strideHeight, spec.strideWidth],
      dilations: [spec.dilationHeight, spec.dilationWidth],
      padding,
    },
    options: { bias: options.bias, activation: options.activation, border: options.border },
    visit: (visitor) => {
      for (let tap = 0; tap < height * width; tap++) {
        const a = Math.floor(tap / width) * spec.dilationHeight - padding.top
        visitor(0, a, (tap % width) * spec.dilationWidth - padding.left, tap * pair)
      }
    },
  }
}

/** The mean of each offset's weights, as the options of a convolution, and how far the weights are from it. */
function average(layer: DenseImageLayer | LocallyConnected2d): Omit<Tied, 'layer'> {
  if (!isUntied(layer)) throw wrongClass('layer', 'DenseImageLayer or LocallyConnected2d', layer)
  const { weights, pair, pairShape, grid, windows, options, visit } = tapsOf(layer)
  const { height, width, strides, dilations, padding } = windows
  const tapOf = (a: number, b: number): number =>
    ((a + padding.top) / dilations[0]) * width + (b + padding.left) / dilations[1]

  const sums = new Float64Array(height * width * pair)
  const counts = new Float64Array(height * width)
  visit((_, a, b, first) => {
    const tap = tapOf(a, b)
    counts[tap]!++
    for (let index = 0; index < pair; index++) sums[tap * pair + index]! += weights[first + index]!
  })
  const filter = Float32Array.from(sums, (sum, index) => sum / Math.max(counts[Math.floor(index / pair)]!, 1))
  const difference = new Difference(grid)
  visit((pixel, a, b, first) => {
    const mean = tapOf(a, b) * pair
    for (let index = 0; index < pair; index++) {
      difference.add(pixel, weights[first + index]! - filter[mean + index]!)
    }
  })

  const channels = pairShape[1]
  const biases = options.bias ?? new Float32Array(grid[0] * grid[1] * channels)
  const pixels = biases.length / channels
  const bias = Float32Array.from({ length: channels }, (_, channel) => {
    let sum = 0
    for (let index = channel; index < biases.length; index += channels) sum += biases[index]!
    return sum / pixels
  })
  const biasDifference = new Difference(grid)
  for (const [index, value] of biases.entries()) {
    biasDifference.add(Math.floor(index / channels), value - bias[index % channels]!)
  }
  return {
    options: Object.freeze({
      ...options,
      filter: tensor(filter, [height, width, ...pairShape]),
      bias: options.bias && bias,
      strides,
      dilations,
      padding,
    }),
    residual: difference.residual(),
    biasResidual: biasDifference.residual(),
  }
}

/** Refuses windows that restrictTo() cannot cut to others around the same pixels. */
function assertCentred({ height, width, strides, dilations, padding }: WindowFrame): void {
  for (const [name, [vertical, horizontal]] of [
    ['strides', strides],
    ['dilations', dilations],
  ] as const) {
    if (vertical === 1 && horizontal === 1) continue
    throw convError(
      'ERR_CONV_SHAPE',
      `the layer has ${name} of ${times([vertical, horizontal])}; restrictTo() takes layers of stride and dilation 1`,
    )
  }
  const { top, bottom, left, right } = padding
  if (top + bottom === height - 1 && left + right === width - 1) return
  throw convError(
    'ERR_CONV_SHAPE',
    `a kernel of ${times([height, width])} with padding ${top} + ${bottom} and ${left} + ${right} gives an output of another size than the image; restrictTo() takes layers with padding "same"`,
  )
}
