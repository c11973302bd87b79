/** Random layers on random images: the options for the library, and the same thing in words for the oracle. */
import {
  Conv2d,
  info,
  type Activation,
  type AxisBorder,
  type Conv2dOptions,
  type ElementType,
  type FilterLayout,
  type Layout,
  type Tensor,
} from 'simdconv'
import type { OracleAxis, OracleCase, OracleResult } from './oracle'
import type { Random } from './random'

export interface Case {
  /** A reproduction: "n2 h5 w7 c3 -> 17, k2x3 s1x2 p0,1,1,0 d1x2 ...". */
  readonly name: string
  readonly input: Tensor
  readonly options: Conv2dOptions
  readonly layout: Layout
  readonly inWords: OracleCase
}

export type Numbers = 'small integers' | 'floats'

const forms = /^winograd-/

/** Winograd's, one by one. */
export const winogradForms = info().algorithms.filter((name) => forms.test(name))

/** Every other algorithm that can be forced; without vectors there are no groups that share one. */
export const algorithms = info().algorithms.filter(
  (name) =>
    name !== 'auto' && !name.startsWith('winograd') && !(name === 'grouped' && info().isa === 'scalar'),
)

/** The layers among which an algorithm finds some that it can do. */
export const kindFor = (algorithm: string): Kind =>
  algorithm === 'separable' ? 'rank one' : algorithm === 'grouped' ? 'small groups' : 'depthwise'

/** Whether the algorithm that the options force can do the layer. */
export function accepts(options: Conv2dOptions<ElementType, ElementType>): boolean {
  try {
    new Conv2d(options).dispose()
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_CONV_ALGORITHM') return false
    throw error
  }
}

const axisModes = ['constant', 'edge', 'reflect', 'symmetric', 'wrap', 'renormalize'] as const

const filterOrders = {
  hwio: (a: number, b: number, c: number, d: number, [, kw, i, o]: readonly number[]) =>
    ((a * kw! + b) * i! + c) * o! + d,
  oihw: (a: number, b: number, c: number, d: number, [kh, kw, i]: readonly number[]) =>
    ((d * i! + c) * kh! + a) * kw! + b,
  ohwi: (a: number, b: number, c: number, d: number, [kh, kw, i]: readonly number[]) =>
    ((d * kh! + a) * kw! + b) * i! + c,
  ihwo: (a: number, b: number, c: number, d: number, [kh, kw, , o]: readonly number[]) =>
    ((c * kh! + a) * kw! + b) * o! + d,
} as const

/** Channels around the lanes of every instruction set; one alone is an image filter. */
const depthwiseGroups = {
  any: [2, 3, 5, 8, 16, 17, 32, 33],
  depthwise: [1, 1, 1, 2, 3, 5, 8, 16, 16, 17, 32, 32, 33, 48, 64],
} as const

/** An option and what it means; `slope` is the most by which it enlarges a difference. */
export interface NamedActivation {
  readonly option: Activation | undefined
  readonly of: (x: number) => number
  readonly slope: number
}

/** Piecewise linear ones stay exact on small integers. */
export const exactActivations: readonly NamedActivation[] = [
  { option: undefined, of: (x) => x, slope: 1 },
  { option: 'none', of: (x) => x, slope: 1 },
  { option: 'relu', of: (x) => Math.max(x, 0), slope: 1 },
  { option: { kind: 'leakyRelu', alpha: 0.5 }, of: (x) => (x < 0 ? x * 0.5 : x), slope: 1 },
  { option: { kind: 'clamp', min: -3, max: 6 }, of: (x) => Math.min(Math.max(x, -3), 6), slope: 1 },
]

