/** The networks of the benchmark: that their lists can be read, that PixelMlp computes them, that a mistake is found. */
import { expect } from 'chai'
import { PixelMlp, tensor } from 'simdconv'
import {
  denseLayers,
  listNames,
  multiplicationsOfPixel,
  parseNetwork,
  readNetworks,
  type Network,
} from '../../bench/lib/networks.mjs'
import { choosePixels, largestError, referenceOf } from '../../bench/lib/perceptron-reference.mjs'
import { taskOf } from '../../bench/lib/perceptrons.mjs'
import { Random } from '../helpers/random'

/** 2-3-1 with relu, which cuts off the first and the third hidden value of the second pixel. */
const network = parseNetwork('small 1 1 2 2-3-1 relu')
const [weights, bias, moreWeights, moreBias] = [[1, 2, 3, -1, 1, 0], [0, -3, 1], [1, -2, 4], [5]]
const parameters = Float32Array.from([weights, bias, moreWeights, moreBias].flat())
const input = Float32Array.of(3, 1, -1, 7)
// Pixel 0: (3 - 1, 6 + 1 - 3, 9 + 1) = (2, 4, 10), then 2 - 8 + 40 + 5. Pixel 1: (-8, 2, -2), then -2 * 2 + 5.
const results = [39, 1]

describe('networks of the benchmark', () => {
  for (const list of listNames()) {
    it(`${list} computes the formula, on a few pixels`, () => {
      const networks = readNetworks(list)
      expect(networks).not.to.be.empty
      const cropped = networks.map((large) => ({ ...large, name: '', height: 3, width: 17 }))
      const distinct = new Map(cropped.map((small) => [JSON.stringify(small), small]))
      for (const small of distinct.values()) expectFormula(small)
    })
  }

  it('are text', () => {
    expect(network).to.deep.equal({
      name: 'small',
      batch: 1,
      height: 1,
      width: 2,
      widths: [2, 3, 1],
      activation: 'relu',
    })
  })

  const mistakes: Readonly<Record<string, string>> = {
    'a 1 5 7 3-3': 'network: expected 6 fields (name batch height width widths activation), got 5',
    'a 1 0 7 3-3 relu': 'network: height must be an integer from 1 to 999999, got "0"',
    'a 1 5 7 3 relu': 'network: widths must be those of the image and of a layer at least, as in 3-16-3',
    'a 1 5 7 3--3 relu': 'network: widths must be an integer from 1 to 999999, got ""',
    'a 1 5 7 3-3 gelu': 'network: activation must be relu or none, got "gelu"',
  }
  for (const [line, message] of Object.entries(mistakes)) {
    it(`refuse ${line}`, () => expect(() => parseNetwork(line)).to.throw(Error, message))
  }

  it('have a reference that is the formula', () => {
    const { expected, start } = referenceOf(denseLayers(network, parameters), input, { from: 0, to: 2 })
    expect([...expected]).to.deep.equal(results)
    expect(start).to.equal(0)
  })

  it('have a judge who finds a wrong pixel, a number that is none, and a short result', () => {
    const references = [referenceOf(denseLayers(network, parameters), input, { from: 0, to: 2 })]
    const judge = (...output: readonly number[]): number =>
      largestError(network, references, Float32Array.from(output))
    expect(judge(39, 1)).to.equal(0)
    expect(judge(39, 1 + 2 ** -23)).to.be.within(0, 1)
    expect(judge(39.001, 1)).to.be.above(1)
    expect(judge(39, NaN)).to.equal(Infinity)
    expect(judge(39)).to.equal(Infinity)
  })

  it('are checked on the first, the middle and the last pixels when they are large', () => {
    const large = parseNetwork('large 2 300 500 64-64 none')
    const pixels = choosePixels(large)
    expect(pixels).to.have.length(3)
    expect(pixels[0]!.from).to.equal(0)
    expect(pixels[2]!.to).to.equal(2 * 300 * 500)
    expect(choosePixels(network)).to.deep.equal([{ from: 0, to: 2 }])
  })

  it('give the same data each time, as many as they need', () => {
    const task = taskOf(network satisfies Network)
    expect(task.data['input']).to.have.length(4)
    expect(task.data['parameters']).to.have.length(parameters.length)
    expect(task.data).to.deep.equal(taskOf(network).data)
    expect(task.multiplications).to.equal(2 * (2 * 3 + 3 * 1))
    expect(task.line).to.equal('small 1 1 2 2-3-1 relu')
  })
})

/** Small integers are exact in every order of summation. */
function expectFormula(network: Network): void {
  const { batch, height, width, widths } = network
  const random = new Random(1)
  const pixels = batch * height * width
  const image = random.integers(pixels * widths[0]!, 3)
  const biases = widths.slice(1).reduce((sum, outs) => sum + outs, 0)
  const layers = denseLayers(network, random.integers(multiplicationsOfPixel(network) + biases, 1))
  const mlp = new PixelMlp({
    layers: layers.map(({ ins, outs, weights, bias, activation }) => ({
      weights: tensor(weights, [ins, outs]),
      bias,
      activation,
    })),
  })
  const { data } = mlp.runSync(tensor(image, [batch, height, width, widths[0]!]))
  const { expected } = referenceOf(layers, image, { from: 0, to: pixels })
  expect(data.length, widths.join('-')).to.equal(expected.length)
  const wrong = data.findIndex((value, index) => value !== expected[index])
  expect(wrong, `${widths.join('-')}, first wrong element`).to.equal(-1)
}
