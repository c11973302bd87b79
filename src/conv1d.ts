/** The one-dimensional convolutional layer: a convolution over time, or over words. */
import { isObject, options as readOptions, wrongClass } from './check.js'
import {
  resolveConv1d,
  resolveSequence,
  type Conv1dOptions,
  type Conv1dSpec,
  type Sequence,
} from './conv1d-spec.js'
import { Conv2d } from './conv2d.js'
import type { InputImage, PlanDescription, RunOptions, RunSyncOptions } from './layer.js'
import { holds, type ElementType } from './element-type.js'
import { checkOutputShape, readOutput } from './output.js'
import type { Conv2dOptions } from './spec.js'
import { checkElements, checkLength, checkShape, freezeTensor, parts, type Result } from './tensor.js'

/** What describe() of a Conv1d tells: as of a Conv2d, on an image one row high. */
export interface Conv1dDescription extends Omit<PlanDescription, 'padding'> {
  /** With names such as `causal` resolved. */
  readonly padding: { readonly left: number; readonly right: number }
}

/**
 * A one-dimensional convolutional layer: `H[t,d] = u[d] + sum over a, c of V[a,c,d] X[t+a,c]` (E5 in one dimension, for
 * audio, sensors, text).
 *
 * Input and output are batch x length x channels, or length x channels for one sequence. `padding: 'causal'` pads on the
 * left only, so that no output depends on what comes after it; with `flip: true` that is a FIR filter, as
 * `scipy.signal.lfilter(taps, 1, x)` is. It computes as a Conv2d on images one row high, with the same kernels, threads,
 * memory and rules for what is in flight; the constructor packs the weights once.
 *
 * @throws TypeError, RangeError or Error with one of the codes of ConvErrorCode; the message names the option, its value
 * and what it must be.
 * @example
 * const mean = new Conv1d({ filter: tensor(Float32Array.of(0.5, 0.5), [2, 1, 1]), padding: 'causal' })
 * mean.runSync(tensor(Float32Array.of(2, 4, 6), [3, 1])).data // [1, 3, 5]
 */
export class Conv1d<I extends ElementType = 'float32', O extends ElementType = 'float32'> {
  readonly #spec: Conv1dSpec
  readonly #layer: Conv2d<I, O>

  /** Packs the weights; see Conv1dOptions for what can be given, and its defaults. */
  constructor(options: Conv1dOptions<I, O>) {
    const { spec, image } = resolveConv1d(options)
    this.#spec = spec
    this.#layer = new Conv2d(image as Conv2dOptions<I, O>)
  }

  /**
   * The shape that run() gives for an input shape: pure arithmetic, with the errors of run().
   *
   * @example
   * new Conv1d({ filter: tensor(new Float32Array(6), [3, 1, 2]), strides: 2 }).outputShape([9, 1]) // [4, 2]
   */
  outputShape(inputShape: readonly number[]): number[] {
    return [...Conv1d.#resolve(this, inputShape).outputShape]
  }

  /**
   * Convolves on the pool's threads; the JavaScript thread stays free. See run() of Conv2d for memory in flight, and
   * for the signal.
   *
   * @throws never; the promise rejects with the errors of runSync(), and with the reason of the signal.
   * @example
   * const features = await layer.run(audio, { signal: AbortSignal.timeout(100) })
   */
  async run(input: InputImage<I>, options: RunOptions<O> = {}): Promise<Result<O>> {
    Conv1d.#assertLayer(this)
    const { output, signal } = readOptions('options', options, ['output', 'signal']) as RunOptions<O>
    const { image, target, outputShape } = this.#admit(input, output)
    const { data } = await this.#layer.run(image, { output: target, signal })
    return freezeTensor(data, outputShape)
  }

  /**
   * Convolves on this thread, with idle threads of the pool helping.
   *
   * @throws as runSync() of Conv2d.
   * @example
   * const output = new Float32Array(3)
   * mean.runSync(tensor(Float32Array.of(2, 4, 6), [3, 1]), { output }).data === output // true
   */
  runSync(input: InputImage<I>, options: RunSyncOptions<O> = {}): Result<O> {
    Conv1d.#assertLayer(this)
    const { output } = readOptions('options', options, ['output']) as RunSyncOptions<O>
    const { image, target, outputShape } = this.#admit(input, output)
    const { data } = this.#layer.runSync(image, { output: target })
    return freezeTensor(data, outputShape)
  }

  /**
   * Tells what was decided for an input shape, and why each other algorithm declined.
   *
   * @example
   * mean.describe([48000, 1]).padding // { left: 1, right: 0 }
   */
  describe(inputShape: readonly number[]): Conv1dDescription {
    const sequence = Conv1d.#resolve(this, inputShape)
    const { padding, ...description } = this.#layer.describe(sequence.imageShape)
    const { left, right } = padding
    return Object.freeze({
      ...description,
      inputShape: sequence.inputShape,
      outputShape: sequence.outputShape,
      padding: Object.freeze({ left, right }),
    })
  }

  /** Lets go of the packed weights. Runs in flight finish; later ones fail with `ERR_CONV_DISPOSED`; twice is fine. */
  dispose(): void {
    Conv1d.#assertLayer(this)
    this.#layer.dispose()
  }

  /** For `using layer = new Conv1d(...)`: dispose(). */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Refuses a method that was taken from its layer, as in `const { run } = layer`. */
  static #assertLayer(self: unknown): void {
    if (!isObject(self) || !(#spec in self))
      throw wrongClass('this', 'Conv1d', self, '; call it as a method of the layer')
  }

  static #resolve(self: Conv1d<ElementType, ElementType>, inputShape: unknown): Sequence {
    Conv1d.#assertLayer(self)
    return resolveSequence(self.#spec, 'inputShape', checkShape('inputShape', inputShape))
  }

  /** Reads all that is the user's, and shows it to the layer on images as it wants to see it. */
  #admit(
    input: unknown,
    output: unknown,
  ): {
    readonly image: InputImage<I>
    readonly target: RunSyncOptions<O>['output']
    readonly outputShape: readonly number[]
  } {
    const { inputType, outputType } = this.#spec
    const { data, shape } = parts('input', input)
    const sequence = resolveSequence(this.#spec, 'input.shape', checkShape('input.shape', shape))
    const { inputShape, outputShape, imageShape, outputImageShape, words } = sequence
    const given = readOutput(output, outputType)
    // Lengths are told in the words of sequences; a wrong class is told by the layer on images, as well as here.
    if (holds(inputType, data)) {
      checkLength('input', checkElements('input.data', data, inputType), inputShape, words)
    }
    checkOutputShape(given, outputShape)
    if (given !== undefined && holds(outputType, given.data)) {
      checkLength('output', checkElements(given.name, given.data, outputType), outputShape, words)
    }
    const target = given?.shape === undefined ? given?.data : { data: given.data, shape: outputImageShape }
    return {
      image: { data, shape: imageShape } as InputImage<I>,
      target: target as RunSyncOptions<O>['output'],
      outputShape,
    }
  }
}
