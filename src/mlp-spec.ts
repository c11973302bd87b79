/** From the options of a perceptron per pixel to a complete, frozen specification. */
import { resolveActivation, type Activation } from './activation.js'
import { describe, isArray, isInteger, oneOf, options, wrongNumber, wrongType, type Bag } from './check.js'
import { elementTypes, type ElementType } from './element-type.js'
import { convError } from './errors.js'
import type { NativeMlpLayer } from './native.js'
import type { Layout } from './spec.js'
import { parts, type Tensor } from './tensor.js'
import { resolveBias, resolveWeights, resolveWeightShape } from './weights.js'

/** Enough for any perceptron that is worth its time on every pixel. */
const maxLayers = 64
/** Where the weights of one layer are 4 MiB, and no longer fit a cache that a core has to itself. */
const maxWidth = 1024

/** A connection that skips layers: the output of an earlier one, or the input, is added to that of a later one. */
export interface MlpResidual {
  /** The index of an earlier layer, or the input of the whole. It must be as wide as the output that it is added to. */
  readonly from: 'input' | number
  /** To the sum `before` the activation, the default (He et al. 2015), or to what it gives, `after` it. */
  readonly add?: 'before' | 'after' | undefined
}

/** One layer of a PixelMlp: `h = f(x V + u)` for the channels x of one pixel. */
export interface MlpLayer {
  /** V: rank 2, in x out, each from 1 to 1024. As many in as the layer before gives out. */
  readonly weights: Tensor
  /** u: one number per output channel. Default none. */
  readonly bias?: Float32Array | undefined
  /** f. Default `none`. */
  readonly activation?: Activation | undefined
  /** What else is added to `x V + u`, or to h. Default nothing. */
  readonly residual?: MlpResidual | undefined
}

/**
 * What becomes of a pixel's last channels.
 *
 * | name | value |
 * | --- | --- |
 * | `none` (default) | all of them, as they are |
 * | `softmax` | exp(x) over the sum of exp(x) of all channels; with an Infinity or NaN among them all are NaN |
 * | `argmax` | the index of the largest, and of equal ones the first: one channel; a NaN is as large as Infinity |
 */
export type Classify = (typeof classifications)[number]

const classifications = ['none', 'softmax', 'argmax'] as const

/** A multilayer perceptron that is run on each pixel by itself: `H[i,j] = f_n(... f_1(X[i,j] V_1 + u_1) ... V_n + u_n)`. */
export interface PixelMlpOptions<
  I extends ElementType = 'float32',
  O extends ElementType = 'float32',
  L = MlpLayer,
> {
  /** 1 to 64 of them, from the input to the output. */
  readonly layers: readonly L[]
  /** Of the channels at the end. Default `none`. */
  readonly classify?: Classify | undefined
  /** Of input and output. Default `nhwc`: batch x height x width x channels. */
  readonly layout?: Layout | undefined
  /** Of the input: `uint8` is bytes, which are read as the numbers from 0 to 255. Default `float32`. */
  readonly inputType?: I | undefined
  /**
   * Of the output. As `uint8` each result, after all else, is rounded to the nearest integer, halves to even, and clamped
   * to 0 to 255; NaN becomes 0. Default `float32`.
   */
  readonly outputType?: O | undefined
}

export const mlpOptionNames = [
  'layers',
  'classify',
  'layout',
  'inputType',
  'outputType',
] as const satisfies readonly (keyof PixelMlpOptions)[]

export const mlpLayerNames = [
  'weights',
  'bias',
  'activation',
  'residual',
] as const satisfies readonly (keyof MlpLayer)[]

/** The axes of weights, in words. */
export const denseAxes = ['in', 'out'] as const

/** A specification without its layers. */
export interface MlpTraits {
  readonly inChannels: number
  /** After classify. */
  readonly outChannels: number
  readonly classify: Classify
  readonly layout: Layout
  readonly inputType: ElementType
  readonly outputType: ElementType
}

/** Options with nothing left open. */
export interface MlpSpec extends MlpTraits {
  readonly layers: readonly NativeMlpLayer[]
}

/** A layer whose every option was read, while its memory is still what the user has. */
interface ReadLayer extends Omit<NativeMlpLayer, 'weights' | 'bias'> {
  readonly name: string
  readonly shape: readonly number[]
  readonly weights: unknown
  readonly bias: unknown
}

/** Checks the options of a perceptron and fills in what is missing. Each option is read once. */
export function resolveMlp(given: unknown): MlpSpec {
  const {
    layers: givenLayers,
    classify: classifyName = 'none',
    layout = 'nhwc',
    inputType: inputName = 'float32',
    outputType: outputName = 'float32',
  } = options('options', given, mlpOptionNames)
  const read: ReadLayer[] = []
  for (const layer of readLayers(givenLayers)) read.push(readLayer(layer, read))
  const classify = oneOf('classify', classifyName, classifications)
  const outputType = oneOf('outputType', outputName, elementTypes)
  const lastWidth = read.at(-1)!.outChannels
  if (classify === 'argmax') checkIndices(lastWidth, outputType)
  const traits: MlpTraits = {
    inChannels: read[0]!.inChannels,
    outChannels: classify === 'argmax' ? 1 : lastWidth,
    classify,
    layout: oneOf('layout', layout, ['nhwc', 'nchw']),
    inputType: oneOf('inputType', inputName, elementTypes),
    outputType,
  }
  // No getter of the user's runs from here on: memory is still what it is now when the weights are packed.
  return Object.freeze({ ...traits, layers: Object.freeze(read.map(resolveLayer)) })
}

