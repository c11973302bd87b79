/** From the options of a user to a complete, frozen specification: every default filled in, every name known. */
import { resolveActivation, type Activation } from './activation.js'
import { resolveBorder, type Border } from './border.js'
import { bool, integer, oneOf, options, pair } from './check.js'
import { elementTypes, type ElementType } from './element-type.js'
import { convError } from './errors.js'
import type { NativeActivation, NativeBorder } from './native.js'
import { resolvePadding, type Padding, type PaddingSpec } from './padding.js'
import { maxDimension, parts, type Tensor } from './tensor.js'
import { resolveBias, resolveWeights, resolveWeightShape } from './weights.js'

/** Index orders of a filter: h and w are the kernel's rows and columns, i and o its channels in and out. */
export type FilterLayout = 'hwio' | 'oihw' | 'ohwi' | 'ihwo'

/** Where the channels of an image are: innermost, or outermost. */
export type Layout = 'nhwc' | 'nchw'

/** What computes a convolution; `auto` chooses the fastest that can. */
export type Algorithm = (typeof algorithms)[number]

/** Every algorithm that can be forced by name, and `auto`. */
export const algorithms = [
  'auto',
  'separable',
  'grouped',
  'planar',
  'depthwise',
  'flat',
  'winograd',
  'winograd-2x2',
  'winograd-4x4',
  'winograd-6x6',
  'winograd-1x4',
  'winograd-4x1',
  'direct',
  'reference',
] as const

/**
 * What rounding may do to a sum of `n` products in float32, with `u = 2^-24`.
 *
 * | accuracy | error at most                         | that one meets, over that of `exact` |
 * | -------- | ------------------------------------- | ------------------------------------ |
 * | `exact`  | `n u` times the sum of the magnitudes | 1                                    |
 * | `high`   | `310 (c + 16) u max(x) sum(w)`        | 2                                    |
 * | `fast`   | `1770 (c + 16) u max(x) sum(w)`       | 9                                    |
 *
 * `c` are the input channels of a group, `max(x)` is the largest magnitude of a sample in a neighbourhood of 8 x 8
 * pixels, `sum(w)` the sum of the magnitudes of an output channel's weights. `exact` adds only products of the formula,
 * so whole numbers give whole results (below 2^24); so does `high` where all weights are whole numbers. `high` and
 * `fast` use Winograd's minimal filtering where it is faster (Lavin and Gray 2015, arXiv 1509.09308). Infinities and NaN
 * are in all three where the formula puts them.
 *
 * An `algorithm` that names Winograd's is not asked what `high` would prefer: it does whole weights, too, with results
 * that are not whole, and the name of one form, such as `winograd-6x6`, may bring the error of `fast`.
 */
export type Accuracy = (typeof accuracies)[number]

const accuracies = ['exact', 'high', 'fast'] as const

const maxStep = 65535

/**
 * A convolutional layer: `H[i,j,d] = u[d] + sum over a, b, c of V[a,b,c,d] X[i+a,j+b,c]` (E5), which is
 * cross-correlation, as in every deep-learning library.
 */
export interface Conv2dOptions<I extends ElementType = 'float32', O extends ElementType = 'float32'> {
  /** The weights V: rank 4, in the order of `filterLayout`. With groups, `i` counts the channels of one group. */
  readonly filter: Tensor
  /** Default `hwio`: kernel height x kernel width x in x out. */
  readonly filterLayout?: FilterLayout | undefined
  /** One number per output channel, added before the activation. Default none. */
  readonly bias?: Float32Array | undefined
  /** Step between windows, in pixels; a number or [height, width] from 1 to 65535. Default 1. */
  readonly strides?: number | readonly [height: number, width: number] | undefined
  /** Step between taps, in pixels; 1, the default, is a dense kernel. */
  readonly dilations?: number | readonly [height: number, width: number] | undefined
  /** Default 1. As many groups as channels is a depthwise convolution. */
  readonly groups?: number | undefined
  /** How far the kernel reaches over the border. Default `valid`: not at all. */
  readonly padding?: Padding | undefined
  /** What it reads there. Default `{ mode: 'constant', value: 0 }`. */
  readonly border?: Border | undefined
  /** Applied to each output. Default `none`. */
  readonly activation?: Activation | undefined
  /** Of input and output. Default `nhwc`: batch x height x width x channels. */
  readonly layout?: Layout | undefined
  /** Of the input: `uint8` is bytes, which are read as the numbers from 0 to 255. Default `float32`. */
  readonly inputType?: I | undefined
  /**
   * Of the output. As `uint8` each result, after bias and activation, is rounded to the nearest integer, halves to even,
   * and clamped to 0 to 255; NaN becomes 0. Default `float32`.
   */
  readonly outputType?: O | undefined
  /** True turns the kernel by 180 degrees: convolution in the sense of E4. Default false. */
  readonly flip?: boolean | undefined
  /** Default `auto`; a name forces that one, or throws with the reason why it cannot. */
  readonly algorithm?: Algorithm | undefined
  /** What rounding may do to a sum, in exchange for speed. Default `high`. */
  readonly accuracy?: Accuracy | undefined
}

