/** Winograd's minimal filtering: what it computes, what rounding does to it, and when it is chosen. */
import { expect } from 'chai'
import { Conv2d, tensor, type Accuracy, type Conv2dOptions, type Tensor } from 'simdconv'
import { accepts, firstMistake, inOracleOrder, randomCase, winogradForms } from '../../helpers/cases'
import { oracle } from '../../helpers/oracle'
import { Random } from '../../helpers/random'

/**
 * By how much a form enlarges a rounding in one dimension, for the larger of its kernels. In two it can be the square of that, if all of them happen to
 * add up, which they do not here. An output's error is that of its tile, so the bound is that of the largest sum.
 */
const amplification: Readonly<Record<string, number>> = {
  'winograd-2x2': 17.4,
  'winograd-4x4': 42.1,
  'winograd-6x6': 40.1,
  'winograd-1x4': 15.5,
  'winograd-4x1': 15.5,
}

describe("Winograd's forms", () => {
  it('are all tested', () => {
    expect(winogradForms).to.have.members(Object.keys(amplification))
  })

  for (const algorithm of winogradForms) {
    describe(algorithm, () => {
      const random = new Random(20260704)
      const examples = Array.from({ length: 160 }, () => {
        const example = randomCase(random, 'floats', 'dense')
        return { ...example, options: { ...example.options, algorithm } }
      }).filter(({ options }) => accepts(options))

      it('accepts at least 20 layers of 160', () => {
        expect(examples).to.have.length.of.at.least(20)
      })
      for (const example of examples) {
        it(example.name, async () => {
          const layer = new Conv2d(example.options)
          const { values, bounds, ...size } = oracle(example.inWords)
          const bound = Math.max(...bounds) * amplification[algorithm]!
          const expected = { values, bounds: bounds.map(() => bound), ...size }
          const output = new Float32Array(values.length).fill(NaN)
          const { input } = example
          for (const { data } of [
            layer.runSync(input),
            layer.runSync(input, { output }),
            await layer.run(input),
          ]) {
            const ordered = inOracleOrder(example, data)
            expect(firstMistake(ordered, expected, false)).to.equal(undefined)
          }
        })
      }
    })
  }
})

const random = new Random(41)
const channels = 48
const side = 23
const image = tensor(random.floats(2 * side * side * channels), [2, side, side, channels])
const weights = tensor(random.floats(9 * channels * channels), [3, 3, channels, channels])
const wholeWeights = tensor(random.integers(9 * channels * channels, 3), weights.shape)
const wholeImage = tensor(random.integers(image.data.length, 3), image.shape)

function algorithmOf(options: Omit<Conv2dOptions, 'filter'> & { filter?: Tensor }): string {
  return new Conv2d({ filter: weights, ...options }).describe(image.shape).algorithm
}

describe('accuracy', () => {
  it('decides whether Winograd is chosen', () => {
    expect(algorithmOf({ accuracy: 'exact' })).to.equal('direct')
    expect(algorithmOf({})).to.equal('winograd-4x4')
    expect(algorithmOf({ accuracy: 'high' })).to.equal('winograd-4x4')
    expect(algorithmOf({ accuracy: 'fast' })).to.match(/^winograd-/)
  })

  it('keeps whole numbers exact where all weights are whole, unless it is fast', () => {
    const expected = new Conv2d({ filter: wholeWeights, algorithm: 'reference' }).runSync(wholeImage)
    expect(new Conv2d({ filter: wholeWeights }).runSync(wholeImage)).to.deep.equal(expected)
    expect(algorithmOf({ filter: wholeWeights, accuracy: 'fast' })).to.match(/^winograd-/)
  })

  it('keeps whole numbers exact on weights of any kind where it is exact', () => {
    const halves = tensor(
      wholeWeights.data.map((weight) => weight / 2),
      wholeWeights.shape,
    )
    const expected = new Conv2d({ filter: halves, algorithm: 'reference' }).runSync(wholeImage)
    expect(new Conv2d({ filter: halves, accuracy: 'exact' }).runSync(wholeImage)).to.deep.equal(expected)
  })

  it('holds for what is forced', () => {
    expect(algorithmOf({ algorithm: 'winograd' })).to.equal('winograd-4x4')
    expect(algorithmOf({ algorithm: 'winograd-6x6' })).to.equal('winograd-6x6')
    expect(() => algorithmOf({ algorithm: 'winograd', accuracy: 'exact' })).to.throw(
      'algorithm "winograd" cannot do this layer: its products are not the formula\'s, and the sums shall be exact; say "auto"',
    )
  })

  it('is named in a refusal', () => {
    expect(() => algorithmOf({ accuracy: 'low' as Accuracy })).to.throw(
      'accuracy must be "exact", "high" or "fast", got "low"',
    )
  })
})

describe('the choice between algorithms that compete', () => {
  it('is told with the predicted times', () => {
    const { algorithm, candidates } = new Conv2d({ filter: weights }).describe(image.shape)
    const times = candidates.flatMap(({ name, predictedMilliseconds }) =>
      predictedMilliseconds === undefined ? [] : [{ name, predictedMilliseconds }],
    )
    expect(times.map(({ name }) => name)).to.include.members(['winograd-4x4', 'direct'])
    const [quickest] = times.toSorted((a, b) => a.predictedMilliseconds - b.predictedMilliseconds)
    expect(quickest?.name).to.equal(algorithm)
    expect(candidates.filter(({ accepted }) => accepted).map(({ name }) => name)).to.deep.equal([algorithm])
    const direct = candidates.find(({ name }) => name === 'direct')
    expect(direct?.reason).to.match(/^it would take [\d.]+ ms, winograd-4x4 [\d.]+ ms$/)
  })

  it('depends on the image', () => {
    const layer = new Conv2d({ filter: weights })
    expect(layer.describe([3, 3, channels]).algorithm).to.equal('direct')
    expect(layer.describe([60, 60, channels]).algorithm).to.equal('winograd-4x4')
  })
})

describe('samples that are not finite', () => {
  it('reach the outputs whose windows hold them, and no other', () => {
    const data = Float32Array.from(image.data)
    data[(7 * side + 9) * channels + 5] = Infinity
    data[(15 * side + 2) * channels] = NaN
    const spoilt = tensor(data, image.shape)
    const finite = (algorithm: 'direct' | 'winograd'): boolean[] =>
      Array.from(new Conv2d({ filter: weights, algorithm }).runSync(spoilt).data, (value) => isFinite(value))
    expect(finite('winograd')).to.deep.equal(finite('direct'))
    expect(finite('winograd').filter((isFine) => !isFine)).to.have.lengthOf(2 * 9 * channels)
  })
})
