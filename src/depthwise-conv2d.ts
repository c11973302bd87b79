/** The depthwise convolutional layer: each channel with filters of its own. */
import { oneOf, options } from './check.js'
import { Conv2d } from './conv2d.js'
import type { ElementType } from './element-type.js'
import { convError } from './errors.js'
import { layerOptionNames, type Conv2dOptions } from './spec.js'
import { checkFloats, checkLength, checkShape, maxDimension, parts, times, type Tensor } from './tensor.js'

/** Index orders of a depthwise filter: h and w are the kernel's rows and columns, c the channels, m the multiplier. */
export type DepthwiseFilterLayout = keyof typeof layers

/** Options of a DepthwiseConv2d: those of a Conv2d, but for the filter, and without groups. */
export interface DepthwiseConv2dOptions<
  I extends ElementType = 'float32',
  O extends ElementType = 'float32',
> extends Omit<Conv2dOptions<I, O>, 'filter' | 'filterLayout' | 'groups'> {
  /** The weights: rank 4, in the order of `filterLayout`. */
  readonly filter: Tensor
  /**
   * Default `hwcm`: kernel height x kernel width x channels x multiplier, as in TensorFlow and Keras. `cmhw` is the
   * memory of PyTorch's (channels * multiplier) x 1 x height x width.
   */
  readonly filterLayout?: DepthwiseFilterLayout | undefined
}

const optionNames = layerOptionNames.filter((name) => name !== 'groups')

/** What the same memory is to a layer with groups: c and m together are the output channels. */
const layers = {
  hwcm: {
    filterLayout: 'hwio',
    words: ['kernel height', 'kernel width', 'channels', 'multiplier'],
    grouped: ([h, w, c, m]: Axes) => ({ channels: c, outChannels: c * m, shape: [h, w, 1, c * m] }),
  },
  cmhw: {
    filterLayout: 'oihw',
    words: ['channels', 'multiplier', 'kernel height', 'kernel width'],
    grouped: ([c, m, h, w]: Axes) => ({ channels: c, outChannels: c * m, shape: [c * m, 1, h, w] }),
  },
} as const

type Axes = readonly [number, number, number, number]

/**
 * A depthwise convolutional layer: `H[i,j,c m + k] = u[c m + k] + sum over a, b of V[a,b,c,k] X[i+a,j+b,c]`, the
 * channel multiplier m being how many filters each channel has.
 *
 * It is a Conv2d of as many groups as channels, has its methods, and speaks as one of a filter of
 * kernel height x kernel width x 1 x (channels * multiplier).
 *
 * @throws as Conv2d.
 * @example
 * const filter = tensor(Float32Array.of(1, 10, 2, 20, 3, 30), [1, 1, 3, 2]) // 3 channels, each by two numbers
 * const layer = new DepthwiseConv2d({ filter })
 * layer.runSync(tensor(Float32Array.of(1, 1, 1), [1, 1, 3])).data // [1, 10, 2, 20, 3, 30]
 */
export class DepthwiseConv2d<
  I extends ElementType = 'float32',
  O extends ElementType = 'float32',
> extends Conv2d<I, O> {
  /** Packs the weights; see DepthwiseConv2dOptions for what can be given, and its defaults. */
  constructor(options: DepthwiseConv2dOptions<I, O>) {
    super(inGroups(options))
  }
}

/** The same layer as a Conv2d with groups; each option is read once. */
function inGroups<I extends ElementType, O extends ElementType>(given: unknown): Conv2dOptions<I, O> {
  const { filter, filterLayout = 'hwcm', ...rest } = options('options', given, optionNames)
  const layer = layers[oneOf('filterLayout', filterLayout, Object.keys(layers) as DepthwiseFilterLayout[])]
  const { data: givenData, shape: givenShape } = parts('filter', filter)
  const axes = checkShape('filter.shape', givenShape)
  if (axes.length !== 4) {
    throw convError(
      'ERR_CONV_SHAPE',
      `filter.shape must have 4 axes (${times(layer.words)}), got ${axes.length} (${times(axes)})`,
    )
  }
  const data = checkFloats('filter.data', givenData)
  checkLength('filter', data, axes, times(layer.words))
  const { channels, outChannels, shape } = layer.grouped(axes as Axes)
  if (outChannels > maxDimension) {
    throw convError(
      'ERR_CONV_RANGE',
      `${channels} channels by ${outChannels / channels} are ${outChannels} output channels, more than ${maxDimension}`,
    )
  }
  const filters = { filter: { data, shape }, filterLayout: layer.filterLayout, groups: channels }
  return { ...rest, ...filters }
}
