import { expect } from 'chai'
import { Conv2d } from 'simdconv'
import {
  accepts,
  algorithms,
  firstMistake,
  inOracleOrder,
  kindFor,
  randomCase,
  type Case,
} from '../../helpers/cases'
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
  const forcedCount = 160
  const fewest = 20
  const special = new Set<Case>()

  for (const algorithm of algorithms) {
    describe(algorithm, () => {
      const random = new Random(20260703)
      const examples = Array.from({ length: forcedCount }, (_, index): [Case, boolean] => {
        const isExact = index % 2 === 0
        const anyKind = algorithm === 'planar' || index % 8 < 2
        const kind = anyKind ? 'any' : kindFor(algorithm)
        const example = randomCase(random, isExact ? 'small integers' : 'floats', kind)
        return [{ ...example, options: { ...example.options, algorithm } }, isExact]
      })
      const accepted = examples.filter(([{ options }]) => accepts(options))
      const isGeneral = algorithm === 'direct' || algorithm === 'planar' || algorithm === 'reference'

      it(`accepts ${isGeneral ? 'every layer' : `at least ${fewest} layers`} of ${forcedCount}`, () => {
        expect(accepted).to.have.length.of.at.least(isGeneral ? forcedCount : fewest)
      })
      for (const [example, isExact] of accepted) {
        if (!isGeneral && algorithm !== 'grouped') special.add(example)
        it(example.name, () => checkBothWays(example, isExact))
      }
    })
  }

  const traits: Readonly<Record<string, (words: Case['inWords'], layout: Case['layout']) => boolean>> = {
    'one channel': ({ inChannels, outChannels }) => inChannels === 1 && outChannels === 1,
    'channels that are not whole vectors': ({ outChannels }) => outChannels % 4 !== 0,
    'channels that are whole vectors': ({ outChannels }) => outChannels % 16 === 0,
    planes: ({ inChannels }, layout) => layout === 'nchw' && inChannels > 1,
    'several output channels for each input channel': ({ inChannels, outChannels }) =>
      outChannels > inChannels,
    'vertical stride 2': ({ strides }) => strides[0] === 2,
    'horizontal stride 2': ({ strides }) => strides[1] === 2,
    'horizontal dilation': ({ dilations, kernelWidth }) => dilations[1] > 1 && kernelWidth > 1,
  }
  for (const [name, has] of Object.entries(traits)) {
    it(`that are for depthwise layers meet ${name}`, () => {
      expect([...special].filter(({ inWords, layout }) => has(inWords, layout))).not.to.be.empty
    })
  }
})
