/** Locality without translation invariance: a small window for each output pixel, and for each its own weights. */
import type { Activation } from './activation.js'
import type { Border } from './border.js'
import { options as readOptions, pair } from './check.js'
import { Conv2d } from './conv2d.js'
import type { OwnFloats } from './element-type.js'
import { convError } from './errors.js'
import { assertReadable } from './in-flight.js'
import { pad } from './pad.js'
import type { Padding, Sides } from './padding.js'
import { resolveGeometry, type Geometry } from './shape.js'
import { resolveConv2d, type LayerSpec } from './spec.js'
import {
  checkAxes,
  checkFloats,
  checkLength,
  maxDimension,
  newElements,
  parts,
  times,
  type Tensor,
} from './tensor.js'
import {
  channelsOutermost,
  checkHeld,
  resolveUntiedBias,
  UntiedLayer,
  type OneImage,
  type UntiedSpec,
} from './untied-layer.js'

/** A locally connected layer. */
export interface LocallyConnected2dOptions {
  /** V[i,j,a,b,c,d]: output height x output width x kernel height x kernel width x in x out. */
  readonly weights: Tensor
  /** U[i,j,d]: one number for each output, or one for each output channel. Default none. */
  readonly bias?: Float32Array | undefined
  /** Step between windows, as in Conv2d. Default 1. */
  readonly strides?: number | readonly [height: number, width: number] | undefined
  /** Step between taps, as in Conv2d. Default 1. */
  readonly dilations?: number | readonly [height: number, width: number] | undefined
  /** How far windows reach over the border, as in Conv2d. Default `valid`: not at all. */
  readonly padding?: Padding | undefined
  /** What they read there, as in Conv2d but for `renormalize`, which weighs the taps of one kernel. Default zeros. */
  readonly border?: Border | undefined
  /** Applied to each output. Default `none`. */
  readonly activation?: Activation | undefined
  /**
   * Height and width of the images. Default the smallest that have as many windows as there are weights for (with padding
   * `same`, the output's times the strides); without strides there is no other.
   */
  readonly imageSize?: number | readonly [height: number, width: number] | undefined
}

const optionNames = [
  'weights',
  'bias',
  'strides',
  'dilations',
  'padding',
  'border',
  'activation',
  'imageSize',
] as const satisfies readonly (keyof LocallyConnected2dOptions)[]

const weightWords = 'output height x output width x kernel height x kernel width x in x out'

/** The windows of a layer, for the functions of this package. */
export let windowsOf: (layer: LocallyConnected2d) => Windows

/**
 * A layer that is local but not translation invariant: `H[i,j,d] = U[i,j,d] + sum over a, b, c of V[i,j,a,b,c,d]
 * X[i+a,j+b,c]` with a and b in a small window, as E3 and E5 have it, and weights that still depend on (i, j), as in
 * E1'. It stands between DenseImageLayer and Conv2d; see restrictTo() and tieWeights().
 *
 * It is computed as a depthwise convolution. The windows are gathered into a row with one pixel for each tap and one
 * channel for each output pixel, and the kernel covers it: what each output pixel has of its own, it has as a channel. Gathering takes kernel height x kernel width times the memory of the image, and is done on the calling
 * thread, by run() too; what is multiplied and added, run() leaves to the pool. The input is read when run() returns,
 * and only the output is in flight. Each weight is read once for each image, so memory sets the pace.
 *
 * @throws as Conv2d; RangeError `ERR_CONV_SHAPE` where the weights do not fit the windows of the image, and
 * `ERR_CONV_RANGE` or `ERR_CONV_MEMORY` for weights that cannot be held.
 * @example
 * // Each pixel is multiplied by a number of its own: a lens that darkens the corners, undone.
 * const gain = tensor(Float32Array.of(2, 1, 2, 4, 2, 4), [2, 3, 1, 1, 1, 1])
 * const layer = new LocallyConnected2d({ weights: gain })
 * layer.runSync(tensor(Float32Array.of(4, 8, 4, 2, 4, 2), [2, 3, 1])).data // [8, 8, 8, 8, 8, 8]
 */
