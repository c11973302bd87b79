/// <reference lib="esnext.disposable" preserve="true" />
/** The two-dimensional convolutional layer, and its one-shot forms. */
import { Cancellation } from './cancellation.js'
import { isObject, options as readOptions, wrongClass } from './check.js'
import {
  isBytes,
  type Elements,
  type ElementType,
  type InputArrays,
  type OutputArrays,
} from './element-type.js'
import { convError } from './errors.js'
import { assertReadable } from './in-flight.js'
import { native, type Isa, type NativeConv2d, type NativeConv2dSpec, type NativeError } from './native.js'
import { readOutput, takeOutput } from './output.js'
import type { Sides } from './padding.js'
import { Plans, type Plan } from './plans.js'
import { runOnPool } from './run-async.js'
import { isa, preferredAlgorithm } from './settings.js'
import { resolveGeometry } from './shape.js'
import { resolveConv2d, type Conv2dOptions, type LayerSpec } from './spec.js'
import {
  checkElements,
  checkLength,
  checkShape,
  freezeTensor,
  parts,
  type Result,
  type Tensor,
} from './tensor.js'

declare global {
  // For programs without the types of Node.js and of browsers; where there are some, this adds nothing to them.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface AbortSignal {}
}

/** Options of runSync(). */
export interface RunSyncOptions<O extends ElementType = 'float32'> {
  /**
   * Where to write: an array of exactly the right length, or a tensor of the output's shape. Default a new array, in recycled
   * memory where it is large; see configure().
   */
  readonly output?: OutputArrays[O] | Tensor<readonly number[], OutputArrays[O]> | undefined
}

/** Options of run(). */
export interface RunOptions<O extends ElementType = 'float32'> extends RunSyncOptions<O> {
  /** Takes the run back while it waits for a thread; one that has started finishes and resolves. */
  readonly signal?: AbortSignal | undefined
}

/** An image that a layer with this input type takes. */
export type InputImage<I extends ElementType = 'float32'> = Tensor<readonly number[], InputArrays[I]>

