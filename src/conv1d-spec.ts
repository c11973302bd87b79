/** The options of a layer on sequences, as those of a layer on images one row high. */
import type { Activation } from './activation.js'
import type { AxisBorder } from './border.js'
import { integer, isArray, isObject, oneOf, options, wrongType } from './check.js'
import { layerOptionNames, type Accuracy, type Algorithm, type Conv2dOptions } from './spec.js'
import { elementTypes, type ElementType } from './element-type.js'
import { convError } from './errors.js'
import type { PaddingSpec } from './padding.js'
import { checkOutput, resolveAxis } from './shape.js'
import { checkFloats, checkLength, checkShape, maxDimension, parts, times, type Tensor } from './tensor.js'

/** Index orders of a filter for sequences: w are its taps, i and o its channels in and out. */
export type Filter1dLayout = (typeof filterLayouts)[number]

/** Where the channels of a sequence are: innermost, or before its steps. */
export type Layout1d = (typeof layouts)[number]

/**
 * How far the kernel may reach over the ends of a sequence; span = (kernel - 1) * dilation + 1.
 *
 * | padding           | meaning                                                                        |
 * | ----------------- | ------------------------------------------------------------------------------ |
 * | `valid` (default) | none: out = floor((in - span) / stride) + 1                                    |
 * | `same`            | out = ceil(in / stride); an odd step goes to the right                         |
 * | `same-lower`      | the same, an odd step goes to the left                                         |
 * | `full`            | span - 1 at both ends: every output that any step contributes to               |
 * | `causal`          | span - 1 on the left: output t sees input steps up to t * stride, none to come |
 * | a number          | at both ends                                                                   |
 * | `{ left, right }` | each end, 0 where left out                                                     |
 */
export type Padding1d =
  | (typeof paddings)[number]
  | number
  | { readonly left?: number | undefined; readonly right?: number | undefined }

const filterLayouts = ['wio', 'oiw', 'owi', 'iwo'] as const
const layouts = ['nwc', 'ncw'] as const
const paddings = ['valid', 'same', 'same-lower', 'full', 'causal'] as const
const maxStep = 65535

/** A convolutional layer on sequences: `H[t,d] = u[d] + sum over a, c of V[a,c,d] X[t+a,c]` (E5 in one dimension). */
export interface Conv1dOptions<I extends ElementType = 'float32', O extends ElementType = 'float32'> {
  /** The weights V: rank 3, in the order of `filterLayout`. With groups, `i` counts the channels of one group. */
  readonly filter: Tensor
  /** Default `wio`: kernel length x in x out. */
  readonly filterLayout?: Filter1dLayout | undefined
  /** One number per output channel, added before the activation. Default none. */
  readonly bias?: Float32Array | undefined
  /** Step between windows, from 1 to 65535. Default 1. */
  readonly strides?: number | undefined
  /** Step between taps, from 1 to 65535; 1, the default, is a dense kernel. */
  readonly dilations?: number | undefined
  /** Default 1. As many groups as channels filters each channel by itself. */
  readonly groups?: number | undefined
  /** How far the kernel reaches over the ends. Default `valid`: not at all. */
  readonly padding?: Padding1d | undefined
  /** What it reads there. Default `{ mode: 'constant', value: 0 }`. */
  readonly border?: AxisBorder | undefined
  /** Applied to each output. Default `none`. */
  readonly activation?: Activation | undefined
  /** Of input and output. Default `nwc`: batch x length x channels. */
  readonly layout?: Layout1d | undefined
  /** Of the input: `uint8` is bytes, which are read as the numbers from 0 to 255. Default `float32`. */
  readonly inputType?: I | undefined
  /** Of the output; `uint8` rounds to the nearest integer and clamps to 0 to 255. Default `float32`. */
  readonly outputType?: O | undefined
  /** True turns the kernel round; with `causal` padding, the layer is a FIR filter whose tap 0 is for now. */
  readonly flip?: boolean | undefined
  /** Default `auto`; a name forces that one, or throws with the reason why it cannot. */
  readonly algorithm?: Algorithm | undefined
  /** What rounding may do to a sum, in exchange for speed. Default `high`. */
  readonly accuracy?: Accuracy | undefined
}

const optionNames = layerOptionNames satisfies readonly (keyof Conv1dOptions)[]

/** What a layer has to know to speak of sequences, when what computes speaks of images. */
export interface Conv1dSpec {
  readonly filterWords: string // "3 x 5 x 8, kernel length x in x out"
  readonly kernelLength: number
  readonly inChannels: number
  readonly outChannels: number
  readonly stride: number
  readonly dilation: number
  readonly padding: PaddingSpec
  readonly layout: Layout1d
  readonly inputType: ElementType
  readonly outputType: ElementType
}

/** A layer meets a sequence: both shapes, and what they are to a layer on images; a checked copy is kept. */
export interface Sequence {
  readonly inputShape: readonly number[]
  readonly outputShape: readonly number[]
  readonly imageShape: readonly number[]
  readonly outputImageShape: readonly number[]
  readonly words: string
}

const words = { w: 'length', i: 'in', o: 'out', n: 'batch', c: 'channels' } as const

/** "batch x length x channels", in the order of a layout. */
function inWords(layout: string): string {
  return times(Array.from(layout, (axis) => words[axis as keyof typeof words]))
}

/** The shape of the same memory as an image, or a filter, that is one row high. */
function raise(shape: readonly number[], layout: string): readonly number[] {
  const width = layout.indexOf('w')
  return [...shape.slice(0, width), 1, ...shape.slice(width)]
}

/**
 * Checks what a layer on images would not understand, or would call by another name, and leaves the rest to it. Each
 * option is read once.
 */