export class LocallyConnected2d extends UntiedLayer {
  readonly #windows: Windows
  readonly #busy = new Map<Float32Array, Scratch>() // by its windows
  #idle: Scratch | undefined

  /** Packs the weights; see LocallyConnected2dOptions. */
  constructor(options: LocallyConnected2dOptions) {
    const { spec, windows } = resolveLocal(options)
    super(spec)
    this.#windows = windows
  }

  static {
    windowsOf = (layer) => layer.#windows
  }

  /** One pixel for each tap, one channel for each output pixel. */
  protected view(data: Float32Array, batch: number): Tensor {
    const { geometry, layer, border, taps } = this.#windows
    const { height, width, channels } = geometry.input
    const { top, bottom, left, right } = geometry.padding
    const [rows, columns] = [height + top + bottom, width + left + right]
    const { height: outHeight, width: outWidth } = geometry.output
    const pixels = outHeight * outWidth

    const { padded, planes, windows } = this.#takeScratch(
      batch * rows * columns * channels,
      batch * taps * pixels,
    )
    pad({ data, shape: [batch, height, width, channels] }, geometry.padding, border, { output: padded })
    toPlanes(padded, columns, channels, planes)
    let at = 0
    for (let n = 0; n < batch; n++) {
      for (let a = 0; a < layer.kernelHeight; a++) {
        for (let b = 0; b < layer.kernelWidth; b++) {
          for (let c = 0; c < channels; c++) {
            for (let i = 0; i < outHeight; i++, at += outWidth) {
              const row = n * rows + i * layer.strideHeight + a * layer.dilationHeight
              const first = (row * channels + c) * columns + b * layer.dilationWidth
              takeEvery(layer.strideWidth, planes, first, windows, at, outWidth)
            }
          }
        }
      }
    }
    return { data: windows, shape: [batch, 1, taps, pixels] }
  }

  /** Keeps the memory of a run that has ended for the next one. */
  protected override release(view: Tensor): void {
    this.#idle = this.#busy.get(view.data)
    this.#busy.delete(view.data)
  }

  #takeScratch(image: number, windows: number): Scratch {
    const fits = this.#idle?.padded.length === image && this.#idle.windows.length === windows
    const scratch = fits ? this.#idle! : newScratch(image, windows, this.imageShape[2])
    this.#idle = undefined
    this.#busy.set(scratch.windows, scratch)
    return scratch
  }
}

/** What a run gathers. */
interface Scratch {
  /** [rows][columns][channels]. */
  readonly padded: OwnFloats
  /** [rows][channels][columns]; of one channel it is the same. */
  readonly planes: OwnFloats
  /** [taps][output pixels]. */
  readonly windows: OwnFloats
}

function newScratch(image: number, windows: number, channels: number): Scratch {
  const make = (length: number): OwnFloats => newElements('the windows', length, 'float32') as OwnFloats
  const padded = make(image)
  return { padded, planes: channels === 1 ? padded : make(image), windows: make(windows) }
}

/** Makes the pixels of a channel neighbours, row by row. */
function toPlanes(image: Float32Array, columns: number, channels: number, planes: Float32Array): void {
  if (channels === 1) return
  const row = columns * channels
  let at = 0
  for (let first = 0; first < image.length; first += row) {
    for (let c = 0; c < channels; c++) {
      for (let index = first + c; index < first + row; index += channels) planes[at++] = image[index]!
    }
  }
}

/** Copies `count` floats that stand `step` apart. */
function takeEvery(
  step: number,
  from: Float32Array,
  first: number,
  to: Float32Array,
  at: number,
  count: number,
): void {
  if (step === 1) return to.set(from.subarray(first, first + count), at)
  for (let index = 0; index < count; index++) to[at + index] = from[first + index * step]!
}

/** Where the windows of a layer are. */
export interface Windows {
  readonly layer: LayerSpec
  readonly geometry: Geometry
  readonly border: Border
  /** Of one window, its channels counted. */
  readonly taps: number
}

// ---- reading the options ---------------------------------------------------------------------