/** What describe() tells. */
export interface PlanDescription {
  /** That was chosen, or forced. */
  readonly algorithm: string
  /** By its name in native/: type, algorithm, tile, instruction set. */
  readonly kernel: string
  readonly isa: Isa
  /** Beside input and output, of each thread that computes. */
  readonly scratchBytes: number
  /** Of the weights as the kernel reads them. */
  readonly packedBytes: number
  /** Multiplications of the formula for one run; `separable` does with fewer. */
  readonly macs: number
  readonly inputShape: readonly number[]
  readonly outputShape: readonly number[]
  /** With names such as `same` resolved. */
  readonly padding: Sides
  /**
   * Every algorithm that was asked, in order, with its reason; and where the image decides, with the time that it is
   * predicted to take on one thread of a common server.
   */
  readonly candidates: readonly {
    readonly name: string
    readonly accepted: boolean
    readonly reason: string
    readonly predictedMilliseconds?: number
  }[]
}

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
  readonly #spec: LayerSpec
  #plans: Plans | undefined

  /** Packs the weights; see Conv2dOptions for what can be given, and its defaults. */
  constructor(options: Conv2dOptions<I, O>) {
    const { filter, bias, ...spec } = resolveConv2d(options)
    this.#spec = spec
    this.#plans = new Plans(pack({ ...spec, filter, bias, isa }))
  }

  /**
   * The shape that run() gives for an input shape: pure arithmetic, with the errors of run().
   *
   * @example
   * new Conv2d({ filter: tensor(new Float32Array(6), [2, 3, 1, 1]) }).outputShape([5, 7, 1]) // [4, 5, 1]
   */
  outputShape(inputShape: readonly number[]): number[] {
    Conv2d.#assertLayer(this)
    const shape = checkShape('inputShape', inputShape)
    return [...resolveGeometry(this.#spec, 'inputShape', shape).outputShape]
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
  async run(input: InputImage<I>, options: RunOptions<O> = {}): Promise<Result<O>> {
    Conv2d.#assertLayer(this)
    const { output, signal } = readOptions('options', options, ['output', 'signal'])
    using cancellation = signal === undefined ? undefined : new Cancellation(signal)
    const { plan, data, target } = this.#admit(input, output, cancellation)
    await runOnPool(plan.native, data, target, cancellation)
    return freezeTensor(target, plan.outputShape) as Result<O>
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
    Conv2d.#assertLayer(this)
    const output = options === undefined ? undefined : readOptions('options', options, ['output'])['output']
    const { plan, data, target } = this.#admit(input, output)
    native.runSync(plan.native, data, target)
    return freezeTensor(target, plan.outputShape) as Result<O>
  }

  /**
   * Tells what was decided for an input shape, and why each other algorithm declined.
   *
   * @example
   * layer.describe([56, 56, 64]).algorithm // 'winograd-4x4'
   */
  describe(inputShape: readonly number[]): PlanDescription {
    Conv2d.#assertLayer(this)
    const geometry = resolveGeometry(this.#spec, 'inputShape', checkShape('inputShape', inputShape))
    const { native: plan, outputShape, padding } = this.#livePlans().get(geometry)
    const { algorithm, kernel, isa, scratchBytes, packedBytes, macs, candidates } = native.describePlan(plan)
    return Object.freeze({
      algorithm,
      kernel,
      isa,
      scratchBytes,
      packedBytes,
      macs,
      inputShape: geometry.inputShape,
      outputShape,
      padding,
      candidates: Object.freeze(
        candidates.map(({ name, accepted, reason, predictedSeconds }) => {
          const answer = { name, accepted, reason }
          const predictedMilliseconds = predictedSeconds * 1e3
          return Object.freeze(predictedSeconds > 0 ? { ...answer, predictedMilliseconds } : answer)
        }),
      ),
    })
  }

  /** Lets go of the packed weights. Runs in flight finish; later ones fail with `ERR_CONV_DISPOSED`; twice is fine. */
  dispose(): void {
    Conv2d.#assertLayer(this)
    this.#plans?.release()
    this.#plans = undefined
  }

  /** For `using layer = new Conv2d(...)`: dispose(). */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Refuses a method that was taken from its layer, as in `const { run } = layer`. */
  static #assertLayer(self: unknown): void {
    if (!isObject(self) || !(#spec in self))
      throw wrongClass('this', 'Conv2d', self, '; call it as a method of the layer')
  }

  /** Reads all that is the user's, then checks it and finds the plan. */
  #admit(input: unknown, output: unknown, cancellation?: Cancellation): Admitted {
    const { data: givenData, shape: givenShape } = parts('input', input)
    const shape = checkShape('input.shape', givenShape)
    const { inputType, outputType } = this.#spec
    const givenOutput = readOutput(output, outputType)

    // No getter of the user's runs from here on: what is found is still so when the addon is called.
    cancellation?.throwIfAborted()
    const plans = this.#livePlans()
    const data = checkInput(givenData, inputType)
    const geometry = plans.recall(shape) ?? resolveGeometry(this.#spec, 'input.shape', shape)
    checkLength('input', data, geometry.inputShape, geometry.words)
    assertReadable('input', data)
    const why = because('outputType', outputType)
    const target = takeOutput(givenOutput, data, geometry.outputShape, outputType, why, geometry.words)
    return { plan: plans.get(geometry), data, target }
  }

  #livePlans(): Plans {
    if (this.#plans !== undefined) return this.#plans
    throw convError(
      'ERR_CONV_DISPOSED',
      'this layer was disposed of and has no weights any more; make a new one',
    )
  }
}

/** A run that may begin. */
interface Admitted {
  readonly plan: Plan
  readonly data: Elements
  readonly target: Elements
}

/** Why an array must be of the class that it is not; floats are what everyone expects. */
function because(option: 'inputType' | 'outputType', type: ElementType): string {
  return type === 'float32' ? '' : ` because the layer's ${option} is "${type}"`
}

function checkInput(value: unknown, type: ElementType): Elements {
  const wayOut =
    type === 'float32' && isBytes(value) ? '; a layer whose inputType is "uint8" takes bytes' : ''
  return checkElements('input.data', value, type, because('inputType', type), wayOut)
}

/** With the algorithm that the environment prefers where the user leaves it open, and it can. */
function pack(spec: NativeConv2dSpec): NativeConv2d {
  if (spec.algorithm !== 'auto' || preferredAlgorithm === 'auto') return packAs(spec, spec.algorithm)
  try {
    return native.createConv2d({ ...spec, algorithm: preferredAlgorithm })
  } catch (error) {
    if ((error as NativeError).code !== 'ERR_CONV_ALGORITHM') throw error
    return packAs(spec, 'auto')
  }
}

/** The addon tells why a forced algorithm declined; the user also needs to hear which, and the way out. */
function packAs(spec: NativeConv2dSpec, algorithm: string): NativeConv2d {
  try {
    return native.createConv2d(spec)
  } catch (error) {
    if ((error as NativeError).code !== 'ERR_CONV_ALGORITHM') throw error
    const reason = (error as NativeError).message
    throw convError(
      'ERR_CONV_ALGORITHM',
      `algorithm "${algorithm}" cannot do this layer: ${reason}; say "auto"`,
    )
  }
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