export function resolveConv1d(given: unknown): {
  readonly spec: Conv1dSpec
  readonly image: Conv2dOptions<ElementType, ElementType>
} {
  const {
    filter,
    filterLayout: filterLayoutName = 'wio',
    strides = 1,
    dilations = 1,
    groups: givenGroups = 1,
    padding: givenPadding = 'valid',
    border,
    layout: layoutName = 'nwc',
    inputType: inputTypeName = 'float32',
    outputType: outputTypeName = 'float32',
    ...rest
  } = options('options', given, optionNames)
  const filterLayout = oneOf('filterLayout', filterLayoutName, filterLayouts)
  const { data, shape } = resolveFilter(filter, filterLayout)
  const axis = (name: 'w' | 'i' | 'o'): number => shape[filterLayout.indexOf(name)]!
  const groups = integer('groups', givenGroups, 1, maxDimension)
  const stride = integer('strides', strides, 1, maxStep)
  const dilation = integer('dilations', dilations, 1, maxStep)
  const layout = oneOf('layout', layoutName, layouts)
  const inputType = oneOf('inputType', inputTypeName, elementTypes)
  const outputType = oneOf('outputType', outputTypeName, elementTypes)
  const padding = resolvePadding(givenPadding, (axis('w') - 1) * dilation)
  const filterWords = `${times(shape)}, ${inWords(filterLayout).replace('length', 'kernel length')}`
  const image = {
    ...rest,
    filter: { data, shape: raise(shape, filterLayout) },
    filterLayout: filterLayout.replace('w', 'hw'),
    strides: [1, stride],
    dilations: [1, dilation],
    groups,
    padding,
    border: checkBorder(border),
    layout: layout.replace('w', 'hw'),
    inputType,
    outputType,
  } as Conv2dOptions<ElementType, ElementType>
  const spec = {
    filterWords: groups === 1 ? filterWords : `${filterWords}, in ${groups} groups`,
    kernelLength: axis('w'),
    inChannels: axis('i') * groups,
    outChannels: axis('o'),
    stride,
    dilation,
    padding,
    layout,
    inputType,
    outputType,
  }
  return { spec: Object.freeze(spec), image }
}

function resolveFilter(
  given: unknown,
  layout: Filter1dLayout,
): { readonly data: Float32Array; readonly shape: readonly number[] } {
  const { data, shape: givenShape } = parts('filter', given)
  const shape = checkShape('filter.shape', givenShape)
  const axes = inWords(layout).replace('length', 'kernel length')
  if (shape.length !== 3) {
    throw convError(
      'ERR_CONV_SHAPE',
      `filter.shape must have 3 axes (${axes}), got ${shape.length} (${times(shape)})`,
    )
  }
  const filter = checkFloats('filter.data', data)
  checkLength('filter', filter, shape, axes)
  return { data: filter, shape }
}

/** `reach` is how far the kernel reaches from its first tap to its last. */
function resolvePadding(value: unknown, reach: number): PaddingSpec {
  if (typeof value === 'string') {
    const name = oneOf('padding', value, paddings)
    return name === 'causal' ? ends(reach, 0) : name
  }
  if (typeof value === 'number') {
    const both = integer('padding', value, 0, maxDimension)
    return ends(both, both)
  }
  const rule = 'a name, a number or { left, right }'
  if (isArray(value)) throw wrongType('padding', rule, value, '; name the ends')
  if (!isObject(value)) throw wrongType('padding', rule, value)
  const { left = 0, right = 0 } = options('padding', value, ['left', 'right'], 'padding.')
  return ends(
    integer('padding.left', left, 0, maxDimension),
    integer('padding.right', right, 0, maxDimension),
  )
}

function ends(left: number, right: number): PaddingSpec {
  return Object.freeze({ top: 0, bottom: 0, left, right })
}

function checkBorder(border: unknown): unknown {
  if (isObject(border) && ('x' in border || 'y' in border)) {
    throw convError(
      'ERR_CONV_BORDER',
      'border of a sequence has one axis, and needs no { x, y }; give a name or { mode }',
    )
  }
  return border
}

/** Everything that follows from a layer and the shape of a sequence. */
export function resolveSequence(spec: Conv1dSpec, name: string, shape: readonly number[]): Sequence {
  const { layout, inChannels, outChannels } = spec
  const rank = shape.length
  if (rank !== 2 && rank !== 3) {
    const [two, three] = [inWords(layout.slice(1)), inWords(layout)]
    throw convError(
      'ERR_CONV_SHAPE',
      `${name} must have 2 axes (${two}) or 3 (${three}), got ${rank} (${times(shape)})`,
    )
  }
  const order = layout.slice(3 - rank)
  const [length, channels] = [shape[order.indexOf('w')]!, shape[order.indexOf('c')]!]
  if (channels !== inChannels) {
    const other = layout === 'nwc' ? 'ncw' : 'nwc'
    const hint = length === inChannels ? `; did you mean layout "${other}"?` : ''
    throw convError(
      'ERR_CONV_SHAPE',
      `input has ${channels} channels, the filter expects ${inChannels} (${spec.filterWords})${hint}`,
    )
  }
  const { out } = resolveAxis(spec.padding, {
    word: 'length',
    lines: 'steps',
    ends: ['left', 'right'],
    length,
    kernel: spec.kernelLength,
    dilation: spec.dilation,
    stride: spec.stride,
  })
  const sizes = { n: shape[0]!, w: out, c: outChannels }
  const outputShape = Object.freeze(Array.from(order, (axis) => sizes[axis as keyof typeof sizes]))
  checkOutput(outputShape)
  return {
    inputShape: Object.freeze(shape),
    outputShape,
    imageShape: raise(shape, order),
    outputImageShape: raise(outputShape, order),
    words: inWords(order),
  }
}
