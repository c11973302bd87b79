/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Layers whose weights know where they stand: each output pixel has its own. What they share, which is all but the
 * shape of the weights and what of the image a pixel's weights meet.
 */
import { totalmem } from 'node:os'
import type { Activation } from './activation.js'
import { isObject, options as readOptions, wrongClass } from './check.js'
import { Conv2d } from './conv2d.js'
import type { InputImage, RunOptions, RunSyncOptions } from './layer.js'
import type { OwnFloats } from './element-type.js'
import { convError } from './errors.js'
import { assertReadable } from './in-flight.js'
import { lengthOf } from './intrinsics.js'
import { readOutput, takeOutput } from './output.js'
import { imageShape, imageWords } from './shape.js'
import {
  checkFloats,
  checkLength,
  checkShape,
  elements,
  freezeTensor,
  maxElements,
  newElements,
  parts,
  tensor,
  times,
  type Result,
  type Tensor,
} from './tensor.js'

/** Height x width x channels of one image. */
export type OneImage = readonly [height: number, width: number, channels: number]

/** A layer in numbers: what its class made of the options. */
export interface UntiedSpec {
  readonly className: string
  /** Of the images that go in, and of those that come out. */
  readonly imageShape: OneImage
  readonly outShape: OneImage
  /** [out pixels][terms of one][out channels]: the layer's own copy. */
  readonly weights: Float32Array
  /** Of the weights, as they were given. */
  readonly weightsShape: readonly number[]
  /** U, [out pixels][out channels]. */
  readonly bias: Float32Array | undefined
  readonly activation: Activation | undefined
  readonly conv: Conv2d
}

/** What a layer was made of; refuses what is none, and one that was disposed of. */
export let specOf: (layer: UntiedLayer) => UntiedSpec

/**
 * What DenseImageLayer and LocallyConnected2d have in common: a layer for images of one size, in which each output
 * pixel has weights of its own. It is computed by a Conv2d on a view of the image, by the same kernels as any other.
 *
 * Images are height x width x channels, or batch x height x width x channels, of floats.
 */
export abstract class UntiedLayer {
  readonly #spec: UntiedSpec
  #live = true

  /** Height, width and channels of the images that the layer takes. */
  readonly imageShape: OneImage

  /** Of the classes below; there is no layer that is only this. */
  protected constructor(spec: UntiedSpec) {
    this.#spec = spec
    this.imageShape = spec.imageShape
  }

  /** What the classes and functions of this package know of a layer. */
  static {
    specOf = (layer) => {
      UntiedLayer.#assertLayer(layer)
      layer.#assertLive()
      return layer.#spec
    }
  }

  /** Numbers that a training would have to find: all weights, and the bias where there is one. */
  get parameterCount(): number {
    UntiedLayer.#assertLayer(this)
    const { weightsShape, bias } = this.#spec
    return elements(weightsShape) + (bias === undefined ? 0 : lengthOf(bias))
  }

