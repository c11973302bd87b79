/** The fully connected layer on images, where the chapter begins: every output pixel sees every input pixel. */
import type { Activation } from './activation.js'
import { describe, list, options as readOptions } from './check.js'
import { Conv2d } from './conv2d.js'
import { convError } from './errors.js'
import { assertReadable } from './in-flight.js'
import { imageShape } from './shape.js'
import { resolveConv2d, type Conv2dOptions } from './spec.js'
import { checkAxes, checkFloats, checkLength, parts, tensor, times, type Tensor } from './tensor.js'
import {
  channelsOutermost,
  checkHeld,
  newWeights,
  resolveUntiedBias,
  specOf,
  UntiedLayer,
  type OneImage,
  type UntiedSpec,
} from './untied-layer.js'

/** A fully connected layer on images, by its weights or by its offsets; exactly one of them is given. */
export interface DenseImageLayerOptions {
  /**
   * W[i,j,k,l] of E1: output height x output width x input height x input width. With channels W[i,j,k,l,c,d]: ... x in
   * x out.
   */
  readonly weights?: Tensor | undefined
  /**
   * V[i,j,a,b] of E1', the same weights by their distance from the output pixel: V[i,j,a,b] = W[i,j,i+a,j+b]. Of an
   * output of h x w and an input of H x W, a runs from -(h - 1) to H - 1 and b from -(w - 1) to W - 1, so the shape is
   * h x w x (h + H - 1) x (w + W - 1), or ... x in x out. Where i+a or j+b is outside the image V must be 0.
   */
  readonly offsets?: Tensor | undefined
  /** U[i,j]: one number for each output, or one for each output channel. Default none. */
  readonly bias?: Float32Array | undefined
  /** Applied to each output. Default `none`. */
  readonly activation?: Activation | undefined
}

const optionNames = [
  'weights',
  'offsets',
  'bias',
  'activation',
] as const satisfies readonly (keyof DenseImageLayerOptions)[]

const weightWords = 'output height x output width x input height x input width'
const offsetWords = 'output height x output width x offsets in height x offsets in width'

/**
 * A fully connected layer on images: `H[i,j] = U[i,j] + sum over k, l of W[i,j,k,l] X[k,l]` (E1), or with the weights
 * named by their offset, `H[i,j] = U[i,j] + sum over a, b of V[i,j,a,b] X[i+a,j+b]` (E1'); with channels,
 * `H[i,j,d] = U[i,j,d] + sum over k, l, c of W[i,j,k,l,c,d] X[k,l,c]`.
 *
 * It is a convolution whose kernel covers the image, with one output pixel that has all of H as its channels. That is
 * the same sum as of a 1 x 1 kernel on an image with one pixel, which has all of X as its channels: so it is computed,
 * and a batch lies side by side as the pixels of a row, so that a weight is read once for several images. The layer
 * holds its weights twice, as they were given and packed; run() allocates nothing but its result.
 *
 * @throws RangeError `ERR_CONV_RANGE` or `ERR_CONV_MEMORY` for weights that no tensor, or this machine, can hold: at a
 * megapixel they are 4,000,000,000,000 bytes; `ERR_CONV_SHAPE`, `ERR_CONV_LENGTH` for a tensor that does not fit;
 * TypeError `ERR_CONV_OPTION`, `ERR_CONV_TYPE`.
 * @example
 * // Each output is the sum of all pixels, and its own place in U.
 * const layer = new DenseImageLayer({
 *   weights: tensor(new Float32Array(2 * 3 * 2 * 3).fill(1), [2, 3, 2, 3]),
 *   bias: Float32Array.of(0, 1, 2, 3, 4, 5),
 * })
 * layer.runSync(tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3, 1])).data // [21, 22, 23, 24, 25, 26]
 * layer.parameterCount // 42
 */
export class DenseImageLayer extends UntiedLayer {
  /** Packs the weights; see DenseImageLayerOptions. */
  constructor(options: DenseImageLayerOptions) {
    super(resolveDense(options))
  }

  /**
   * The fully connected form of a convolutional layer on images of one size: the layer's numbers at every pixel, those
   * at the border included, for any border, strides, dilations, groups and padding.
   *
   * The weights are measured: W[.,.,k,l,c,.] is what the layer, without bias and activation, makes of an image that is 1
   * at (k, l, c) and 0 elsewhere. So they are those of the filter to the bit; a constant border other than 0 goes into U.
   * Images are height x width x channels whatever `layout` says. Only floats have such a form, so `inputType` and
   * `outputType` must be `float32`; and all weights must be finite.
   *
   * @throws as the constructors of Conv2d and DenseImageLayer.
   * @example
   * const options = { filter: tensor(Float32Array.of(1, 2, 3), [1, 3, 1, 1]), padding: 'same' }
   * DenseImageLayer.from(options, [1, 3, 1]).weights().data // [2, 3, 0, 1, 2, 3, 0, 1, 2]
   */
  static from(options: Conv2dOptions, imageShape: readonly number[]): DenseImageLayer {
    return new DenseImageLayer(measure(options, imageShape))
  }

