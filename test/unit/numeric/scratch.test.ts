/** Scratch follows from the layer and from half of L2, whatever the image; and layers far from square are right. */
import { expect } from 'chai'
import { Conv2d, tensor, type Border, type Conv2dOptions, type ElementType, type Layout } from 'simdconv'
import { accepts, algorithms } from '../../helpers/cases'
import { Random } from '../../helpers/random'

const mebibyte = 2 ** 20

const borders: Readonly<Record<string, Border>> = {
  zeros: 'zeros',
  'constant 3': { mode: 'constant', value: 3 },
  edge: 'edge',
  reflect: 'reflect',
  symmetric: 'symmetric',
  wrap: 'wrap',
  'renormalize by area': 'renormalize',
  'renormalize by weight': { mode: 'renormalize', by: 'weight' },
}

interface Layer {
  readonly kernel: readonly [number, number]
  readonly channels: number
  readonly depthwise: boolean
  readonly strides?: readonly [number, number]
  readonly dilations?: readonly [number, number]
}

function optionsOf({ kernel, channels, depthwise, ...steps }: Layer): Conv2dOptions {
  const shape = [...kernel, depthwise ? 1 : channels, channels]
  const filter = tensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(1), shape)
  return { filter, groups: depthwise ? channels : 1, padding: 'same', ...steps }
}

const imageShape = (layout: Layout, height: number, width: number, channels: number): number[] =>
  layout === 'nhwc' ? [height, width, channels] : [channels, height, width]

describe('scratch', () => {
  const layers: Readonly<Record<string, Layer>> = {
    '3x3': { kernel: [3, 3], channels: 8, depthwise: false },
    '3x3 of one channel': { kernel: [3, 3], channels: 1, depthwise: true },
    '3x3 depthwise': { kernel: [3, 3], channels: 64, depthwise: true },
    '5x7 depthwise s2': { kernel: [5, 7], channels: 64, depthwise: true, strides: [2, 2] },
    '3x3 depthwise d1x300': { kernel: [3, 3], channels: 64, depthwise: true, dilations: [1, 300] },
    '3x3 s500': { kernel: [3, 3], channels: 8, depthwise: false, strides: [500, 500] },
    '3x3 s500x1': { kernel: [3, 3], channels: 8, depthwise: false, strides: [500, 1] },
    '3x3 s1x500 d499x900': {
      kernel: [3, 3],
      channels: 8,
      depthwise: false,
      strides: [1, 500],
      dilations: [499, 900],
    },
    '1001x1': { kernel: [1001, 1], channels: 1, depthwise: true },
    '1x1001': { kernel: [1, 1001], channels: 1, depthwise: true },
  }
  for (const [name, layer] of Object.entries(layers)) {
    it(`of ${name} is at most a mebibyte, for 1000x1000 as for 8000x8000`, () => {
      for (const [borderName, border] of Object.entries(borders)) {
        for (const layout of ['nhwc', 'nchw'] as const) {
          for (const algorithm of algorithms) {
            for (const type of ['float32', 'uint8'] as const) {
              const types = { inputType: type, outputType: type }
              const options = { ...optionsOf(layer), border, layout, algorithm, ...types }
              if (!accepts(options)) continue
              const made = new Conv2d<ElementType, ElementType>(options)
              for (const side of [1000, 8000]) {
                const { scratchBytes } = made.describe(imageShape(layout, side, side, layer.channels))
                const where = `${borderName}, ${layout}, ${algorithm}, ${type}, ${side}x${side}`
                expect(scratchBytes, where).to.be.at.most(mebibyte)
              }
            }
          }
        }
      }
    })
  }
})

describe('far from square', () => {
  const random = new Random(20260704)
  for (const [axis, name] of ['1001x1 on 100000x1', '1x1001 on 1x100000'].entries()) {
    const taps = 1001
    const length = 100_000
    const along = (size: number): [number, number] => (axis === 0 ? [size, 1] : [1, size])
    const weights = random.integers(taps, 3)
    const samples = random.integers(length, 3)
    for (const algorithm of algorithms) {
      const filter = tensor(weights, [...along(taps), 1, 1])
      const options: Conv2dOptions = { filter, padding: 'same', border: 'wrap', algorithm }
      if (algorithm === 'reference' || !accepts(options)) continue
      it(`${name}: ${algorithm}`, () => {
        const layer = new Conv2d(options)
        const image = tensor(samples, [...along(length), 1])
        expect(layer.describe(image.shape).scratchBytes).to.be.at.most(mebibyte)
        const { data } = layer.runSync(image)
        for (const index of [0, 1, 499, 500, 501, 31_337, 65_535, 99_499, 99_500, 99_999]) {
          let sum = 0
          for (let tap = 0; tap < taps; tap++) {
            sum += weights[tap]! * samples[(index + tap - 500 + length) % length]!
          }
          expect(data[index], `[${index}]`).to.equal(sum)
        }
      })
    }
  }

  it('3x3 s500x400 d1x7 on 2999x2011', () => {
    const [height, width] = [2999, 2011]
    const weights = random.integers(9, 3)
    const samples = random.integers(height * width, 3)
    for (const layout of ['nhwc', 'nchw'] as const) {
      const layer = new Conv2d({
        filter: tensor(weights, [3, 3, 1, 1]),
        strides: [500, 400],
        dilations: [1, 7],
        padding: { top: 1, left: 7, right: 7 },
        border: 'edge',
        layout,
      })
      const image = tensor(samples, imageShape(layout, height, width, 1))
      expect(layer.describe(image.shape).scratchBytes).to.be.at.most(mebibyte)
      const expected: number[] = []
      for (let y = -1; y + 2 < height; y += 500) {
        for (let x = -7; x + 14 < width + 7; x += 400) {
          let sum = 0
          for (let a = 0; a < 3; a++) {
            for (let b = 0; b < 3; b++) {
              const column = Math.min(Math.max(x + 7 * b, 0), width - 1)
              sum += weights[a * 3 + b]! * samples[Math.max(y + a, 0) * width + column]!
            }
          }
          expected.push(sum)
        }
      }
      expect([...layer.runSync(image).data]).to.deep.equal(expected)
    }
  })
})