  /** Floating-point operations for one image: a multiplication and an addition for each weight. */
  get flops(): number {
    UntiedLayer.#assertLayer(this)
    return 2 * elements(this.#spec.weightsShape)
  }

  /** A copy of the weights, in the order and rank in which they were given. */
  weights(): Tensor {
    const { weights, weightsShape } = specOf(this)
    return tensor(weights.slice(), weightsShape)
  }

  /** A copy of U: one number for each output, height x width x channels; undefined where the layer adds none. */
  bias(): Tensor | undefined {
    const { bias, outShape } = specOf(this)
    return bias && tensor(bias.slice(), outShape)
  }

  /** The shape that run() gives for an input shape: pure arithmetic, with the errors of run(). */
  outputShape(inputShape: readonly number[]): number[] {
    UntiedLayer.#assertLayer(this)
    return [...this.#outputShape('inputShape', checkShape('inputShape', inputShape))]
  }

  /**
   * Computes on the pool's threads. Never throws, always rejects; what Conv2d.run() says of memory in flight holds here
   * too.
   *
   * @throws as runSync(), and with the reason of the signal.
   */
  async run(input: InputImage, options: RunOptions = {}): Promise<Result> {
    const { conv } = specOf(this)
    const { output, signal } = readOptions('options', options, ['output', 'signal'])
    const { view, target, outputShape } = this.#admit(input, output)
    try {
      await conv.run(view, { output: target, signal: signal as AbortSignal | undefined })
    } finally {
      this.release?.(view)
    }
    return freezeTensor(target, outputShape)
  }

  /**
   * Computes on this thread, with idle threads of the pool helping.
   *
   * @throws RangeError `ERR_CONV_SHAPE` for an image of another size than the layer's, and as Conv2d.runSync().
   */
  runSync(input: InputImage, options?: RunSyncOptions): Result {
    const { conv } = specOf(this)
    const output = options === undefined ? undefined : readOptions('options', options, ['output'])['output']
    const { view, target, outputShape } = this.#admit(input, output)
    try {
      conv.runSync(view, { output: target })
    } finally {
      this.release?.(view)
    }
    return freezeTensor(target, outputShape)
  }

  /** Lets go of the packed weights. Runs in flight finish; later calls fail with `ERR_CONV_DISPOSED`; twice is fine. */
  dispose(): void {
    UntiedLayer.#assertLayer(this)
    this.#live = false
    this.#spec.conv.dispose()
  }

  /** For `using layer = ...`: dispose(). */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** The images as the convolution inside takes them; `data` is theirs, or what was gathered of it. */
  protected abstract view(data: Float32Array, batch: number): Tensor

  /** Takes back what view() gave, when nothing reads it any more. */
  protected release?(view: Tensor): void

  /** Refuses a method that was taken from its layer. */
  static #assertLayer(self: unknown): asserts self is UntiedLayer {
    if (!isObject(self) || !(#spec in self))
      throw wrongClass(
        'this',
        'DenseImageLayer or LocallyConnected2d',
        self,
        '; call it as a method of the layer',
      )
  }

  #assertLive(): void {
    if (this.#live) return
    throw convError(
      'ERR_CONV_DISPOSED',
      'this layer was disposed of and has no weights any more; make a new one',
    )
  }

  #outputShape(name: string, shape: readonly number[]): readonly number[] {
    const { imageShape: wanted, outShape, className } = this.#spec
    const { height, width, channels } = imageShape(name, shape, 'nhwc')
    if (height !== wanted[0] || width !== wanted[1] || channels !== wanted[2]) {
      throw convError(
        'ERR_CONV_SHAPE',
        `input is ${times([height, width, channels])}, the weights of this ${className} are for images of ${times(wanted)} (${imageWords('nhwc', 3)})`,
      )
    }
    return Object.freeze([...shape.slice(0, -3), ...outShape])
  }

  /** Reads all that is the user's, then checks it. */
  #admit(input: unknown, output: unknown): Admitted {
    const { data: givenData, shape: givenShape } = parts('input', input)
    const shape = checkShape('input.shape', givenShape)
    const outputShape = this.#outputShape('input.shape', shape)
    const givenOutput = readOutput(output, 'float32')

    // No getter of the user's runs from here on.
    const data = checkFloats('input.data', givenData)
    const words = imageWords('nhwc', shape.length)
    checkLength('input', data, shape, words)
    assertReadable('input', data)
    const target = takeOutput(givenOutput, data, outputShape, 'float32', '', words) as OwnFloats
    return { view: this.view(data, shape.length === 4 ? shape[0]! : 1), target, outputShape }
  }
}

/** A run that may begin. */
interface Admitted {
  readonly view: Tensor
  readonly target: OwnFloats
  readonly outputShape: readonly number[]
}

/**
 * Refuses weights that cannot be held, before any of them is there. While a layer is made there are four copies: the
 * caller's, the layer's own, that with each output channel by itself, and what the kernel reads.
 */
export function checkHeld(layer: string, shape: readonly number[], copiesAtOnce = 4): void {
  const count = elements(shape)
  const bytes = 4 * count
  const weights = `${layer} has ${count} weights (${times(shape)}), which are ${bytes} bytes`
  const wayOut = 'take a smaller image, or weights of a neighbourhood: LocallyConnected2d or Conv2d'
  if (count > maxElements) {
    throw convError('ERR_CONV_RANGE', `${weights}; a tensor holds at most ${4 * maxElements}; ${wayOut}`)
  }
  const memory = Math.min(totalmem(), process.constrainedMemory() || Infinity)
  if (copiesAtOnce * bytes > memory) {
    throw convError(
      'ERR_CONV_MEMORY',
      `${weights}, and ${copiesAtOnce} times that while it is packed; this machine has ${memory}; ${wayOut}`,
    )
  }
}

/** Floats for weights, which checkHeld() has let pass. */
export function newWeights(shape: readonly number[]): OwnFloats {
  const weights = newElements('the weights', elements(shape), 'float32') as OwnFloats
  return weights.fill(0)
}

/** The bias of each output, given so or one for each channel. */
export function resolveUntiedBias(
  value: unknown,
  [height, width, channels]: OneImage,
): Float32Array | undefined {
  if (value === undefined) return undefined
  const bias = checkFloats('bias', value)
  const length = lengthOf(bias)
  const all = height * width * channels
  if (length !== all && length !== channels) {
    throw convError(
      'ERR_CONV_LENGTH',
      `bias has ${length} elements, expected ${all} (${times([height, width, channels])}, ${imageWords('nhwc', 3)}) or ${channels} (one per output channel)`,
    )
  }
  assertReadable('bias', bias)
  const copy = new Float32Array(all)
  for (let at = 0; at < all; at += length) copy.set(bias, at)
  return copy
}

/** [pixels][terms][channels] as [pixels][channels][terms]: a filter in the order `ohwi`. */
export function channelsOutermost(weights: Float32Array, terms: number, channels: number): Float32Array {
  if (channels === 1) return weights
  const turned = newElements('the weights', weights.length, 'float32') as OwnFloats
  let at = 0
  for (let pixel = 0; pixel < weights.length; pixel += terms * channels) {
    for (let channel = 0; channel < channels; channel++) {
      for (let term = 0; term < terms; term++) turned[at++] = weights[pixel + term * channels + channel]!
    }
  }
  return turned
}