/** The layers, each read once, by name. */
export function readLayers(value: unknown): readonly (readonly [name: string, layer: unknown])[] {
  if (!isArray(value)) throw wrongType('layers', 'an array of layers', value)
  const count: unknown = value.length // of a Proxy it can be anything
  if (!isInteger(count, 1, maxLayers))
    throw convError('ERR_CONV_RANGE', `layers must have 1 to ${maxLayers} elements, got ${describe(count)}`)
  return Array.from({ length: count }, (_, index) => [`layers[${index}]`, value[index]])
}

/** The options of one layer, all names known. */
export function layerOptions(name: string, value: unknown, known: readonly string[] = mlpLayerNames): Bag {
  return options(name, value, known, `${name}.`)
}

function readLayer([name, value]: readonly [string, unknown], before: readonly ReadLayer[]): ReadLayer {
  const { weights, bias, activation = 'none', residual } = layerOptions(name, value)
  const given = parts(`${name}.weights`, weights)
  const shape = resolveWeightShape(`${name}.weights`, given.shape, denseAxes)
  const [inChannels, outChannels] = shape as [number, number]
  checkWidths(`${name}.weights`, inChannels, outChannels)
  const widths = [before[0]?.inChannels ?? inChannels, ...before.map((layer) => layer.outChannels)]
  const previous = before.at(-1)
  if (previous !== undefined && previous.outChannels !== inChannels) {
    throw convError(
      'ERR_CONV_SHAPE',
      `${name}.weights has ${inChannels} inputs, layer ${before.length - 1} gives ${previous.outChannels} outputs`,
    )
  }
  return {
    name,
    shape,
    weights: given.data,
    bias,
    inChannels,
    outChannels,
    activation: resolveActivation(activation, `${name}.activation`),
    ...resolveResidual(`${name}.residual`, residual, outChannels, widths),
  }
}

/** Refuses weights that have more inputs or outputs than are possible. */
export function checkWidths(name: string, inChannels: number, outChannels: number): void {
  for (const [width, what] of [
    [inChannels, 'inputs'],
    [outChannels, 'outputs'],
  ] as const) {
    if (width > maxWidth)
      throw convError('ERR_CONV_RANGE', `${name} has ${width} ${what}, at most ${maxWidth} are possible`)
  }
}

/** `widths` are those of the input and of the layers before. */
function resolveResidual(
  name: string,
  value: unknown,
  outChannels: number,
  widths: readonly number[],
): Pick<NativeMlpLayer, 'residualFrom' | 'residualAfter'> {
  if (value === undefined) return { residualFrom: -2, residualAfter: false }
  const { from, add = 'before' } = options(name, value, ['from', 'add'], `${name}.`)
  const residualFrom = from === 'input' ? -1 : earlierLayer(`${name}.from`, from, widths.length - 1)
  const residualAfter = oneOf(`${name}.add`, add, ['before', 'after']) === 'after'
  const width = widths[residualFrom + 1]!
  if (width !== outChannels) {
    const source = residualFrom < 0 ? 'the input' : `layer ${residualFrom}`
    throw convError(
      'ERR_CONV_SHAPE',
      `${name} adds the ${width} channels of ${source} to ${outChannels} outputs; the widths must be equal`,
    )
  }
  return { residualFrom, residualAfter }
}

function earlierLayer(name: string, value: unknown, count: number): number {
  if (isInteger(value, 0, count - 1)) return value + 0
  const indices = count === 1 ? '0' : `an integer from 0 to ${count - 1}`
  const rule = count === 0 ? '"input"' : `"input" or ${indices}, an earlier layer`
  throw wrongNumber(name, rule, value)
}

/** Refuses indices that bytes cannot hold: the clamped ones would be wrong, and look right. */
function checkIndices(classes: number, type: ElementType): void {
  if (type === 'uint8' && classes > 256) {
    throw convError(
      'ERR_CONV_RANGE',
      `classify "argmax" gives indices up to ${classes - 1} here, and outputType "uint8" holds 0 to 255; say "float32"`,
    )
  }
}

function resolveLayer({ name, shape, weights, bias, ...layer }: ReadLayer): NativeMlpLayer {
  return Object.freeze({
    ...layer,
    weights: resolveWeights(`${name}.weights`, weights, shape, denseAxes),
    bias: bias === undefined ? null : resolveBias(`${name}.bias`, bias, layer.outChannels),
  })
}