function resolveLocal(given: unknown): { spec: UntiedSpec; windows: Windows } {
  const {
    weights,
    bias,
    strides = 1,
    dilations = 1,
    padding = 'valid',
    border = 'constant',
    activation = 'none',
    imageSize,
  } = readOptions('options', given, optionNames)
  const { data: givenData, shape: givenShape } = parts('weights', weights)
  const shape = resolveShape(givenShape)
  const [outHeight, outWidth, kernelHeight, kernelWidth, inChannels, outChannels] = shape
  const filter = {
    data: new Float32Array(kernelHeight * kernelWidth * inChannels * outChannels),
    shape: shape.slice(2),
  }
  // The layer is read as the convolution that it would be with the same weights everywhere.
  const layer = resolveConv2d({ filter, strides, dilations, padding, border, activation })
  if (layer.border.x.mode === 'renormalize' || layer.border.y.mode === 'renormalize') {
    throw convError(
      'ERR_CONV_BORDER',
      'border "renormalize" weighs the taps of one kernel, and here each pixel has its own; take another border',
    )
  }
  const size =
    imageSize === undefined
      ? ([naturalSize(layer, 'height', outHeight), naturalSize(layer, 'width', outWidth)] as const)
      : pair('imageSize', imageSize, 1, maxDimension)
  const image = Object.freeze([...size, inChannels] as const)
  const geometry = resolveGeometry(layer, 'imageSize', image)
  const { height, width } = geometry.output
  if (height !== outHeight || width !== outWidth) {
    throw convError(
      'ERR_CONV_SHAPE',
      `an image of ${times(size)} has ${times([height, width])} windows, weights.shape begins with ${times([outHeight, outWidth])}`,
    )
  }
  const out: OneImage = Object.freeze([outHeight, outWidth, outChannels] as const)
  const pixels = outHeight * outWidth
  const taps = kernelHeight * kernelWidth * inChannels

  // No getter of the user's runs from here on.
  const numbers = checkFloats('weights.data', givenData)
  checkLength('weights', numbers, shape, weightWords)
  assertReadable('weights', numbers)
  const biases = resolveUntiedBias(bias, out)
  const held = numbers.slice()
  const conv = new Conv2d({
    filter: { data: channelsOutermost(held, taps, outChannels), shape: [pixels * outChannels, 1, taps, 1] },
    filterLayout: 'ohwi',
    groups: pixels,
    bias: biases,
    activation: activation as Activation,
    accuracy: 'exact',
  })
  const spec: UntiedSpec = {
    className: 'LocallyConnected2d',
    imageShape: image,
    outShape: out,
    weights: held,
    weightsShape: shape,
    bias: biases,
    activation: activation as Activation,
    conv,
  }
  return { spec, windows: { layer, geometry, border: border as Border, taps } }
}

type LocalShape = readonly [number, number, number, number, number, number]

function resolveShape(given: unknown): LocalShape {
  const shape = checkAxes('weights.shape', given)
  if (shape.length !== 6) {
    throw convError(
      'ERR_CONV_SHAPE',
      `weights.shape must have 6 axes (${weightWords}), got ${shape.length} (${times(shape)})`,
    )
  }
  checkHeld('a locally connected layer', shape, 8) // depthwise filters are packed for several algorithms
  return shape as unknown as LocalShape
}

/** The smallest image with as many windows along an axis. */
function naturalSize(layer: LayerSpec, word: 'height' | 'width', windows: number): number {
  const vertical = word === 'height'
  const { padding } = layer
  const stride = vertical ? layer.strideHeight : layer.strideWidth
  const kernel = vertical ? layer.kernelHeight : layer.kernelWidth
  const span = (kernel - 1) * (vertical ? layer.dilationHeight : layer.dilationWidth) + 1
  if (padding === 'same' || padding === 'same-lower') return windows * stride
  const needed = (windows - 1) * stride + span
  const padded =
    typeof padding === 'object' ? sum(padding, vertical) : padding === 'full' ? 2 * (span - 1) : 0
  if (needed > padded) return needed - padded
  throw convError(
    'ERR_CONV_SHAPE',
    `${windows} windows span ${needed} ${vertical ? 'rows' : 'columns'}, all of which are padding (${padded}); pad less, or give more weights`,
  )
}

function sum({ top, bottom, left, right }: Sides, vertical: boolean): number {
  return vertical ? top + bottom : left + right
}