  /**
   * A copy of the weights by offset, V[i,j,a,b] = W[i,j,i+a,j+b] (E1'), 0 where the image ends; in the rank of the
   * weights. `new DenseImageLayer({ offsets: layer.offsets() })` has the same weights to the bit.
   *
   * @throws RangeError `ERR_CONV_RANGE` or `ERR_CONV_MEMORY` where they cannot be held: they are up to four times as many
   * as the weights.
   */
  offsets(): Tensor {
    const { weights, weightsShape, imageShape, outShape } = specOf(this)
    const rows = outShape[0] + imageShape[0] - 1
    const columns = outShape[1] + imageShape[1] - 1
    const shape = [outShape[0], outShape[1], rows, columns, ...weightsShape.slice(4)]
    checkHeld('the form by offsets', shape)
    const offsets = newWeights(shape)
    forEachRow(imageShape, outShape, (inWeights, inOffsets, length) => {
      offsets.set(weights.subarray(inWeights, inWeights + length), inOffsets)
    })
    return tensor(offsets, shape)
  }

  /**
   * A batch as one row of pixels, each with a whole image as its channels. With kernels that cover the image every image
   * reads all weights: 8 images of 48 x 64 take 9.8 ms so, and 1.6 ms as a row (Zen 4, two threads).
   */
  protected view(data: Float32Array, batch: number): Tensor {
    return { data, shape: [1, 1, batch, data.length / batch] }
  }
}

/**
 * Where stretches of weights stand that are neighbours in both forms: all l, c and d of one (i, j, k). V is W with room
 * for the offsets that lead out of the image.
 */
function forEachRow(
  [height, width, channels]: OneImage,
  [outHeight, outWidth, outChannels]: OneImage,
  visit: (inWeights: number, inOffsets: number, length: number) => void,
): void {
  const pair = channels * outChannels
  const rows = outHeight + height - 1
  const columns = outWidth + width - 1
  let inWeights = 0
  for (let i = 0; i < outHeight; i++) {
    for (let j = 0; j < outWidth; j++) {
      for (let k = 0; k < height; k++) {
        const row = (i * outWidth + j) * rows + (k - i + outHeight - 1)
        visit(inWeights, (row * columns + outWidth - 1 - j) * pair, width * pair)
        inWeights += width * pair
      }
    }
  }
}

// ---- reading the options ---------------------------------------------------------------------

function resolveDense(given: unknown): UntiedSpec {
  const { weights, offsets, bias, activation } = readOptions('options', given, optionNames)
  if ((weights === undefined) === (offsets === undefined)) {
    const both = weights === undefined ? 'neither is there' : 'both are'
    throw convError('ERR_CONV_OPTION', `a DenseImageLayer takes either weights or offsets; ${both}`)
  }
  const byOffset = weights === undefined
  const name = byOffset ? 'offsets' : 'weights'
  const { data: givenData, shape: givenShape } = parts(name, weights ?? offsets)
  const shape = resolveShape(name, givenShape)
  const [outHeight, outWidth, third, fourth, inChannels = 1, outChannels = 1] = shape as [
    number,
    number,
    number,
    number,
  ]
  const height = byOffset ? third - outHeight + 1 : third
  const width = byOffset ? fourth - outWidth + 1 : fourth
  if (byOffset) checkOffsetAxes(shape, height, width)
  const image = Object.freeze([height, width, inChannels] as const)
  const out = Object.freeze([outHeight, outWidth, outChannels] as const)
  const weightsShape = [outHeight, outWidth, height, width, ...shape.slice(4)]

  // No getter of the user's runs from here on, but for those of the activation.
  const numbers = checkFloats(`${name}.data`, givenData)
  checkLength(name, numbers, shape, shapeWords(name, shape.length))
  assertReadable(name, numbers)
  const biases = resolveUntiedBias(bias, out)
  const held = byOffset ? fromOffsets(numbers, image, out, weightsShape) : numbers.slice()
  const terms = height * width * inChannels
  const conv = new Conv2d({
    filter: {
      data: channelsOutermost(held, terms, outChannels),
      shape: [outHeight * outWidth * outChannels, 1, 1, terms],
    },
    filterLayout: 'ohwi',
    bias: biases,
    activation: activation as Activation | undefined,
    accuracy: 'exact',
  })
  return {
    className: 'DenseImageLayer',
    imageShape: image,
    outShape: out,
    weights: held,
    weightsShape,
    bias: biases,
    activation: activation as Activation | undefined,
    conv,
  }
}

function resolveShape(name: 'weights' | 'offsets', given: unknown): readonly number[] {
  const shape = checkAxes(`${name}.shape`, given)
  if (shape.length !== 4 && shape.length !== 6) {
    throw convError(
      'ERR_CONV_SHAPE',
      `${name}.shape must have 4 axes (${shapeWords(name, 4)}) or 6 (... x in x out), got ${shape.length} (${times(shape)})`,
    )
  }
  checkHeld('a fully connected layer', shape)
  return shape
}

function shapeWords(name: 'weights' | 'offsets', rank: number): string {
  return `${name === 'weights' ? weightWords : offsetWords}${rank === 6 ? ' x in x out' : ''}`
}

