import { expect } from 'chai'
import { Conv2d } from 'simdconv'
import { firstMistake, inOracleOrder, randomCase, type Case } from '../../helpers/cases'
import { oracle } from '../../helpers/oracle'
import { Random } from '../../helpers/random'

const count = 300

async function checkBothWays(example: Case, isExact: boolean): Promise<void> {
  const layer = new Conv2d(example.options)
  const { layout, input, inWords } = example
  const { batch, outChannels } = inWords
  const expected = oracle(inWords)
  const sizes =
    layout === 'nhwc'
      ? [expected.outHeight, expected.outWidth, outChannels]
      : [outChannels, expected.outHeight, expected.outWidth]
  const shape = input.shape.length === 3 ? sizes : [batch, ...sizes]
  expect(layer.outputShape(input.shape)).to.deep.equal(shape)

  const reused = new Float32Array(expected.values.length).fill(NaN)
  const results = [layer.runSync(input), layer.runSync(input, { output: reused }), await layer.run(input)]
  for (const result of results) {
    expect(result.shape).to.deep.equal(shape)
    expect(firstMistake(inOracleOrder(example, result.data), expected, isExact)).to.equal(undefined)
  }
}

describe('small integers, bit for bit', () => {
  const random = new Random(20260701)
  for (let index = 0; index < count; index++) {
    const example = randomCase(random, 'small integers')
    it(example.name, () => checkBothWays(example, true))
  }
})

describe('floats, within a bound from the data', () => {
  const random = new Random(20260702)
  for (let index = 0; index < count; index++) {
    const example = randomCase(random, 'floats')
    it(example.name, () => checkBothWays(example, false))
  }
})

describe('the forced algorithms', () => {
  for (const algorithm of ['direct', 'reference'] as const) {
    const random = new Random(20260703)
    for (let index = 0; index < 20; index++) {
      const example = randomCase(random, 'small integers')
      it(`${algorithm}: ${example.name}`, () =>
        checkBothWays({ ...example, options: { ...example.options, algorithm } }, true))
    }
  }
})
