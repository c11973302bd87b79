/** Perceptrons per pixel against the same ones in double precision, on a table. */
import { expect } from 'chai'
import { PixelMlp, tensor, type Classify, type Elements, type ElementType, type Tensor } from 'simdconv'
import { firstMlpMistake, randomMlp, type MlpCase } from '../../helpers/mlp-cases'
import { Random } from '../../helpers/random'

const count = 200

async function checkBothWays(example: MlpCase, isExact: boolean): Promise<void> {
  const mlp = new PixelMlp(example.options)
  const { input, outputShape, options } = example
  expect(mlp.outputShape(input.shape)).to.deep.equal(outputShape)
  const image = input as Tensor
  const length = outputShape.reduce((product, axis) => product * axis, 1)
  const reused =
    options.outputType === 'uint8' ? new Uint8Array(length).fill(77) : new Float32Array(length).fill(NaN)
  const results: { data: Elements; shape: readonly number[] }[] = [
    mlp.runSync(image),
    mlp.runSync(image, { output: reused as Float32Array }),
    await mlp.run(image),
  ]
  for (const { data, shape } of results) {
    expect(shape).to.deep.equal(outputShape)
    expect(firstMlpMistake(example, data, isExact)).to.equal(undefined)
  }
}

describe('PixelMlp', () => {
  describe('on small integers, bit for bit', () => {
    const random = new Random(20260801)
    for (let index = 0; index < count; index++) {
      const example = randomMlp(random, 'small integers')
      it(example.name, () => checkBothWays(example, true))
    }
  })

  describe('on floats, within a bound from the data', () => {
    const random = new Random(20260802)
    for (let index = 0; index < count; index++) {
      const example = randomMlp(random, 'floats')
      it(example.name, () => checkBothWays(example, false))
    }
  })

  describe('of unusual size', () => {
    const random = new Random(20260803)
    /** Weights, bias and input of integers; the activation keeps them small. */
    const network = (sizes: readonly number[], pixels: number): MlpCase => {
      const activation = { kind: 'clamp', min: -3, max: 6 } as const
      const weights = sizes.slice(1).map((out, index) => random.integers(sizes[index]! * out, 2))
      const layers = weights.map((data, index) => ({
        weights: { data, shape: sizes.slice(index, index + 2) },
        activation,
      }))
      const shape = [1, pixels]
      return {
        name: `${sizes.join('-')} on ${pixels} pixels`,
        options: { layers },
        input: { data: random.integers(pixels * sizes[0]!, 3), shape: [...shape, sizes[0]!] },
        outputShape: [...shape, sizes.at(-1)!],
        layers: weights.map((data, index) => ({
          inChannels: sizes[index]!,
          outChannels: sizes[index + 1]!,
          weight: (c, d) => data[c * sizes[index + 1]! + d]!,
          bias: () => 0,
          activation: (x) => Math.min(Math.max(x, -3), 6),
          slope: 1,
          activationError: 0,
        })),
      }
    }
    for (const [sizes, pixels] of [
      [[1024, 1024], 3],
      [[1, 1024, 1], 37],
      [[1023, 5, 1021], 9],
      [[3, 511, 257, 2], 41],
      [Array<number>(65).fill(7), 77],
      [[1, 1], 100_003],
    ] as const) {
      const example = network(sizes, pixels)
      it(example.name.slice(0, 40), () => checkBothWays(example, true))
    }

    for (const layout of ['nhwc', 'nchw'] as const) {
      it(`3-16-16-3 on 3840 x 2160 in ${layout}`, () => {
        const { options, layers } = network([3, 16, 16, 3], 1)
        const sizes = layout === 'nhwc' ? [2160, 3840, 3] : [3, 2160, 3840]
        const pixels = 2160 * 3840
        const data = new Float32Array(3 * pixels)
        for (let index = 0; index < data.length; index++) data[index] = (index % 7) - 3
        const input = tensor(data, sizes)
        const mlp = new PixelMlp({ ...options, layout })
        const example = { name: '', options: { ...options, layout }, input, outputShape: sizes, layers }
        const some = Array.from({ length: 2000 }, () => random.integer(0, pixels - 1))
        const result = mlp.runSync(input).data
        expect(firstMlpMistake(example, result, true, [0, pixels - 1, ...some])).to.equal(undefined)
      })
    }
  })

  it('needs no more scratch for a larger image', () => {
    const weights = (inChannels: number, outChannels: number): Tensor =>
      tensor(new Float32Array(inChannels * outChannels), [inChannels, outChannels])
    for (const [width, most] of [
      [16, 2 ** 20],
      [300, 2 ** 20],
      [1024, 2 ** 22],
    ] as const) {
      for (const layout of ['nhwc', 'nchw'] as const) {
        for (const type of ['float32', 'uint8'] as const) {
          const mlp = new PixelMlp<ElementType, ElementType>({
            layers: [
              { weights: weights(3, width) },
              { weights: weights(width, width) },
              { weights: weights(width, 3) },
            ],
            layout,
            inputType: type,
            outputType: type,
          })
          const scratch = (height: number, width: number): number =>
            mlp.describe(layout === 'nhwc' ? [height, width, 3] : [3, height, width]).scratchBytes
          expect(scratch(16_000, 16_000)).to.equal(scratch(1000, 1000))
          expect(scratch(16_000, 16_000), `${width}, ${layout}, ${type}`).to.be.at.most(most)
        }
      }
    }
  })

  describe('classifies', () => {
    const identity = tensor(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3])
    const of = (classify: Classify, pixel: readonly number[]): number[] =>
      Array.from(
        new PixelMlp({ layers: [{ weights: identity }], classify }).runSync({
          data: Float32Array.from(pixel),
          shape: [1, 1, 3],
        }).data,
      )
    it('the first of equals', () => {
      expect(of('argmax', [1, 5, 5])).to.deep.equal([1])
      expect(of('argmax', [2, 2, 2])).to.deep.equal([0])
      expect(of('argmax', [-0, 0, -1])).to.deep.equal([0])
      expect(of('argmax', [-3, -2, -1])).to.deep.equal([2])
    })

    it('numbers whose exponentials would overflow, or vanish', () => {
      expect(of('softmax', [1000, 1000, -1000])).to.deep.equal([0.5, 0.5, 0])
      const [a, b, c] = of('softmax', [-1e4, -1e4, -1e4])
      expect([a, b, c]).to.deep.equal([Math.fround(1 / 3), Math.fround(1 / 3), Math.fround(1 / 3)])
    })

    it('what is not finite', () => {
      expect(of('softmax', [-Infinity, 0, 0])).to.deep.equal([NaN, NaN, NaN]) // 0 times -Infinity is in each sum
      expect(of('argmax', [NaN, 9, 9])).to.deep.equal([0])
      const scores = (classify: Classify, pixel: readonly number[]): number[] =>
        Array.from(
          new PixelMlp({
            layers: [{ weights: tensor(new Float32Array(3), [1, 3]), bias: Float32Array.from(pixel) }],
            classify,
          }).runSync({ data: Float32Array.of(1), shape: [1, 1, 1] }).data,
        )
      expect(scores('softmax', [-Infinity, 2, 2])).to.deep.equal([0, 0.5, 0.5])
      expect(scores('softmax', [Infinity, 2, 2])).to.deep.equal([NaN, NaN, NaN])
      expect(scores('softmax', [1, NaN, 2])).to.deep.equal([NaN, NaN, NaN])
      expect(scores('argmax', [1, NaN, 2])).to.deep.equal([1])
      expect(scores('argmax', [1, Infinity, NaN])).to.deep.equal([1])
      expect(scores('argmax', [-Infinity, -Infinity, -5])).to.deep.equal([2])
      expect(scores('argmax', [-Infinity, -Infinity, -Infinity])).to.deep.equal([0])
    })

    it('one channel', () => {
      const weights = tensor(Float32Array.of(1), [1, 1])
      const image = tensor(Float32Array.of(-5, 3), [1, 2, 1])
      const run = (classify: Classify): number[] =>
        Array.from(new PixelMlp({ layers: [{ weights }], classify }).runSync(image).data)
      expect(run('softmax')).to.deep.equal([1, 1])
      expect(run('argmax')).to.deep.equal([0, 0])
    })
  })
})
