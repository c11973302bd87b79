/// <reference lib="esnext.disposable" preserve="true" />
/** The two-dimensional convolutional layer, and its one-shot forms. */
import { isObject, wrongClass } from './check.js'
import type { ElementType } from './element-type.js'
import { convError, type ConvError } from './errors.js'
import {
  Layer,
  type InputImage,
  type PlanDescription,
  type RunOptions,
  type RunSyncOptions,
} from './layer.js'
import {
  native,
  type NativeConv2d,
  type NativeConv2dSpec,
  type NativeError,
  type NativePlan,
} from './native.js'
import { Plans } from './plans.js'
import { isa, preferredAlgorithm } from './settings.js'
import { resolveGeometry, type Geometry } from './shape.js'
import { resolveConv2d, type Conv2dOptions } from './spec.js'
import type { Result } from './tensor.js'

/**
 * A two-dimensional convolutional layer: `H[i,j,d] = u[d] + sum over a, b, c of V[a,b,c,d] X[i+a,j+b,c]` (E5; with
 * `flip: true` it is the convolution of E4).
 *
 * Input and output are batch x height x width x channels, or height x width x channels for one image. The constructor
 * copies and packs the weights once; run() and runSync() then allocate nothing but their result, and not even that with
 * `output`. Results from 2 MiB on are in memory that earlier results have left, within the limit of configure().
 *
 * Images are floats; `inputType: 'uint8'` takes bytes, `outputType: 'uint8'` gives bytes, and no copy of the image is
 * made in floats.
 *
 * @throws TypeError, RangeError or Error with one of the codes of ConvErrorCode; the message names the option, its value
 * and what it must be.
 * @example
 * const blur = new Conv2d({ filter: tensor(new Float32Array(9).fill(1 / 9), [3, 3, 1, 1]), padding: 'same', border: 'edge' })
 * const photo = tensor(new Float32Array(48).fill(0.5), [6, 8, 1])
 * blur.runSync(photo).shape // [6, 8, 1]
 */
export class Conv2d<I extends ElementType = 'float32', O extends ElementType = 'float32'> {
  readonly #layer: Layer<O>

  /** Packs the weights; see Conv2dOptions for what can be given, and its defaults. */
  constructor(options: Conv2dOptions<I, O>) {
    const { filter, bias, ...spec } = resolveConv2d(options)
    const packed = pack({ ...spec, filter, bias, isa })
    const resolve = (name: string, shape: readonly number[]): Geometry => resolveGeometry(spec, name, shape)
    const plans = new Plans(packed, (geometry) => makePlan(packed, geometry))
    this.#layer = new Layer({ ...spec, resolve }, plans)
  }

  /**
   * The shape that run() gives for an input shape: pure arithmetic, with the errors of run().
   *
   * @example
   * new Conv2d({ filter: tensor(new Float32Array(6), [2, 3, 1, 1]) }).outputShape([5, 7, 1]) // [4, 5, 1]
   */
  outputShape(inputShape: readonly number[]): number[] {
    return Conv2d.#layerOf(this).outputShape(inputShape)
  }

  /**
   * Convolves on the pool's threads; the JavaScript thread stays free.
   *
   * Never throws, always rejects. Until the promise settles, input and output are in flight: other runs may read the
   * input, and any other use of the memory by this package is refused with `ERR_CONV_BUSY`. Do not write to either; a
   * write to the input may or may not be seen. Do not transfer either: the run then rejects with `ERR_CONV_DETACHED`,
   * and if the new owner lets go of the memory before the run ends, the process can crash, for Node-API has no means
   * to hold on to memory that changed hands. An output is complete or, when the run was aborted, untouched. A result is
   * the caller's alone, to keep, to transfer to another thread, or to forget.
   *
   * @throws as runSync(), and with the reason of the signal.
   * @example
   * const features = await layer.run(image, { signal: AbortSignal.timeout(100) })
   */
  run(input: InputImage<I>, options: RunOptions<O> = {}): Promise<Result<O>> {
    // Not async: a second promise around the first takes a microsecond.
    const stranger = Conv2d.#stranger(this)
    return stranger === undefined ? this.#layer.run(input, options) : Promise.reject(stranger)
  }

