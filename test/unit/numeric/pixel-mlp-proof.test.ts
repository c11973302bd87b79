/**
 * What delta = 0 means. A perceptron per pixel is a chain of 1 x 1 convolutions; it is the same perceptron on a table
 * with a row for each pixel; and permuting the pixels of its input permutes those of its output. With delta = 1 the last
 * two are wrong.
 */
import { expect } from 'chai'
import {
  Conv2d,
  PixelMlp,
  tensor,
  type Layout,
  type MlpLayer,
  type PixelMlpOptions,
  type Tensor,
} from 'simdconv'
import { elementOf } from '../../helpers/mlp-cases'
import { Random } from '../../helpers/random'

const random = new Random(20260804)
const [height, width] = [7, 43]
const pixels = height * width

function layerOf(inChannels: number, outChannels: number, activation: MlpLayer['activation']): MlpLayer {
  const data = random.floats(inChannels * outChannels)
  return { weights: tensor(data, [inChannels, outChannels]), bias: random.floats(outChannels), activation }
}

const networks: Readonly<Record<string, readonly MlpLayer[]>> = {
  '3-16-16-3': [layerOf(3, 16, 'relu'), layerOf(16, 16, 'relu'), layerOf(16, 3, 'none')],
  '5-33-2': [
    layerOf(5, 33, { kind: 'leakyRelu', alpha: 0.1 }),
    layerOf(33, 2, { kind: 'clamp', min: -1, max: 2 }),
  ],
  '17-1-31': [layerOf(17, 1, 'none'), layerOf(1, 31, 'relu')],
  '4-24-24-7, smooth': [layerOf(4, 24, 'gelu'), layerOf(24, 24, 'tanh'), layerOf(24, 7, 'sigmoid')],
}

const shapeOf = (layout: Layout, rows: number, columns: number, channels: number): number[] =>
  layout === 'nhwc' ? [rows, columns, channels] : [channels, rows, columns]

const imageOf = (layout: Layout, channels: number): Tensor =>
  tensor(random.floats(pixels * channels), shapeOf(layout, height, width, channels))

/** The pixels of an image in another order: pixel p of the result is pixel order[p]. */
function permuted({ data, shape }: Tensor, layout: Layout, order: readonly number[]): Tensor {
  const channels = data.length / pixels
  const result = new Float32Array(data.length)
  for (const [pixel, source] of order.entries()) {
    for (let c = 0; c < channels; c++)
      result[elementOf(shape, layout, pixel, c)] = data[elementOf(shape, layout, source, c)]!
  }
  return { data: result, shape }
}

function shuffle(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(0, last)
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}

const run = (options: PixelMlpOptions, image: Tensor): Tensor => new PixelMlp(options).runSync(image)
const chain = (options: PixelMlpOptions, image: Tensor, algorithm: 'auto' | 'direct' | 'planar'): Tensor =>
  PixelMlp.toConv2d(options).reduce(
    (each: Tensor, layer) => new Conv2d({ ...layer, algorithm }).runSync(each),
    image,
  )

describe('delta = 0', () => {
  for (const [name, layers] of Object.entries(networks)) {
    for (const layout of ['nhwc', 'nchw'] as const) {
      describe(`${name} in ${layout}`, () => {
        const options = { layers, layout }
        const channels = layers[0]!.weights.shape[0]!
        const image = imageOf(layout, channels)
        const result = run(options, image)

        for (const algorithm of ['auto', 'direct', 'planar'] as const) {
          it(`is a chain of 1 x 1 convolutions, bit for bit (${algorithm})`, () => {
            expect(result).to.deep.equal(chain(options, image, algorithm))
          })
        }

        it('comes back from that chain', () => {
          expect(run(options, image)).to.deep.equal(
            PixelMlp.fromConv2d(PixelMlp.toConv2d(options)).runSync(image),
          )
        })

        it('does not see where a pixel is: permuting the input permutes the output', () => {
          const order = shuffle(pixels)
          expect(run(options, permuted(image, layout, order))).to.deep.equal(permuted(result, layout, order))
        })

        it('is the same perceptron on a table', () => {
          for (const [rows, columns] of [
            [1, pixels],
            [pixels, 1],
          ] as const) {
            const table = { data: image.data, shape: shapeOf(layout, rows, columns, channels) }
            expect(run(options, table).data).to.deep.equal(result.data)
          }
        })

        it('gives a pixel alone what it gives it among others', () => {
          const outChannels = result.data.length / pixels
          for (const pixel of [0, 1, width, pixels - 1]) {
            const alone = Float32Array.from(
              { length: channels },
              (_, c) => image.data[elementOf(image.shape, layout, pixel, c)]!,
            )
            const { data } = run(options, { data: alone, shape: shapeOf(layout, 1, 1, channels) })
            for (let d = 0; d < outChannels; d++)
              expect(data[d]).to.equal(result.data[elementOf(result.shape, layout, pixel, d)])
          }
        })
      })
    }
  }
})

describe('delta = 1', () => {
  const filter = tensor(random.floats(3 * 3 * 2 * 3), [3, 3, 2, 3])
  const dense = new Conv2d({ filter, padding: 'same' })
  const centre = new Conv2d({
    filter: tensor(
      filter.data.map((value, index) => (index >= 4 * 6 && index < 5 * 6 ? value : 0)),
      filter.shape,
    ),
    padding: 'same',
    accuracy: 'exact',
  })
  const image = imageOf('nhwc', 2)
  const order = shuffle(pixels)
  const table = { data: image.data, shape: [1, pixels, 2] }

  it('sees where a pixel is: permuting the input does not permute the output', () => {
    const other = dense.runSync(permuted(image, 'nhwc', order))
    expect(other.data).not.to.deep.equal(permuted(dense.runSync(image), 'nhwc', order).data)
  })

  it('is no function of a table', () => {
    expect(dense.runSync(table).data).not.to.deep.equal(dense.runSync(image).data)
  })

  it('is delta = 0 again where all weights but the centre are zero', () => {
    const result = centre.runSync(image)
    expect(centre.runSync(permuted(image, 'nhwc', order)).data).to.deep.equal(
      permuted(result, 'nhwc', order).data,
    )
    expect(centre.runSync(table).data).to.deep.equal(result.data)
    const weights = { data: filter.data.subarray(4 * 6, 5 * 6), shape: [2, 3] }
    expect(run({ layers: [{ weights }] }, image).data).to.deep.equal(result.data)
  })
})
