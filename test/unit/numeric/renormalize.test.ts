/** Weights that fall by many powers of ten from the centre: sums of the small ones must not drown in the large. */
import { expect } from 'chai'
import { Conv2d, tensor, type Conv2dOptions } from 'simdconv'
import { accepts, algorithms, firstMistake } from '../../helpers/cases'
import { oracle, type OracleCase } from '../../helpers/oracle'

/** A square Gaussian whose weights sum to 1. */
function gaussian(side: number, sigma: number): Float32Array {
  const line = Array.from({ length: side }, (_, i) => Math.exp(-(((i - (side - 1) / 2) / sigma) ** 2) / 2))
  const total = line.reduce((sum, value) => sum + value, 0) ** 2
  return Float32Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side]
    return (line[y]! * line[x]!) / total
  })
}

interface Blur {
  readonly side: number
  readonly sigmas: readonly number[]
  readonly groups: number
  readonly inChannels: number
}

/** An output channel for each sigma, which shares its weights out to the channels that it sees. */
function onOnes({ side, sigmas, groups, inChannels }: Blur): OracleCase {
  const gaussians = sigmas.map((sigma) => gaussian(side, sigma))
  const inPerGroup = inChannels / groups
  const padding = { top: side - 1, bottom: side - 1, left: side - 1, right: side - 1 }
  return {
    batch: 1,
    height: side + 5,
    width: side + 2,
    inChannels,
    outChannels: sigmas.length,
    groups,
    kernelHeight: side,
    kernelWidth: side,
    strides: [1, 1],
    dilations: [1, 1],
    padding,
    flip: false,
    borderY: { mode: 'renormalize', value: 0 },
    borderX: { mode: 'renormalize', value: 0 },
    by: 'weight',
    sample: () => 1,
    weight: (a, b, _c, d) => Math.fround(gaussians[d]![a * side + b]! / inPerGroup),
    bias: () => 0,
    activation: (x) => x,
    activationError: 0,
  }
}

describe('renormalize by weight of a Gaussian on an image of ones', () => {
  const sixteen = Array.from({ length: 16 }, (_, d) => 1 + d / 8)
  const blurs: readonly (Blur & { readonly negligible: boolean })[] = [
    { side: 15, sigmas: [1], groups: 1, inChannels: 1, negligible: false },
    { side: 31, sigmas: [2], groups: 1, inChannels: 1, negligible: false },
    { side: 15, sigmas: [0.8], groups: 1, inChannels: 1, negligible: true },
    { side: 15, sigmas: sixteen, groups: 16, inChannels: 16, negligible: false },
    { side: 15, sigmas: [1, 2, 1.5], groups: 1, inChannels: 2, negligible: false },
  ]
  const tested = new Set<string>()
  for (const blur of blurs) {
    const { side, sigmas, groups, inChannels } = blur
    const inWords = onOnes(blur)
    const expected = oracle(inWords)
    const others = expected.values.filter((value) => Math.abs(value - 1) > 1e-6)
    const name = `c${inChannels} -> ${sigmas.length}, k${side}x${side} g${groups}, sigma ${sigmas[0]!}`

    it(`${name}: 1, except where the weights inside are negligible`, () => {
      expect(others.length > 0).to.equal(blur.negligible)
      for (const value of others) expect(value).to.be.within(0, 1.001e-30)
    })

    const shape = [side, side, inChannels / groups, sigmas.length] as const
    const weights: number[] = []
    for (let a = 0; a < side; a++) {
      for (let b = 0; b < side; b++) {
        for (let c = 0; c < shape[2]; c++) {
          for (let d = 0; d < shape[3]; d++) weights.push(inWords.weight(a, b, c, d))
        }
      }
    }
    for (const algorithm of algorithms) {
      const options: Conv2dOptions = {
        filter: tensor(Float32Array.from(weights), shape),
        groups,
        padding: 'full',
        border: { mode: 'renormalize', by: 'weight' },
        algorithm,
      }
      if (!accepts(options)) continue
      tested.add(algorithm)
      it(`${name}: ${algorithm}`, () => {
        const { height, width } = inWords
        const ones = tensor(new Float32Array(height * width * inChannels).fill(1), [
          height,
          width,
          inChannels,
        ])
        const { data } = new Conv2d(options).runSync(ones)
        expect(firstMistake(data, expected, false)).to.equal(undefined)
      })
    }
  }

  it('with every algorithm that takes such large kernels', () => {
    expect([...tested]).to.have.members(algorithms.filter((algorithm) => algorithm !== 'grouped'))
  })
})