/** Of every layer that is a convolution. */
export const layerOptionNames = [
  'filter',
  'filterLayout',
  'bias',
  'strides',
  'dilations',
  'groups',
  'padding',
  'border',
  'activation',
  'layout',
  'inputType',
  'outputType',
  'flip',
  'algorithm',
  'accuracy',
] as const satisfies readonly (keyof Conv2dOptions)[]

/** Options with nothing left open. */
export interface Conv2dSpec extends LayerSpec {
  readonly filter: Float32Array
  readonly bias: Float32Array | null
}

/** A specification without its weights. */
export interface LayerSpec {
  readonly filterLayout: FilterLayout
  readonly filterShape: readonly number[]
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly inChannels: number
  readonly outChannels: number
  readonly groups: number
  readonly strideHeight: number
  readonly strideWidth: number
  readonly dilationHeight: number
  readonly dilationWidth: number
  readonly padding: PaddingSpec
  readonly border: NativeBorder
  readonly activation: NativeActivation
  readonly layout: Layout
  readonly inputType: ElementType
  readonly outputType: ElementType
  readonly flip: boolean
  readonly algorithm: Algorithm
  readonly accuracy: Accuracy
}

/** Which index of the filter's shape is which axis. */
const filterAxes = {
  hwio: { kernelHeight: 0, kernelWidth: 1, in: 2, out: 3 },
  oihw: { out: 0, in: 1, kernelHeight: 2, kernelWidth: 3 },
  ohwi: { out: 0, kernelHeight: 1, kernelWidth: 2, in: 3 },
  ihwo: { in: 0, kernelHeight: 1, kernelWidth: 2, out: 3 },
} as const satisfies Readonly<Record<FilterLayout, Readonly<Record<string, number>>>>

const axisWords = { h: 'kernel height', w: 'kernel width', i: 'in', o: 'out' } as const

/** The axes of a filter in words, in the order of a layout. */
export function filterWords(layout: FilterLayout): readonly string[] {
  return Array.from(layout, (axis) => axisWords[axis as keyof typeof axisWords])
}

/** Checks the options of a layer and fills in what is missing. Each option is read once. */
export function resolveConv2d(given: unknown): Conv2dSpec {
  const {
    filter,
    filterLayout: filterLayoutName = 'hwio',
    bias,
    strides = 1,
    dilations = 1,
    groups = 1,
    padding = 'valid',
    border = 'constant',
    activation = 'none',
    layout = 'nhwc',
    inputType = 'float32',
    outputType = 'float32',
    flip = false,
    algorithm = 'auto',
    accuracy = 'high',
  } = options('options', given, layerOptionNames)
  const filterLayout = oneOf('filterLayout', filterLayoutName, Object.keys(filterAxes) as FilterLayout[])
  const { data, shape } = parts('filter', filter)
  const words = filterWords(filterLayout)
  const filterShape = resolveWeightShape('filter', shape, words)
  const axes = filterAxes[filterLayout]
  const outChannels = filterShape[axes.out]!
  const groupCount = resolveGroups(groups, filterShape[axes.in]!, outChannels)
  const [strideHeight, strideWidth] = pair('strides', strides, 1, maxStep)
  const [dilationHeight, dilationWidth] = pair('dilations', dilations, 1, maxStep)
  const layer: LayerSpec = {
    filterLayout,
    filterShape,
    kernelHeight: filterShape[axes.kernelHeight]!,
    kernelWidth: filterShape[axes.kernelWidth]!,
    inChannels: filterShape[axes.in]! * groupCount,
    outChannels,
    groups: groupCount,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padding: resolvePadding(padding),
    border: resolveBorder(border),
    activation: resolveActivation(activation),
    layout: oneOf('layout', layout, ['nhwc', 'nchw']),
    inputType: oneOf('inputType', inputType, elementTypes),
    outputType: oneOf('outputType', outputType, elementTypes),
    flip: bool('flip', flip),
    algorithm: oneOf('algorithm', algorithm, algorithms),
    accuracy: oneOf('accuracy', accuracy, accuracies),
  }
  // No getter of the user's runs from here on: memory is still what it is now when the weights are packed.
  return Object.freeze({
    ...layer,
    filter: resolveWeights('filter', data, filterShape, words),
    bias: bias === undefined ? null : resolveBias('bias', bias, outChannels),
  })
}

function resolveGroups(value: unknown, inPerGroup: number, outChannels: number): number {
  const groups = integer('groups', value, 1, maxDimension)
  if (outChannels % groups !== 0) {
    throw convError(
      'ERR_CONV_SHAPE',
      `groups must divide the ${outChannels} output channels of the filter, got ${groups}`,
    )
  }
  if (inPerGroup * groups > maxDimension) {
    throw convError(
      'ERR_CONV_RANGE',
      `${groups} groups of ${inPerGroup} channels make ${inPerGroup * groups} input channels, more than ${maxDimension}`,
    )
  }
  return groups
}
