/**
 * Perceptrons of other libraries, and chains of 1 x 1 convolutions, as options of PixelMlp and back. Which order weights
 * are in is said by the name of a function, and never guessed from a shape.
 */
import { activationOf } from './activation.js'
import { finite, options, wrongNumber, type Bag } from './check.js'
import type { ElementType } from './element-type.js'
import { convError, isConvError, type ConvError } from './errors.js'
import { lengthOf } from './intrinsics.js'
import {
  checkWidths,
  denseAxes,
  layerOptions,
  mlpLayerNames,
  mlpOptionNames,
  readLayers,
  resolveMlp,
  type MlpLayer,
  type PixelMlpOptions,
} from './mlp-spec.js'
import { resolveConv2d, type Conv2dOptions, type Conv2dSpec } from './spec.js'
import { freezeTensor, parts, type Tensor } from './tensor.js'
import { resolveBias, resolveWeights, resolveWeightShape } from './weights.js'

/** A layer in terms of ONNX's operator Gemm: `h = f(alpha x B + beta C)`, where `weights` are B and `bias` is C. */
export interface OnnxGemmLayer extends MlpLayer {
  /** The attribute: 0, the default, where `weights` are in x out; 1 where they are out x in. */
  readonly transB?: 0 | 1 | undefined
  /** The attribute. Weights are multiplied by it once, and rounded to float32. Default 1. */
  readonly alpha?: number | undefined
  /** The attribute; the bias is multiplied by it. Default 1. */
  readonly beta?: number | undefined
}

/** Weights that are out x in. */
export function fromOutIn<I extends ElementType, O extends ElementType>(
  given: unknown,
): PixelMlpOptions<I, O> {
  return translate(given, mlpLayerNames, (name, { weights, bias }) => {
    const { data, shape } = readWeights(name, weights, ['out', 'in'])
    return { weights: transposed(data, shape[0]!, shape[1]!), bias }
  })
}

/** Weights that are out x in x 1 x 1. */
export function fromOutIn11<I extends ElementType, O extends ElementType>(
  given: unknown,
): PixelMlpOptions<I, O> {
  return translate(given, mlpLayerNames, (name, { weights, bias }) => {
    const { data, shape } = readWeights(name, weights, ['out', 'in', 'kernel height', 'kernel width'])
    const [outChannels, inChannels, height, width] = shape as [number, number, number, number]
    if (height * width !== 1) throw notPointwise(`${name}.weights`, height, width)
    return { weights: transposed(data, outChannels, inChannels), bias }
  })
}

/** Weights that say themselves which way they are. */
export function fromGemm<I extends ElementType, O extends ElementType>(
  given: unknown,
): PixelMlpOptions<I, O> {
  return translate(given, [...mlpLayerNames, 'transB', 'alpha', 'beta'], (name, layer) => {
    const { weights, bias, transB = 0, alpha = 1, beta = 1 } = layer
    if (transB !== 0 && transB !== 1) throw wrongNumber(`${name}.transB`, '0 or 1', transB)
    const scale = finite(`${name}.alpha`, alpha)
    const biasScale = finite(`${name}.beta`, beta)
    const { data, shape } = readWeights(name, weights, transB === 1 ? ['out', 'in'] : denseAxes)
    const ordered = transB === 1 ? transposed(data, shape[0]!, shape[1]!) : freezeTensor(data, shape)
    return {
      weights: scale === 1 ? ordered : freezeTensor(scaled(ordered.data, scale), ordered.shape),
      bias:
        bias === undefined || biasScale === 1
          ? bias
          : scaled(resolveBias(`${name}.bias`, bias, ordered.shape[1]!), biasScale),
    }
  })
}

/** Layers whose weights and bias are another's, as options that the constructor then checks in full. */
function translate<I extends ElementType, O extends ElementType>(
  given: unknown,
  names: readonly string[],
  convert: (name: string, layer: Bag) => { readonly weights: Tensor; readonly bias: unknown },
): PixelMlpOptions<I, O> {
  const { layers, classify, layout, inputType, outputType } = options('options', given, mlpOptionNames)
  const converted = readLayers(layers).map(([name, value]) => {
    const layer = layerOptions(name, value, names)
    const { activation, residual } = layer
    return { ...convert(name, layer), activation, residual }
  })
  return { layers: converted, classify, layout, inputType, outputType } as PixelMlpOptions<I, O>
}

function readWeights(
  name: string,
  value: unknown,
  axes: readonly string[],
): { readonly data: Float32Array; readonly shape: readonly number[] } {
  const { data, shape: givenShape } = parts(`${name}.weights`, value)
  const shape = resolveWeightShape(`${name}.weights`, givenShape, axes)
  return { data: resolveWeights(`${name}.weights`, data, shape, axes), shape }
}

/** [rows][columns] as [columns][rows]. */
function transposed(data: Float32Array, rows: number, columns: number): Tensor {
  const result = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = data[row * columns + column]!
  }
  return freezeTensor(result, [columns, rows])
}

function scaled(data: Float32Array, scale: number): Float32Array {
  const result = new Float32Array(lengthOf(data))
  for (let index = 0; index < result.length; index++) result[index] = data[index]! * scale
  return result
}

