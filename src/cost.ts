/** What each form of a layer costs, for images of any size: the chapter's bill. Pure arithmetic; nothing is allocated. */
import { bool, integer, isArray, options as readOptions, wrongType } from './check.js'

/** The longest axis of a tensor; said again, for tensors need the engine and arithmetic does not. */
const maxDimension = 2 ** 31 - 1

/** A layer from an image to a hidden representation of the same size. */
export interface CostOptions {
  /** Height and width of the image. */
  readonly image: readonly [height: number, width: number]
  /** Outputs of a fully connected layer that gives up the image. Default 1000, as in the chapter. */
  readonly hidden?: number | undefined
  /** Windows of the local forms are (2 delta + 1) x (2 delta + 1). Default 1: 3 x 3. */
  readonly delta?: number | undefined
  /** Channels in and out. Default [1, 1]. */
  readonly channels?: readonly [input: number, output: number] | undefined
  /** Whether each form has a bias: U of as many numbers as outputs, or where weights are shared, u for each channel. Default false. */
  readonly bias?: boolean | undefined
}

/** One form of the layer, and its price. */
export interface Cost {
  readonly form: 'dense' | 'hidden' | 'tied' | 'local' | 'convolution'
  /** In words. */
  readonly name: string
  /** The equation of the chapter. */
  readonly equation: "E1, E1'" | 'E1' | 'E2' | "E1' local" | 'E3, E5'
  /** Of its weights: output height x output width x kernel height x kernel width x in x out, where it has them. */
  readonly weightsShape: readonly number[]
  /** Numbers to find by training: weights, and with `bias` those of the bias. */
  readonly parameters: number
  /** Multiplications, each with an addition, for one image; taps over the border count, as they are computed. */
  readonly macs: number
  /** Of the parameters, as 32-bit floats. */
  readonly bytes: number
}

const optionNames = [
  'image',
  'hidden',
  'delta',
  'channels',
  'bias',
] as const satisfies readonly (keyof CostOptions)[]

/**
 * What a layer costs in each form that it takes on the way from fully connected to convolutional: fully connected at full
 * size (E1, E1'), fully connected to some hidden units (E1), translation invariant (E2), local (E1' within delta), and
 * both (E3, E5).
 *
 * These are the numbers that the objects give where they can exist: `parameterCount` and half the `flops` of
 * DenseImageLayer and LocallyConnected2d, `macs` of Conv2d.describe(), and the elements of a filter. Numbers up to 2^53
 * are exact, those beyond are the nearest that a double holds.
 *
 * @throws RangeError `ERR_CONV_RANGE`, TypeError `ERR_CONV_TYPE`, `ERR_CONV_OPTION`.
 * @example
 * const bill = cost({ image: [1000, 1000] })
 * bill.map(({ form, parameters }) => `${form} ${parameters}`)
 * // ['dense 1000000000000', 'hidden 1000000000', 'tied 3996001', 'local 9000000', 'convolution 9']
 */
export function cost(options: CostOptions): readonly Cost[] {
  const {
    image,
    hidden: givenHidden = 1000,
    delta: givenDelta = 1,
    channels = [1, 1],
    bias = false,
  } = readOptions('options', options, optionNames)
  const [height, width] = two('image', image, '[height, width]')
  const [inputs, outputs] = two('channels', channels, '[input, output]')
  const hidden = integer('hidden', givenHidden, 1, maxDimension)
  const side = 2 * integer('delta', givenDelta, 0, (maxDimension - 1) / 2) + 1
  const hasBias = bool('bias', bias)
  const [h, w, c, d] = [height, width, inputs, outputs]
  const window = `${side} x ${side}`

  /** `macs` is for each weight: how many output pixels it serves. */
  const row = (
    form: Cost['form'],
    name: string,
    equation: Cost['equation'],
    weightsShape: readonly number[],
    biases: readonly number[],
    uses: readonly number[] = [],
  ): Cost => {
    const weights = product(weightsShape)
    const parameters = weights + (hasBias ? product(biases) : 0n)
    return Object.freeze({
      form,
      name,
      equation,
      weightsShape: Object.freeze(weightsShape),
      parameters: Number(parameters),
      macs: Number(weights * product(uses)),
      bytes: Number(4n * parameters),
    })
  }
  return Object.freeze([
    row('dense', 'fully connected', "E1, E1'", [h, w, h, w, c, d], [h, w, d]),
    row('hidden', `fully connected, ${hidden} units`, 'E1', [1, 1, h, w, c, hidden], [hidden]),
    row('tied', 'translation invariant', 'E2', [2 * h - 1, 2 * w - 1, c, d], [d], [h, w]),
    row('local', `local, ${window}`, "E1' local", [h, w, side, side, c, d], [h, w, d]),
    row('convolution', `convolution, ${window}`, 'E3, E5', [side, side, c, d], [d], [h, w]),
  ])
}

function product(factors: readonly number[]): bigint {
  return factors.reduce((all, factor) => all * BigInt(factor), 1n)
}

function two(name: string, value: unknown, rule: string): readonly [number, number] {
  if (!isArray(value) || value.length !== 2) throw wrongType(name, rule, value)
  return [integer(name, value[0], 1, maxDimension, 0), integer(name, value[1], 1, maxDimension, 1)]
}