export const smoothActivations: readonly NamedActivation[] = [
  { option: 'leakyRelu', of: (x) => (x < 0 ? x * 0.01 : x), slope: 1 },
  { option: 'sigmoid', of: (x) => 1 / (1 + Math.exp(-x)), slope: 0.25 },
  { option: 'tanh', of: Math.tanh, slope: 1 },
  { option: 'hardSwish', of: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6, slope: 1.5 },
  { option: 'silu', of: (x) => x / (1 + Math.exp(-x)), slope: 1.1 },
  { option: 'gelu', of: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2, slope: 1.13 },
  {
    option: { kind: 'geluTanh' },
    of: (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
    slope: 1.13,
  },
]

/** The error function by its Taylor series, which is exact enough up to 5; beyond it is 1 in doubles. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

/**
 * Of layers. Those of rank one are depthwise, their kernels products of a column and a row, and their strides 1. Dense
 * ones have strides and dilations of 1, kernels of 1x3, 3x1, 3x3 and 5x5, and more than a few output channels. Those
 * with small groups have as many channels in as out, whole vectors of them, kernels of 3x3 and 5x5, and both strides the
 * same.
 */
export type Kind = 'any' | 'depthwise' | 'rank one' | 'dense' | 'small groups'

/**
 * One random case. With small integers every order of summation gives the same bits, so nothing re-weights. Of the
 * layers of any kind one in five is depthwise.
 */
export function randomCase(random: Random, numbers: Numbers, kind: Kind = 'any'): Case {
  const exact = numbers === 'small integers'
  const dense = kind === 'dense'
  const grouped = kind === 'small groups'
  const depthwise = !dense && !grouped && (kind !== 'any' || random.integer(0, 4) === 0)
  const perGroup = grouped ? random.pick([2, 2, 4, 4, 8, 16]) : 0
  const groups = grouped
    ? (16 / perGroup) * random.integer(1, 3)
    : depthwise
      ? random.pick(depthwiseGroups[kind === 'any' ? 'any' : 'depthwise'])
      : random.pick([1, 1, 1, 1, 2, 3])
  const inPerGroup = grouped ? perGroup : depthwise ? 1 : random.pick([1, 2, 3, 5, 7, 8, 13, 16])
  const outPerGroup = grouped
    ? perGroup
    : depthwise
      ? random.pick([1, 1, 2])
      : random.pick(dense ? [9, 15, 16, 17, 31, 32, 33, 37] : [1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 32, 33, 37])
  const inChannels = groups * inPerGroup
  const outChannels = groups * outPerGroup
  const batch = random.pick([1, 1, 2, 3])
  const squares = [
    [3, 3],
    [5, 5],
  ] as const
  const [kernelHeight, kernelWidth] = grouped
    ? random.pick(squares)
    : dense
      ? random.pick([[1, 3], [3, 1], ...squares] as const)
      : ([random.pick([1, 1, 2, 3, 3, 4, 5]), random.pick([1, 1, 2, 3, 3, 5, 7])] as const)
  const strides = grouped
    ? random.pick([
        [1, 1],
        [2, 2],
      ] as const)
    : dense || kind === 'rank one'
      ? ([1, 1] as const)
      : ([random.pick([1, 1, 2, 3]), random.pick([1, 1, 2, 5])] as const)
  const dilations =
    dense || grouped ? ([1, 1] as const) : ([random.pick([1, 1, 2, 3]), random.pick([1, 1, 2, 3])] as const)
  const height = random.pick([1, 2, 3, 5, 7, 9, 13])
  const width = random.pick([1, 2, 3, 5, 7, 11, 17, 31, 43])
  const spanHeight = (kernelHeight - 1) * dilations[0] + 1
  const spanWidth = (kernelWidth - 1) * dilations[1] + 1
  const padding = {
    top: random.integer(0, spanHeight + 1),
    bottom: random.integer(0, 3),
    left: random.integer(0, spanWidth + 1),
    right: random.integer(0, 3),
  }
  padding.bottom += Math.max(0, spanHeight - height - padding.top - padding.bottom)
  padding.right += Math.max(0, spanWidth - width - padding.left - padding.right)
  const flip = random.pick([false, false, true])
  const layout = random.pick(['nhwc', 'nhwc', 'nchw'] as const)
  const filterLayout = random.pick(['hwio', 'oihw', 'ohwi', 'ihwo'] as const)
  const modes = exact ? axisModes.slice(0, 5) : axisModes
  const borderY: OracleAxis = { mode: random.pick(modes), value: random.integer(-2, 2) }
  const borderX: OracleAxis = { mode: random.pick(modes), value: random.integer(-2, 2) }
  const by = random.pick(['area', 'weight'] as const)
  const withBias = random.pick([true, false])
  const activation = random.pick(exact ? exactActivations : [...exactActivations, ...smoothActivations])
  const draw = (length: number): Float32Array => (exact ? random.integers(length, 3) : random.floats(length))

  const filterSizes = [kernelHeight, kernelWidth, inPerGroup, outChannels] as const
  const order = filterOrders[filterLayout]
  const filter = draw(kernelHeight * kernelWidth * inPerGroup * outChannels)
  if (kind === 'rank one') {
    const column = draw(kernelHeight * outChannels)
    const row = draw(kernelWidth * outChannels)
    for (let a = 0; a < kernelHeight; a++) {
      for (let b = 0; b < kernelWidth; b++) {
        for (let d = 0; d < outChannels; d++) {
          filter[order(a, b, 0, d, filterSizes)] = column[a * outChannels + d]! * row[b * outChannels + d]!
        }
      }
    }
  }
  const bias = withBias ? draw(outChannels) : undefined
  const data = draw(batch * height * width * inChannels)
  const asRank3 = batch === 1 && random.pick([true, false])
  const shape = layout === 'nhwc' ? [batch, height, width, inChannels] : [batch, inChannels, height, width]

  const inWords: OracleCase = {
    batch,
    height,
    width,
    inChannels,
    outChannels,
    groups,
    kernelHeight,
    kernelWidth,
    strides,
    dilations,
    padding,
    flip,
    borderY,
    borderX,
    by,
    sample: (n, y, x, c) =>
      data[
        layout === 'nhwc'
          ? ((n * height + y) * width + x) * inChannels + c
          : ((n * inChannels + c) * height + y) * width + x
      ]!,
    weight: (a, b, c, d) => filter[order(a, b, c, d, filterSizes)]!,
    bias: (d) => bias?.[d] ?? 0,
    activation: activation.of,
    activationError: smoothActivations.includes(activation) ? 4e-7 : 0,
  }
  const options: Conv2dOptions = {
    filter: { data: filter, shape: filterShape(filterLayout, filterSizes) },
    filterLayout,
    bias,
    strides: strides[0] === strides[1] ? strides[0] : strides,
    dilations,
    groups,
    padding,
    border: { y: axisOption(borderY, by), x: axisOption(borderX, by) },
    activation: activation.option,
    layout,
    flip,
  }
  const sides = `p${padding.top},${padding.bottom},${padding.left},${padding.right}`
  const steps = `s${strides.join('x')} ${sides} d${dilations.join('x')} g${groups}`
  const border = `${borderY.mode} ${borderY.value} / ${borderX.mode} ${borderX.value} by ${by}`
  const details = `${border}, ${layout} ${filterLayout}${flip ? ' flip' : ''}${withBias ? ' bias' : ''} ${JSON.stringify(activation.option)}`
  return {
    name: `n${batch} h${height} w${width} c${inChannels} -> ${outChannels}, k${kernelHeight}x${kernelWidth} ${steps}, ${details}`,
    input: { data, shape: asRank3 ? shape.slice(1) : shape },
    options,
    layout,
    inWords,
  }
}

function filterShape(
  layout: FilterLayout,
  [h, w, i, o]: readonly [number, number, number, number],
): number[] {
  const sizes = { h, w, i, o }
  return Array.from(layout, (axis) => sizes[axis as keyof typeof sizes])
}

function axisOption(axis: OracleAxis, by: 'area' | 'weight'): AxisBorder {
  if (axis.mode === 'constant') return { mode: 'constant', value: axis.value }
  return axis.mode === 'renormalize' ? { mode: 'renormalize', by } : axis.mode
}

/** The elements of a result in the oracle's order. */
export function inOracleOrder({ layout, inWords }: Case, data: Float32Array): Float32Array {
  if (layout === 'nhwc') return data
  const { batch, outChannels } = inWords
  const pixels = data.length / (batch * outChannels)
  const ordered = new Float32Array(data.length)
  for (let n = 0; n < batch; n++) {
    for (let d = 0; d < outChannels; d++) {
      for (let p = 0; p < pixels; p++) {
        ordered[(n * pixels + p) * outChannels + d] = data[(n * outChannels + d) * pixels + p]!
      }
    }
  }
  return ordered
}

/** The first element that is further from the oracle than its bound, in words; undefined when there is none. */
export function firstMistake(
  actual: Float32Array,
  { values, bounds }: OracleResult,
  isExact: boolean,
): string | undefined {
  if (actual.length !== values.length) return `${actual.length} elements, expected ${values.length}`
  for (let index = 0; index < values.length; index++) {
    const [got, want, bound] = [actual[index]!, values[index]!, isExact ? 0 : bounds[index]!]
    if (!(Math.abs(got - want) <= bound)) return `[${index}] is ${got}, expected ${want} within ${bound}`
  }
  return undefined
}
