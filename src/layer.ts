/// <reference lib="esnext.disposable" preserve="true" />
/** What every layer has in common: how an image is admitted, run, described, and its plans are let go of. */
import { Cancellation } from './cancellation.js'
import { options as readOptions } from './check.js'
import {
  isBytes,
  type Elements,
  type ElementType,
  type InputArrays,
  type OutputArrays,
} from './element-type.js'
import { convError } from './errors.js'
import { assertReadable } from './in-flight.js'
import { native, type Isa } from './native.js'
import { readOutput, takeOutput } from './output.js'
import type { Sides } from './padding.js'
import type { Plan, Plans } from './plans.js'
import { runOnPool } from './run-async.js'
import type { Geometry } from './shape.js'
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

/** What kinds of layers differ in, beside their plans. */
export interface LayerRules {
  readonly inputType: ElementType
  readonly outputType: ElementType
  /** What follows from the shape of an image, which is called `name` in messages; pure arithmetic. */
  resolve(name: string, inputShape: readonly number[]): Geometry
}

/** A run that may begin. */
interface Admitted {
  readonly plan: Plan
  readonly data: Elements
  readonly target: Elements
}

/** The machinery inside of a layer. The classes that users see say what it does, and hand down their calls. */
export class Layer<O extends ElementType> {
  readonly #rules: LayerRules
  #plans: Plans | undefined

  /** Owns the plans from now on. */
  constructor(rules: LayerRules, plans: Plans) {
    this.#rules = rules
    this.#plans = plans
  }

  /** The shape of the output. */
  outputShape(inputShape: unknown): number[] {
    return [...this.#rules.resolve('inputShape', checkShape('inputShape', inputShape)).outputShape]
  }

  /** Computes on the pool's threads. */
  async run(input: unknown, options: unknown): Promise<Result<O>> {
    const { output, signal } = readOptions('options', options, ['output', 'signal'])
    using cancellation = signal === undefined ? undefined : new Cancellation(signal)
    const { plan, data, target } = this.#admit(input, output, cancellation)
    await runOnPool(plan.native, data, target, cancellation)
    return freezeTensor(target, plan.outputShape) as Result<O>
  }

  /** Computes on this thread, with idle threads of the pool helping. */
  runSync(input: unknown, options: unknown): Result<O> {
    const output = options === undefined ? undefined : readOptions('options', options, ['output'])['output']
    const { plan, data, target } = this.#admit(input, output)
    native.runSync(plan.native, data, target)
    return freezeTensor(target, plan.outputShape) as Result<O>
  }

  /** Tells what was decided for an input shape. */
  describe(inputShape: unknown): PlanDescription {
    const geometry = this.#rules.resolve('inputShape', checkShape('inputShape', inputShape))
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

  /** Frees plans and weights; twice is fine. */
  dispose(): void {
    this.#plans?.release()
    this.#plans = undefined
  }

  /** Reads all that is the user's, then checks it and finds the plan. */
  #admit(input: unknown, output: unknown, cancellation?: Cancellation): Admitted {
    const { data: givenData, shape: givenShape } = parts('input', input)
    const shape = checkShape('input.shape', givenShape)
    const { inputType, outputType } = this.#rules
    const givenOutput = readOutput(output, outputType)

    // No getter of the user's runs from here on: what is found is still so when the addon is called.
    cancellation?.throwIfAborted()
    const plans = this.#livePlans()
    const data = checkInput(givenData, inputType)
    const geometry = plans.recall(shape) ?? this.#rules.resolve('input.shape', shape)
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

/** Why an array must be of the class that it is not; floats are what everyone expects. */
function because(option: 'inputType' | 'outputType', type: ElementType): string {
  return type === 'float32' ? '' : ` because the layer's ${option} is "${type}"`
}

function checkInput(value: unknown, type: ElementType): Elements {
  const wayOut =
    type === 'float32' && isBytes(value) ? '; a layer whose inputType is "uint8" takes bytes' : ''
  return checkElements('input.data', value, type, because('inputType', type), wayOut)
}
