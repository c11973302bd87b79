/** The layers of the benchmark: that their lists can be read, and that each layer computes what the formula says. */
import { expect } from 'chai'
import { Conv2d, tensor, type Conv2dOptions, type Tensor } from 'simdconv'
import {
  listNames,
  multiplications,
  outSize,
  parseLayers,
  readLayers,
  type Layer,
} from '../../bench/lib/layers.mjs'
import { Random } from '../helpers/random'

const affordable = 3e5

describe('layers of the benchmark', () => {
  for (const list of listNames()) {
    it(`${list} computes the formula, on small images with fewer channels`, () => {
      const layers = readLayers(list)
      expect(layers).not.to.be.empty
      const cropped = new Map(layers.map((layer) => [JSON.stringify({ ...crop(layer), name: '' }), layer]))
      for (const layer of cropped.values()) expectFormula(crop(layer), layer.name)
    })
  }

  it('counts multiplications and sizes', () => {
    const [layer] = readLayers('resnet50')
    expect(outSize(layer!)).to.deep.equal([112, 112])
    expect(multiplications(layer!)).to.equal(112 * 112 * 64 * 7 * 7 * 3)
  })

  it('reads pairs and comments', () => {
    const [layer] = parseLayers('# a comment\n\na 2 4 6 8 9 3x5 1x2 1x2 1 2 # another\n', 'list.txt')
    expect(layer).to.deep.equal({
      name: 'a',
      batch: 2,
      inChannels: 4,
      outChannels: 6,
      height: 8,
      width: 9,
      kernel: [3, 5],
      stride: [1, 2],
      pad: [1, 2],
      dilation: [1, 1],
      groups: 2,
    })
  })

  const mistakes: Readonly<Record<string, string>> = {
    'a 1 1 1 5 5 3 1 1 1':
      'list.txt:1: expected 11 fields (name batch in out height width kernel stride pad dilation groups), got 10',
    'a 0 1 1 5 5 3 1 1 1 1': 'list.txt:1: batch must be an integer from 1 to 999999, got "0"',
    '\na 1 1 1 5 5 3y3 1 1 1 1': 'list.txt:2: kernel must be N or HxW, integers from 1 to 999999, got "3y3"',
    'a 1 3 4 5 5 3 1 1 1 2': 'list.txt:1: groups 2 must divide in 3',
    'a 1 4 3 5 5 3 1 1 1 2': 'list.txt:1: groups 2 must divide out 3',
    'a 1 1 1 5 2 3 1 0 1 1': 'list.txt:1: the dilated kernel is larger than the padded image of 5x2',
    'a 1 1 1 5 5 3 1 1 1 1\na 1 1 1 6 6 3 1 1 1 1': 'list.txt:2: name "a" is in line 1 too',
    'a 1 1 1 5 5 3 1 1 1 1\nb 1 1 1 5 5 3x3 1 1 1 1':
      'list.txt:2: layer "1 1 1 5 5 3 1 1 1 1" is in line 1 too',
  }
  for (const [text, message] of Object.entries(mistakes)) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseLayers(text, 'list.txt')).to.throw(Error, message)
    })
  }
})

/** The same layer on an image of a few rows more than its kernel, and with channels divided until it is cheap. */
function crop(layer: Layer): Layer {
  const shorten = (length: number, axis: 0 | 1, more: number): number => {
    const span = (layer.kernel[axis] - 1) * layer.dilation[axis] + 1
    return Math.min(length, span + more)
  }
  let small: Layer = { ...layer, height: shorten(layer.height, 0, 3), width: shorten(layer.width, 1, 20) }
  if (layer.groups === 1) {
    while (multiplications(small) > affordable && small.inChannels % 2 === 0 && small.inChannels > 8) {
      small = { ...small, inChannels: small.inChannels / 2 }
    }
    while (multiplications(small) > affordable && small.outChannels > 48) {
      small = { ...small, outChannels: Math.ceil(small.outChannels / 2) }
    }
  } else {
    const [inPerGroup, outPerGroup] = [layer.inChannels / layer.groups, layer.outChannels / layer.groups]
    while (multiplications(small) > affordable && small.groups > 3) {
      const groups = Math.ceil(small.groups / 2)
      small = { ...small, groups, inChannels: groups * inPerGroup, outChannels: groups * outPerGroup }
    }
  }
  return small
}

/** Small integers are exact in every order of summation. */
function expectFormula(layer: Layer, name: string): void {
  const { batch, height, width, inChannels, outChannels, kernel, stride, pad, dilation, groups } = layer
  const random = new Random(1)
  const image = tensor(random.integers(batch * height * width * inChannels, 3), [
    batch,
    height,
    width,
    inChannels,
  ])
  const filterShape = [...kernel, inChannels / groups, outChannels]
  const filter = tensor(random.integers(product(filterShape), 3), filterShape)
  const options: Conv2dOptions = {
    filter,
    strides: stride,
    dilations: dilation,
    groups,
    padding: { top: pad[0], bottom: pad[0], left: pad[1], right: pad[1] },
  }
  const run = (algorithm: 'auto' | 'reference'): Tensor =>
    new Conv2d({ ...options, algorithm }).runSync(image)
  const [actual, expected] = [run('auto'), run('reference')]
  expect(actual.shape).to.deep.equal([batch, ...outSize(layer), outChannels])
  expect(firstDifference(actual.data, expected.data), name).to.equal(undefined)
}

const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1)

function firstDifference(actual: Float32Array, expected: Float32Array): string | undefined {
  const index = actual.findIndex((value, i) => value !== expected[i])
  return index < 0 ? undefined : `[${index}] is ${actual[index]}, expected ${expected[index]}`
}