/** A chain of convolutions that look at one pixel at a time. */
export function fromConv2dChain<I extends ElementType, O extends ElementType>(
  given: unknown,
): PixelMlpOptions<I, O> {
  const chain = readLayers(given).map(([name, value]) => ({ name, spec: resolveNamed(name, value) }))
  const { layout, inputType } = chain[0]!.spec
  const { outputType } = chain.at(-1)!.spec
  for (const [index, { name, spec }] of chain.entries()) {
    checkPointwise(name, spec)
    if (spec.layout !== layout) {
      throw convError(
        'ERR_CONV_OPTION',
        `${name}.layout is "${spec.layout}", layers[0].layout is "${layout}"; a PixelMlp has one layout`,
      )
    }
    if (index > 0) checkInside(`${name}.inputType`, spec.inputType)
    if (index < chain.length - 1) checkInside(`${name}.outputType`, spec.outputType)
  }
  const layers = chain.map(({ spec }) => ({
    weights: denseWeights(spec),
    bias: spec.bias ?? undefined,
    activation: activationOf(spec.activation),
  }))
  return { layers, layout, inputType: inputType as I, outputType: outputType as O }
}

/** The errors of a Conv2d know only the names of its own options. */
function resolveNamed(name: string, value: unknown): Conv2dSpec {
  try {
    return resolveConv2d(value)
  } catch (error) {
    if (!isConvError(error)) throw error
    throw convError(error.code, `${name}: ${error.message}`)
  }
}

/** Refuses what reads more of the image than the pixel that it writes. Dilation and flip do not matter to one tap. */
function checkPointwise(name: string, spec: Conv2dSpec): void {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, padding } = spec
  if (kernelHeight * kernelWidth !== 1) throw notPointwise(`${name}.filter`, kernelHeight, kernelWidth)
  if (strideHeight * strideWidth !== 1) {
    throw convError(
      'ERR_CONV_SHAPE',
      `${name}.strides are ${strideHeight} x ${strideWidth}, a PixelMlp computes every pixel`,
    )
  }
  for (const side of ['top', 'bottom', 'left', 'right'] as const) {
    const pixels = typeof padding === 'string' ? 0 : padding[side] // every name means none here
    if (pixels > 0) {
      throw convError(
        'ERR_CONV_SHAPE',
        `${name}.padding.${side} is ${pixels}, a PixelMlp has no border to pad; it must be 0`,
      )
    }
  }
  checkWidths(`${name}.filter`, spec.inChannels, spec.outChannels)
}

function notPointwise(name: string, height: number, width: number): ConvError {
  return convError(
    'ERR_CONV_SHAPE',
    `${name} has a kernel of ${height} x ${width}, a PixelMlp sees one pixel at a time: 1 x 1`,
  )
}

/** Between the layers of a perceptron there is no place to round. */
function checkInside(name: string, type: ElementType): void {
  if (type === 'float32') return
  throw convError(
    'ERR_CONV_OPTION',
    `${name} is "${type}", but inside of a PixelMlp all is "float32"; only its input and output can be bytes`,
  )
}

/** A filter of one tap as in x out; groups leave zeros between them. */
function denseWeights({ filter, filterLayout, inChannels, outChannels, groups }: Conv2dSpec): Tensor {
  const shape = [inChannels, outChannels]
  const isInOut = filterLayout === 'hwio' || filterLayout === 'ihwo'
  if (isInOut && groups === 1) return freezeTensor(filter, shape)
  const [inPerGroup, outPerGroup] = [inChannels / groups, outChannels / groups]
  const dense = new Float32Array(inChannels * outChannels)
  for (let out = 0; out < outChannels; out++) {
    const firstIn = Math.floor(out / outPerGroup) * inPerGroup
    for (let tap = 0; tap < inPerGroup; tap++) {
      dense[(firstIn + tap) * outChannels + out] =
        filter[isInOut ? tap * outChannels + out : out * inPerGroup + tap]!
    }
  }
  return freezeTensor(dense, shape)
}

/** The same perceptron as a chain of convolutions, where there is one. */
export function toConv2dChain<I extends ElementType, O extends ElementType>(
  given: unknown,
): Conv2dOptions<I | 'float32', O | 'float32'>[] {
  const { layers, classify, layout, inputType, outputType } = resolveMlp(given)
  if (classify !== 'none') {
    throw convError('ERR_CONV_OPTION', `classify "${classify}" is no convolution; leave it out`)
  }
  return layers.map(({ weights, bias, inChannels, outChannels, activation, residualFrom }, index) => {
    if (residualFrom !== -2) {
      throw convError(
        'ERR_CONV_OPTION',
        `layers[${index}].residual is no convolution: a Conv2d adds nothing but its bias; leave it out`,
      )
    }
    return {
      filter: freezeTensor(weights, [1, 1, inChannels, outChannels]),
      bias: bias ?? undefined,
      activation: activationOf(activation),
      layout,
      inputType: index === 0 ? (inputType as I) : 'float32',
      outputType: index === layers.length - 1 ? (outputType as O) : 'float32',
    }
  })
}