  /**
   * Convolves on this thread, with idle threads of the pool helping.
   *
   * @throws RangeError `ERR_CONV_SHAPE`, `ERR_CONV_LENGTH`, `ERR_CONV_RANGE` for an input or output that does not fit,
   * `ERR_CONV_ALIAS` for an output that overlaps the input, `ERR_CONV_MEMORY`; TypeError `ERR_CONV_TYPE`,
   * `ERR_CONV_DETACHED`; Error `ERR_CONV_BUSY` for memory that an unfinished run() uses, `ERR_CONV_DISPOSED`.
   * @example
   * const output = new Float32Array(6 * 8)
   * blur.runSync(photo, { output }).data === output // true
   */
  runSync(input: InputImage<I>, options?: RunSyncOptions<O>): Result<O> {
    return Conv2d.#layerOf(this).runSync(input, options)
  }

  /**
   * Tells what was decided for an input shape, and why each other algorithm declined.
   *
   * @example
   * layer.describe([56, 56, 64]).algorithm // 'winograd-4x4'
   */
  describe(inputShape: readonly number[]): PlanDescription {
    return Conv2d.#layerOf(this).describe(inputShape)
  }

  /** Lets go of the packed weights. Runs in flight finish; later ones fail with `ERR_CONV_DISPOSED`; twice is fine. */
  dispose(): void {
    Conv2d.#layerOf(this).dispose()
  }

  /** For `using layer = new Conv2d(...)`: dispose(). */
  [Symbol.dispose](): void {
    this.dispose()
  }

  static #layerOf<I extends ElementType, O extends ElementType>(self: Conv2d<I, O>): Layer<O> {
    const stranger = Conv2d.#stranger(self)
    if (stranger !== undefined) throw stranger
    return self.#layer
  }

  /** The error for a method that was taken from its layer, as in `const { run } = layer`. */
  static #stranger(self: unknown): ConvError | undefined {
    return isObject(self) && #layer in self
      ? undefined
      : wrongClass('this', 'Conv2d', self, '; call it as a method of the layer')
  }
}

/** With the algorithm that the environment prefers where the user leaves it open, and it can. */
function pack(spec: NativeConv2dSpec): NativeConv2d {
  if (spec.algorithm !== 'auto' || preferredAlgorithm === 'auto') return packAs(spec)
  try {
    return native.createConv2d({ ...spec, algorithm: preferredAlgorithm })
  } catch (error) {
    if ((error as NativeError).code !== 'ERR_CONV_ALGORITHM') throw error
    return packAs(spec)
  }
}

/** The addon tells why a forced algorithm declined; the user also needs to hear which, and the way out. */
function packAs(spec: NativeConv2dSpec): NativeConv2d {
  try {
    return native.createConv2d(spec)
  } catch (error) {
    if ((error as NativeError).code !== 'ERR_CONV_ALGORITHM') throw error
    const reason = (error as NativeError).message
    throw convError(
      'ERR_CONV_ALGORITHM',
      `algorithm "${spec.algorithm}" cannot do this layer: ${reason}; say "auto"`,
    )
  }
}

function makePlan(packed: NativeConv2d, { input, padding }: Geometry): NativePlan {
  const { batch, height, width } = input
  const { top, bottom, left, right } = padding
  return native.planConv2d(packed, batch, height, width, top, bottom, left, right)
}

/**
 * Convolves once: packs the weights, runs off the JavaScript thread, and lets go of them. For more than one image make
 * a Conv2d.
 *
 * @throws never; the promise rejects with what the constructor and run() of Conv2d throw.
 * @example
 * const features = await conv2d(image, { filter, padding: 'same' })
 */
export async function conv2d<I extends ElementType = 'float32', O extends ElementType = 'float32'>(
  input: InputImage<I>,
  options: Conv2dOptions<I, O>,
  runOptions?: RunOptions<O>,
): Promise<Result<O>> {
  const layer = new Conv2d(options)
  try {
    return await layer.run(input, runOptions)
  } finally {
    layer.dispose()
  }
}

/**
 * Convolves once, on this thread. For more than one image make a Conv2d.
 *
 * @throws what the constructor and runSync() of Conv2d throw.
 * @example
 * const image = tensor(Float32Array.of(1, 2, 3), [1, 3, 1])
 * conv2dSync(image, { filter: tensor(Float32Array.of(1, 1), [1, 2, 1, 1]) }).data // [3, 5]
 */
export function conv2dSync<I extends ElementType = 'float32', O extends ElementType = 'float32'>(
  input: InputImage<I>,
  options: Conv2dOptions<I, O>,
  runOptions?: RunSyncOptions<O>,
): Result<O> {
  const layer = new Conv2d(options)
  try {
    return layer.runSync(input, runOptions)
  } finally {
    layer.dispose()
  }
}
