import { expect } from 'chai'
import { Conv2d, type Conv2dOptions } from 'simdconv'
import { firstMistake } from '../../helpers/cases'
import { oracle, type OracleCase } from '../../helpers/oracle'
import { Random } from '../../helpers/random'

type Kernel = readonly (readonly number[])[]

const sobel: Kernel = [
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
]
const box = (height: number, width: number, value: number): Kernel =>
  Array.from({ length: height }, () => Array.from({ length: width }, () => value))

function gaussian(side: number, sigma: number): Kernel {
  const weight = (y: number, x: number): number =>
    Math.exp(-((y - (side - 1) / 2) ** 2 + (x - (side - 1) / 2) ** 2) / (2 * sigma * sigma))
  const rows = Array.from({ length: side }, (_, y) => Array.from({ length: side }, (__, x) => weight(y, x)))
  const sum = rows.flat().reduce((total, value) => total + value, 0)
  return rows.map((row) => row.map((value) => value / sum))
}

interface Filter {
  readonly name: string
  readonly kernel: Kernel
  /** Whole numbers: every order of summation gives the same bits. */
  readonly isExact: boolean
  /** 'auto' where two passes pay. */
  readonly algorithm: 'auto' | 'separable'
}

const filters: readonly Filter[] = [
  { name: 'Sobel', kernel: sobel, isExact: true, algorithm: 'separable' },
  { name: 'a box of 2s, 5x7', kernel: box(5, 7, 2), isExact: true, algorithm: 'auto' },
  { name: 'the mean of 9x9', kernel: box(9, 9, 1 / 81), isExact: false, algorithm: 'auto' },
  { name: 'a Gaussian of 5x5', kernel: gaussian(5, 1.1), isExact: false, algorithm: 'auto' },
  { name: 'a Gaussian of 21x21', kernel: gaussian(21, 3.5), isExact: false, algorithm: 'auto' },
]

/** The filter on each channel of an image of 23x37, and the same in words. */
function makeLayer(
  { kernel, isExact, algorithm }: Filter,
  mode: 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap' | 'renormalize',
  channels: number,
): { options: Conv2dOptions; input: Float32Array; inWords: OracleCase } {
  const random = new Random(20260704)
  const [height, width, kernelHeight, kernelWidth] = [23, 37, kernel.length, kernel[0]!.length]
  const input = isExact
    ? random.integers(height * width * channels, 9)
    : random.floats(height * width * channels)
  const data = Float32Array.from(kernel.flat().flatMap((value) => Array<number>(channels).fill(value)))
  const padding = { top: kernelHeight >> 1, bottom: 1, left: kernelWidth >> 1, right: 2 }
  const inWords: OracleCase = {
    batch: 1,
    height,
    width,
    inChannels: channels,
    outChannels: channels,
    groups: channels,
    kernelHeight,
    kernelWidth,
    strides: [1, 1],
    dilations: [1, 1],
    padding,
    flip: false,
    borderY: { mode, value: 3 },
    borderX: { mode, value: 3 },
    by: 'weight',
    sample: (_, y, x, c) => input[(y * width + x) * channels + c]!,
    weight: (a, b) => data[(a * kernelWidth + b) * channels]!,
    bias: () => 0,
    activation: (x) => x,
    activationError: 0,
  }
  const options: Conv2dOptions = {
    filter: { data, shape: [kernelHeight, kernelWidth, 1, channels] },
    groups: channels,
    padding,
    border: mode === 'constant' ? { mode, value: 3 } : mode === 'renormalize' ? { mode, by: 'weight' } : mode,
    algorithm,
  }
  return { options, input, inWords }
}

describe('filters of rank 1', () => {
  for (const filter of filters) {
    for (const mode of ['constant', 'edge', 'reflect', 'symmetric', 'wrap', 'renormalize'] as const) {
      for (const channels of [1, 3]) {
        it(`${filter.name}, ${mode}, ${channels} channels`, () => {
          const { options, input, inWords } = makeLayer(filter, mode, channels)
          const layer = new Conv2d(options)
          const shape = [inWords.height, inWords.width, channels]
          expect(layer.describe(shape).algorithm).to.equal('separable')
          const result = layer.runSync({ data: input, shape })
          const isExact = filter.isExact && mode !== 'renormalize'
          expect(firstMistake(result.data, oracle(inWords), isExact)).to.equal(undefined)
        })
      }
    }
  }

  it('others are not taken apart', () => {
    const laplacian = Float32Array.of(0, 1, 0, 1, -4, 1, 0, 1, 0)
    const filter = { data: laplacian, shape: [3, 3, 1, 1] as const }
    expect(() => new Conv2d({ filter, algorithm: 'separable' })).to.throw(
      'algorithm "separable" cannot do this layer: the kernel of output channel 0 is no product of a column and a row; say "auto"',
    )
  })

  it('nor where two passes do not pay', () => {
    const filter = { data: Float32Array.from(sobel.flat()), shape: [3, 3, 1, 1] as const }
    const { algorithm, candidates } = new Conv2d({ filter }).describe([9, 9, 1])
    expect(algorithm).not.to.equal('separable')
    expect(candidates[0]).to.deep.equal({
      name: 'separable',
      accepted: false,
      reason: 'two passes do not pay for a kernel of 3x3',
    })
  })
})
