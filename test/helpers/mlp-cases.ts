/** Random perceptrons on random images: the options for the library, and the same thing as a table for the oracle. */
import type {
  Classify,
  ElementType,
  Elements,
  Layout,
  MlpLayer,
  PixelMlpOptions,
  MlpResidual,
  Tensor,
} from 'simdconv'
import { exactActivations, smoothActivations, type NamedActivation, type Numbers } from './cases'
import { argmaxOracle, mlpOracle, softmaxOracle, type OracleLayer } from './mlp-oracle'
import type { Random } from './random'

export interface MlpCase {
  /** A reproduction: "n2 h5 w7 nchw 3-16+relu-16<0-2 ...". */
  readonly name: string
  readonly options: PixelMlpOptions<ElementType, ElementType>
  readonly input: Tensor<readonly number[], Elements>
  readonly outputShape: readonly number[]
  readonly layers: readonly OracleLayer[]
}

export interface Image {
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly layout: Layout
}

/** Around the lanes and the tiles of every instruction set. */
const widths = [1, 2, 3, 4, 5, 7, 8, 13, 15, 16, 17, 24, 31, 32, 33, 37]

/** Times the largest width and 3, and halved by one leaky relu, still less than the 2^24 of which all are exact. */
const small = 2 ** 15

/** One random case. With small integers no sum leaves what 32-bit floats hold exactly. */
export function randomMlp(random: Random, numbers: Numbers): MlpCase {
  const exact = numbers === 'small integers'
  const count = random.pick([1, 2, 2, 3, 3, 4, 5])
  const image: Image = {
    batch: random.pick([1, 1, 2, 3]),
    height: random.pick([1, 2, 3, 5, 7, 9]),
    width: random.pick([1, 2, 3, 5, 7, 11, 17, 31, 43]),
    layout: random.pick(['nhwc', 'nhwc', 'nchw']),
  }
  const inputType = random.pick<ElementType>(['float32', 'float32', 'float32', 'uint8'])
  const classify = random.pick<Classify>(['none', 'none', 'none', 'argmax', exact ? 'none' : 'softmax'])
  const outputType = random.pick<ElementType>(
    classify === 'softmax' ? ['float32'] : ['float32', 'float32', 'float32', 'uint8'],
  )
  const draw = (length: number): Float32Array => (exact ? random.integers(length, 3) : random.floats(length))
  const [leaky, clamp] = exactActivations.slice(-2) as [NamedActivation, NamedActivation]

  const sizes = [random.pick(widths)]
  let isHalved = false
  const layers: MlpLayer[] = []
  const inWords: OracleLayer[] = []
  const reaches = [inputType === 'uint8' ? 255 : 3] // the largest magnitude of each output, for whole numbers
  for (let index = 0; index < count; index++) {
    const inChannels = sizes[index]!
    const skips = random.integer(0, 2) === 0
    const from = random.integer(-1, index - 1)
    const outChannels = skips ? sizes[from + 1]! : random.pick(widths)
    const add = random.pick(['before', 'after', undefined] as const)
    const bias = random.pick([true, false]) ? draw(outChannels) : undefined
    const scale = exact ? 1 : 1 / Math.sqrt(inChannels)
    const data = draw(inChannels * outChannels).map((value) => value * scale)
    const skipped = skips ? reaches[from + 1]! : 0
    const reach = 3 * inChannels * reaches[index]! + 3 + skipped
    const usual: readonly NamedActivation[] =
      exact && isHalved ? exactActivations.filter((each) => each !== leaky) : exactActivations
    const activation: NamedActivation = random.pick(
      !exact ? [...exactActivations, ...smoothActivations] : reach < small ? usual : [clamp],
    )
    isHalved ||= activation === leaky
    reaches.push((activation === clamp ? 6 : reach) + skipped)
    const residual: MlpResidual | undefined = skips ? { from: from < 0 ? 'input' : from, add } : undefined
    layers.push({
      weights: { data, shape: [inChannels, outChannels] },
      bias,
      activation: activation.option,
      residual,
    })
    inWords.push({
      inChannels,
      outChannels,
      weight: (c, d) => data[c * outChannels + d]!,
      bias: (d) => bias?.[d] ?? 0,
      activation: activation.of,
      slope: activation.slope,
      activationError: smoothActivations.includes(activation) ? 4e-7 : 0,
      residual: skips ? { from, after: add === 'after' } : undefined,
    })
    sizes.push(outChannels)
  }
  const pixels = image.batch * image.height * image.width
  const data =
    inputType === 'uint8'
      ? Uint8Array.from({ length: pixels * sizes[0]! }, () => random.integer(0, 255))
      : draw(pixels * sizes[0]!)
  const asRank3 = image.batch === 1 && random.pick([true, false])
  const cut = (shape: readonly number[]): readonly number[] => (asRank3 ? shape.slice(1) : shape)
  const net = layers
    .map(({ activation = 'none', bias, residual }, index) => {
      const skip = residual === undefined ? '' : ` + ${residual.from} ${residual.add ?? 'by default'}`
      return `${sizes[index + 1]!}${bias ? ' bias' : ''} ${JSON.stringify(activation)}${skip}`
    })
    .join(' -> ')
  return {
    name: `n${image.batch} h${image.height} w${image.width} ${image.layout} ${inputType} to ${outputType}, ${sizes[0]!} -> ${net}, ${classify}`,
    options: { layers, classify, layout: image.layout, inputType, outputType },
    input: { data, shape: cut(shapeOf(image, sizes[0]!)) },
    outputShape: cut(shapeOf(image, classify === 'argmax' ? 1 : sizes[count]!)),
    layers: inWords,
  }
}

