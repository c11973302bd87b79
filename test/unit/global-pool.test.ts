import { expect } from 'chai'
import { globalAveragePool, globalMaxPool, tensor } from 'simdconv'
import { expectError, rangeError, typeError } from '../helpers/expect-error'
import { Random } from '../helpers/random'

describe('global pools', () => {
  it('the examples of their documentation', () => {
    const image = tensor(Float32Array.of(1, 5, 7, 2), [1, 2, 2])
    expect(globalMaxPool(image)).to.deep.equal({ data: Float32Array.of(7, 5), shape: [2] })
    expect(globalAveragePool(image)).to.deep.equal({ data: Float32Array.of(4, 3.5), shape: [2] })
  })

  it('agree with plain loops, in both layouts, on floats and bytes', () => {
    const random = new Random(31)
    for (let round = 0; round < 30; round++) {
      const [batch, height, width, channels] = [random.integer(1, 3), random.integer(1, 9), random.integer(1, 11), random.integer(1, 5)] // prettier-ignore
      const length = batch * height * width * channels
      const data =
        round % 2 === 0 ? random.floats(length) : Uint8Array.from({ length }, () => random.integer(0, 255))
      const layout = random.pick(['nhwc', 'nchw'] as const)
      const shape = layout === 'nhwc' ? [batch, height, width, channels] : [batch, channels, height, width]
      const values = (n: number, c: number): number[] =>
        Array.from({ length: height * width }, (_, pixel) =>
          layout === 'nhwc'
            ? data[(n * height * width + pixel) * channels + c]!
            : data[(n * channels + c) * height * width + pixel]!,
        )
      const most = globalMaxPool(tensor(data, shape), { layout })
      const mean = globalAveragePool(tensor(data, shape), { layout })
      expect([most.shape, mean.shape]).to.deep.equal([
        [batch, channels],
        [batch, channels],
      ])
      for (let n = 0; n < batch; n++) {
        for (let c = 0; c < channels; c++) {
          const all = values(n, c)
          expect(most.data[n * channels + c]).to.equal(Math.max(...all))
          expect(mean.data[n * channels + c]).to.equal(
            Math.fround(all.reduce((a, b) => a + b, 0) / all.length),
          )
        }
      }
    }
  })

  it('a mean is summed up in double: 2^24 + 1 + 1 + ... of a million', () => {
    const data = new Float32Array(2 ** 20).fill(1)
    data[0] = 2 ** 24
    expect(globalAveragePool(tensor(data, [1024, 1024, 1])).data[0]).to.equal(Math.fround(17 - 2 ** -20))
  })

  it('NaN is seen, infinities are', () => {
    const pools = (...values: readonly number[]): number[] => {
      const image = tensor(Float32Array.from(values), [1, values.length, 1])
      return [globalMaxPool(image).data[0]!, globalAveragePool(image).data[0]!]
    }
    expect(pools(1, NaN, 2)).to.deep.equal([NaN, NaN])
    expect(pools(NaN, 1)).to.deep.equal([NaN, NaN])
    expect(pools(1, -Infinity)).to.deep.equal([1, -Infinity])
    expect(pools(-Infinity, -Infinity)).to.deep.equal([-Infinity, -Infinity])
    expect(pools(Infinity, -Infinity)).to.deep.equal([Infinity, NaN])
  })

  it('refuse what is no image', () => {
    for (const pool of [globalMaxPool, globalAveragePool]) {
      expectError(
        rangeError(
          'ERR_CONV_SHAPE',
          'input.shape must have 3 axes (height x width x channels) or 4 (batch x height x width x channels), got 2 (2 x 3)',
        ),
        () => pool({ data: new Float32Array(6), shape: [2, 3] }),
      )
      expectError(
        typeError('ERR_CONV_OPTION', 'layout must be "nhwc" or "nchw", got "hwc"; did you mean "nhwc"?'),
        () => pool(tensor(new Float32Array(1), [1, 1, 1]), { layout: 'hwc' as 'nhwc' }),
      )
    }
  })
})