/** There is at least one offset for each output row, and one more for each further row of the image. */
function checkOffsetAxes(shape: readonly number[], height: number, width: number): void {
  for (const [axis, length] of [height, width].entries()) {
    if (length >= 1) continue
    throw convError(
      'ERR_CONV_SHAPE',
      `offsets.shape[${axis + 2}] must be at least ${shape[axis]!}, the ${['height', 'width'][axis]!} of the output, got ${shape[axis + 2]!}: output + input - 1 offsets lead from each output to each input`,
    )
  }
}

/** W of V. What V says of pixels that there are not must be 0: in E1' there is nothing to multiply it with. */
function fromOffsets(
  offsets: Float32Array,
  image: OneImage,
  out: OneImage,
  weightsShape: readonly number[],
): Float32Array {
  const weights = newWeights(weightsShape)
  let outside = 0 // where the next stretch outside the image begins
  const checkOutside = (end: number): void => {
    for (; outside < end; outside++) {
      if (offsets[outside] !== 0) throw outsideImage(offsets, outside, image, out)
    }
  }
  forEachRow(image, out, (inWeights, inOffsets, length) => {
    checkOutside(inOffsets)
    weights.set(offsets.subarray(inOffsets, inOffsets + length), inWeights)
    outside = inOffsets + length
  })
  checkOutside(offsets.length)
  return weights
}

function outsideImage(offsets: Float32Array, index: number, image: OneImage, out: OneImage): Error {
  const [height, width, channels] = image
  const [outHeight, outWidth, outChannels] = out
  const columns = outWidth + width - 1
  const rows = outHeight + height - 1
  const tap = Math.floor(index / (channels * outChannels))
  const [b, a] = [tap % columns, Math.floor(tap / columns) % rows]
  const j = Math.floor(tap / (columns * rows)) % outWidth
  const i = Math.floor(tap / (columns * rows * outWidth))
  const pixel = list([i + a - (outHeight - 1), j + b - (outWidth - 1)].map(String), 'and')
  return convError(
    'ERR_CONV_RANGE',
    `offsets[${[i, j, a, b].join()}] must be 0, got ${describe(offsets[index])}: it is the weight of a pixel in row and column ${pixel} of an image of ${height} x ${width}`,
  )
}

// ---- measuring a convolution -----------------------------------------------------------------

/** The options of the fully connected form of a convolution. */
function measure(given: Conv2dOptions, givenShape: readonly number[]): DenseImageLayerOptions {
  const { filter, inputType, outputType, outChannels } = resolveConv2d(given)
  const { bias, activation, ...linear } = given
  for (const [name, type] of [
    ['inputType', inputType],
    ['outputType', outputType],
  ] as const) {
    if (type !== 'float32') {
      throw convError(
        'ERR_CONV_OPTION',
        `${name} must be "float32", got "${type}"; a layer that rounds to bytes has no fully connected form`,
      )
    }
  }
  if (!filter.every(Number.isFinite)) {
    throw convError(
      'ERR_CONV_RANGE',
      'filter must be of finite numbers; an infinite weight makes NaN of the zeros that the others are measured with',
    )
  }
  const shape = checkAxes('imageShape', givenShape)
  if (shape.length !== 3) {
    throw convError(
      'ERR_CONV_SHAPE',
      `imageShape must have 3 axes (height x width x channels), got ${shape.length} (${times(shape)})`,
    )
  }
  using conv = new Conv2d({ ...linear, layout: 'nhwc', algorithm: 'auto', accuracy: 'exact' })
  const [outHeight, outWidth] = conv.outputShape(shape) as [number, number]
  const { height, width, channels } = imageShape('imageShape', shape, 'nhwc')
  const weightsShape = [outHeight, outWidth, height, width, channels, outChannels]
  checkHeld('a fully connected layer', weightsShape)

  const atRest = conv.runSync(
    tensor(new Float32Array(height * width * channels), [height, width, channels]),
  ).data
  const weights = newWeights(weightsShape)
  const terms = height * width * channels
  const batch = Math.min(terms, width * channels) // impulses of one row of the image at a time
  const impulses = new Float32Array(batch * terms)
  for (let first = 0; first < terms; first += batch) {
    for (let n = 0; n < batch; n++) impulses[n * terms + first + n] = 1
    const responses = conv.runSync(tensor(impulses, [batch, height, width, channels])).data
    for (let n = 0; n < batch; n++) impulses[n * terms + first + n] = 0
    for (let n = 0, at = 0; n < batch; n++) {
      for (let output = 0; output < atRest.length; output++, at++) {
        const pixel = Math.floor(output / outChannels)
        const channel = output % outChannels
        weights[(pixel * terms + first + n) * outChannels + channel] = responses[at]! - atRest[output]!
      }
    }
  }
  const all = atRest.map((value, output) => value + (bias?.[output % outChannels] ?? 0))
  const isZero = bias === undefined && all.every((value) => value === 0)
  return { weights: tensor(weights, weightsShape), bias: isZero ? undefined : all, activation }
}