/** The shape of an image of rank 4. */
export function shapeOf({ batch, height, width, layout }: Image, channels: number): number[] {
  return layout === 'nhwc' ? [batch, height, width, channels] : [batch, channels, height, width]
}

/** The index of channel c of pixel p, in an image whose pixels are counted through the batch. */
export function elementOf(shape: readonly number[], layout: Layout, pixel: number, channel: number): number {
  const [, first, second, third] = shape.length === 3 ? [1, ...shape] : shape
  if (layout === 'nhwc') return pixel * third! + channel
  const plane = second! * third!
  return (Math.floor(pixel / plane) * first! + channel) * plane + (pixel % plane)
}

/** The first element of some pixels that is not what the oracle allows, in words; undefined when there is none. */
export function firstMlpMistake(
  { options, input, outputShape, layers }: MlpCase,
  result: Elements,
  isExact: boolean,
  pixels?: readonly number[],
): string | undefined {
  const { layout = 'nhwc', classify = 'none', outputType = 'float32' } = options
  const inChannels = layers[0]!.inChannels
  const count = input.data.length / inChannels
  for (const pixel of pixels ?? Array.from({ length: count }, (_, index) => index)) {
    const row = Array.from(
      { length: inChannels },
      (_, c) => input.data[elementOf(input.shape, layout, pixel, c)]!,
    )
    const last = mlpOracle(layers, row)
    const got = (d: number): number => result[elementOf(outputShape, layout, pixel, d)]!
    if (classify === 'argmax') {
      const allowed = argmaxOracle(last, isExact)
      if (!allowed.includes(got(0))) return `pixel ${pixel} is ${got(0)}, expected ${allowed.join(' or ')}`
      continue
    }
    const { values, bounds } = classify === 'softmax' ? softmaxOracle(last) : last
    for (const [d, value] of values.entries()) {
      const want = outputType === 'uint8' ? toByte(value) : value
      const bound = isExact ? 0 : bounds[d]! + (outputType === 'uint8' ? 1 : 0)
      if (!(Math.abs(got(d) - want) <= bound))
        return `pixel ${pixel}, channel ${d} is ${got(d)}, expected ${want} within ${bound}`
    }
  }
  return undefined
}

/** Rounded, halves to even, and clamped. */
function toByte(value: number): number {
  const floor = Math.floor(value)
  const above = value - floor
  const rounded = above > 0.5 || (above === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
  return Math.min(Math.max(rounded, 0), 255)
}
