/** Weights of other libraries, and chains of Conv2d: by name, never by guessing. */
import { expect } from 'chai'
import {
  Conv2d,
  PixelMlp,
  tensor,
  type Conv2dOptions,
  type FilterLayout,
  type OnnxGemmLayer,
  type PixelMlpOptions,
  type Tensor,
} from 'simdconv'
import { expectError, rangeError, typeError, type Expected } from '../helpers/expect-error'
import { Random } from '../helpers/random'

const random = new Random(20260805)
const [a, b, c] = [3, 5, 2]
const biases = [random.integers(b, 3), random.integers(c, 3)] as const
/** In x out. */
const dense = [random.integers(a * b, 3), random.integers(b * c, 3)] as const
const transposed = (data: Float32Array, rows: number): Float32Array => {
  const columns = data.length / rows
  return data.map((_, index) => data[(index % rows) * columns + Math.floor(index / rows)]!)
}
const torch = [transposed(dense[0], a), transposed(dense[1], b)] as const
const image = tensor(random.integers(4 * 7 * a, 3), [4, 7, a])
const layersOf = (
  first: Float32Array,
  firstShape: readonly number[],
  second: Float32Array,
  secondShape: readonly number[],
): PixelMlpOptions['layers'] => [
  { weights: tensor(first, firstShape), bias: biases[0], activation: 'relu' },
  { weights: tensor(second, secondShape), bias: biases[1] },
]
const inOut = layersOf(dense[0], [a, b], dense[1], [b, c])
const outIn = layersOf(torch[0], [b, a], torch[1], [c, b])
const expected = new PixelMlp({ layers: inOut }).runSync(image)

const shape = (message: string): Expected => rangeError('ERR_CONV_SHAPE', message)
const option = (message: string): Expected => typeError('ERR_CONV_OPTION', message)
const detached = (name: string): Expected =>
  typeError(
    'ERR_CONV_DETACHED',
    `${name} is detached: its memory was transferred away; pass an array that still owns its memory`,
  )

describe('PixelMlp from', () => {
  it('the formula', () => {
    for (const pixel of [0, 27]) {
      const hidden = Array.from(biases[0], (u, d) => {
        let sum = u
        for (let i = 0; i < a; i++) sum += image.data[pixel * a + i]! * dense[0][i * b + d]!
        return Math.max(sum, 0)
      })
      for (let d = 0; d < c; d++) {
        const sum = hidden.reduce((total, x, i) => total + x * dense[1][i * c + d]!, biases[1][d]!)
        expect(expected.data[pixel * c + d]).to.equal(sum)
      }
    }
  })

  it('tfjs dense layers', () => {
    expect(PixelMlp.fromTfjsDense({ layers: inOut }).runSync(image)).to.deep.equal(expected)
  })

  it('PyTorch linear layers', () => {
    expect(PixelMlp.fromTorchLinear({ layers: outIn }).runSync(image)).to.deep.equal(expected)
  })

  it('ONNX convolutions', () => {
    const layers = layersOf(torch[0], [b, a, 1, 1], torch[1], [c, b, 1, 1])
    expect(PixelMlp.fromOnnxConv({ layers }).runSync(image)).to.deep.equal(expected)
  })

  it('ONNX Gemm, either way round, and with factors', () => {
    const run = (layers: readonly OnnxGemmLayer[]): Tensor => PixelMlp.fromOnnxGemm({ layers }).runSync(image)
    expect(run(inOut)).to.deep.equal(expected)
    expect(run(outIn.map((layer) => ({ ...layer, transB: 1 })))).to.deep.equal(expected)
    const half = inOut.map((layer) => ({
      ...layer,
      weights: tensor(
        layer.weights.data.map((value) => value / 2),
        layer.weights.shape,
      ),
      bias: layer.bias!.map((value) => value * 4),
    }))
    expect(run(half.map((layer) => ({ ...layer, transB: 0, alpha: 2, beta: 0.25 })))).to.deep.equal(expected)
    expect(run([{ weights: inOut[0]!.weights, beta: 7 }]).shape).to.deep.equal([4, 7, b])
  })

  it('square weights, which fit both ways and mean two things', () => {
    const weights = tensor(Float32Array.of(1, 2, 3, 4), [2, 2])
    const one = tensor(Float32Array.of(1, 0), [1, 1, 2])
    const run = (mlp: PixelMlp): number[] => [...mlp.runSync(one).data]
    expect(run(PixelMlp.fromTfjsDense({ layers: [{ weights }] }))).to.deep.equal([1, 2])
    expect(run(PixelMlp.fromTorchLinear({ layers: [{ weights }] }))).to.deep.equal([1, 3])
    expect(run(PixelMlp.fromOnnxGemm({ layers: [{ weights }] }))).to.deep.equal([1, 2])
    expect(run(PixelMlp.fromOnnxGemm({ layers: [{ weights, transB: 1 }] }))).to.deep.equal([1, 3])
  })

  it('others, with all other options', () => {
    const options = {
      layers: outIn,
      classify: 'argmax',
      layout: 'nchw',
      inputType: 'uint8',
      outputType: 'uint8',
    } as const
    const bytes = tensor(new Uint8Array(3 * 4 * 7).fill(9), [3, 4, 7])
    const { data, shape } = PixelMlp.fromTorchLinear(options).runSync(bytes)
    expect(data).to.be.instanceOf(Uint8Array)
    expect(shape).to.deep.equal([1, 4, 7])
    const square = tensor(Float32Array.of(1, 2, 3, 4), [2, 2])
    const skip = { weights: square, residual: { from: 'input' } } as const
    const result = PixelMlp.fromTorchLinear({ layers: [skip] }).runSync(
      tensor(Float32Array.of(1, 0), [1, 1, 2]),
    )
    expect([...result.data]).to.deep.equal([2, 3])
  })

  it('copies of the weights', () => {
    const data = torch[0].slice()
    const mlp = PixelMlp.fromTorchLinear({ layers: [{ weights: tensor(data, [b, a]) }] })
    const before = [...mlp.runSync(image).data]
    data.fill(0)
    expect([...mlp.runSync(image).data]).to.deep.equal(before)
  })

  describe('others refuses', () => {
    const weights = tensor(torch[0], [b, a])
    it('weights of another rank', () => {
      expectError(shape('layers[0].weights.shape must have 2 axes (out x in), got 4 (5 x 3 x 1 x 1)'), () =>
        PixelMlp.fromTorchLinear({ layers: [{ weights: tensor(torch[0], [b, a, 1, 1]) }] }),
      )
      expectError(
        shape(
          'layers[0].weights.shape must have 4 axes (out x in x kernel height x kernel width), got 2 (5 x 3)',
        ),
        () => PixelMlp.fromOnnxConv({ layers: [{ weights }] }),
      )
      expectError(shape('layers[0].weights.shape must have 2 axes (out x in), got 1 (15)'), () =>
        PixelMlp.fromOnnxGemm({ layers: [{ weights: tensor(torch[0], [15]), transB: 1 }] }),
      )
    })

    it('weights that do not follow, by layer', () => {
      const message = 'layers[1].weights has 5 inputs, layer 0 gives 3 outputs'
      const layers = [{ weights: tensor(torch[0], [3, 5]) }, { weights: tensor(torch[1], [2, 5]) }]
      expectError(shape(message), () => PixelMlp.fromTorchLinear({ layers }))
    })

    it('a kernel that reaches further', () => {
      const layers = [{ weights: tensor(new Float32Array(30), [5, 3, 1, 2]) }]
      expectError(
        shape('layers[0].weights has a kernel of 1 x 2, a PixelMlp sees one pixel at a time: 1 x 1'),
        () => PixelMlp.fromOnnxConv({ layers }),
      )
    })

    it('attributes that are none', () => {
      const gemm =
        (more: object): (() => unknown) =>
        () =>
          PixelMlp.fromOnnxGemm({ layers: [{ weights, ...more }] })
      expectError(
        typeError('ERR_CONV_TYPE', 'layers[0].transB must be 0 or 1, got true'),
        gemm({ transB: true }),
      )
      expectError(rangeError('ERR_CONV_RANGE', 'layers[0].transB must be 0 or 1, got 2'), gemm({ transB: 2 }))
      expectError(
        rangeError('ERR_CONV_RANGE', 'layers[0].alpha must be a finite number, got NaN'),
        gemm({ alpha: NaN }),
      )
      expectError(
        typeError('ERR_CONV_TYPE', 'layers[0].beta must be a finite number, got "1"'),
        gemm({ beta: '1' }),
      )
      expectError(
        option('unknown option "layers[0].transA"; did you mean "layers[0].transB"?'),
        gemm({ transA: 1 }),
      )
      expectError(
        rangeError('ERR_CONV_LENGTH', 'layers[0].bias has 1 elements, expected 3 (one per output channel)'),
        gemm({ bias: new Float32Array(1), beta: 2 }),
      )
      expectError(
        option(
          'unknown option "layers[0].transB"; the options are "layers[0].weights", "layers[0].bias", "layers[0].activation" and "layers[0].residual"',
        ),
        () => PixelMlp.fromTorchLinear({ layers: [{ weights, transB: 1 } as object as OnnxGemmLayer] }),
      )
    })

    it('memory that is gone, or goes while another layer is read', () => {
      const lost = (): Tensor => tensor(new Float32Array(15), [5, 3])
      const transfer = ({ data }: Tensor): unknown =>
        structuredClone(data, { transfer: [data.buffer as ArrayBuffer] })
      const gone = lost()
      transfer(gone)
      expectError(detached('layers[0].weights.data'), () =>
        PixelMlp.fromTorchLinear({ layers: [{ weights: gone }] }),
      )
      const first = lost()
      const trap = {
        get weights(): Tensor {
          transfer(first)
          return tensor(new Float32Array(9), [3, 3])
        },
      }
      expectError(detached('layers[0].weights.data'), () =>
        PixelMlp.fromOnnxGemm({ layers: [{ weights: first }, trap] }),
      )
      const second = lost()
      const later = {
        get weights(): Tensor {
          transfer(second)
          return tensor(new Float32Array(25), [5, 5])
        },
      }
      const mlp = PixelMlp.fromTorchLinear({ layers: [{ weights: second }, later] })
      expect(mlp.outputShape([1, 1, 3])).to.deep.equal([1, 1, 5])
    })

    it('what only looks like floats', () => {
      class Liar extends Float32Array {
        override map(): never {
          throw new Error('called')
        }
        static get [Symbol.species](): never {
          throw new Error('called')
        }
      }
      const data = new Liar(15).fill(1)
      const mlp = PixelMlp.fromOnnxGemm({ layers: [{ weights: tensor(data, [5, 3]), alpha: 2, transB: 1 }] })
      expect(mlp.runSync(tensor(new Float32Array(3).fill(1), [1, 1, 3])).data[0]).to.equal(6)
    })
  })
})

describe('PixelMlp and Conv2d', () => {
  const chain = (filterLayout: FilterLayout): Conv2dOptions[] =>
    [
      [a, b, 0],
      [b, c, 1],
    ].map(([i, o, index]): Conv2dOptions => {
      const isInOut = filterLayout === 'hwio' || filterLayout === 'ihwo'
      const sizes = { h: 1, w: 1, i: i!, o: o! }
      return {
        filter: tensor(
          isInOut ? dense[index!]! : torch[index!]!,
          Array.from(filterLayout, (axis) => sizes[axis as keyof typeof sizes]),
        ),
        filterLayout,
        bias: biases[index!]!,
        activation: index === 0 ? 'relu' : 'none',
      }
    })

  for (const filterLayout of ['hwio', 'oihw', 'ohwi', 'ihwo'] as const) {
    it(`from filters in ${filterLayout}`, () => {
      expect(PixelMlp.fromConv2d(chain(filterLayout)).runSync(image)).to.deep.equal(expected)
    })
  }

  it('from groups, in each filter layout', () => {
    const photo = tensor(random.integers(4 * 7 * 6, 3), [4, 7, 6])
    for (const filterLayout of ['hwio', 'oihw'] as const) {
      for (const groups of [2, 3, 6]) {
        const sizes = filterLayout === 'hwio' ? [1, 1, 6 / groups, 12] : [12, 6 / groups, 1, 1]
        const filter = tensor(random.integers((6 / groups) * 12, 3), sizes)
        const options = { filter, filterLayout, groups, bias: random.integers(12, 3) }
        expect(PixelMlp.fromConv2d([options]).runSync(photo)).to.deep.equal(
          new Conv2d(options).runSync(photo),
        )
      }
    }
  })

  it('from what does not matter to one tap', () => {
    const [first, second] = chain('oihw') as [Conv2dOptions, Conv2dOptions]
    const layers: Conv2dOptions[] = [
      { ...first, flip: true, dilations: [2, 3], padding: 'same', border: 'reflect', algorithm: 'direct' },
      { ...second, padding: 'full', accuracy: 'fast', strides: 1 },
      { filter: tensor(Float32Array.of(1, 0, 0, 1), [1, 1, 2, 2]), padding: { top: 0 }, groups: 1 },
    ]
    expect(PixelMlp.fromConv2d(layers).runSync(image)).to.deep.equal(expected)
  })

  it('there and back, with every activation and the types of both ends', () => {
    const activations = [
      'relu',
      { kind: 'leakyRelu', alpha: 0.25 },
      { kind: 'clamp', min: -1, max: 2 },
      'gelu',
    ] as const
    const layers = activations.map((activation) => ({
      weights: tensor(random.floats(9), [3, 3]),
      bias: random.floats(3),
      activation,
    }))
    const options = { layers, layout: 'nchw', inputType: 'uint8', outputType: 'uint8' } as const
    const convolutions = PixelMlp.toConv2d(options)
    expect(convolutions.map(({ activation }) => activation)).to.deep.equal(activations)
    expect(convolutions.map(({ inputType }) => inputType)).to.deep.equal([
      'uint8',
      'float32',
      'float32',
      'float32',
    ])
    expect(convolutions.map(({ outputType }) => outputType)).to.deep.equal([
      'float32',
      'float32',
      'float32',
      'uint8',
    ])
    expect(convolutions[1]).to.deep.include({ layout: 'nchw', bias: layers[1]!.bias })
    expect(convolutions[1]!.filter).to.deep.equal({ data: layers[1]!.weights.data, shape: [1, 1, 3, 3] })
    const bytes = tensor(
      Uint8Array.from({ length: 3 * 35 }, () => random.integer(0, 255)),
      [3, 5, 7],
    )
    const direct = new PixelMlp(options).runSync(bytes)
    const again = PixelMlp.fromConv2d<'uint8', 'uint8'>(convolutions as Conv2dOptions<'uint8', 'uint8'>[])
    expect(again.runSync(bytes)).to.deep.equal(direct)
  })

  describe('refuse', () => {
    const filter = tensor(new Float32Array(9), [1, 1, 3, 3])
    const one = { filter }
    const from =
      (...layers: readonly object[]): (() => unknown) =>
      () =>
        PixelMlp.fromConv2d(layers as Conv2dOptions[])
    const cases: Readonly<Record<string, readonly [expected: Expected, call: () => unknown]>> = {
      'a kernel': [
        shape('layers[1].filter has a kernel of 3 x 1, a PixelMlp sees one pixel at a time: 1 x 1'),
        from(one, { filter: tensor(new Float32Array(27), [3, 1, 3, 3]) }),
      ],
      strides: [
        shape('layers[0].strides are 1 x 2, a PixelMlp computes every pixel'),
        from({ filter, strides: [1, 2] }),
      ],
      padding: [
        shape('layers[1].padding.left is 2, a PixelMlp has no border to pad; it must be 0'),
        from(one, { filter, padding: { left: 2 } }),
      ],
      'two layouts': [
        option('layers[1].layout is "nchw", layers[0].layout is "nhwc"; a PixelMlp has one layout'),
        from(one, { filter, layout: 'nchw' }),
      ],
      'bytes between layers': [
        option(
          'layers[0].outputType is "uint8", but inside of a PixelMlp all is "float32"; only its input and output can be bytes',
        ),
        from({ filter, outputType: 'uint8' }, one),
      ],
      'bytes into the second layer': [
        option(
          'layers[1].inputType is "uint8", but inside of a PixelMlp all is "float32"; only its input and output can be bytes',
        ),
        from(one, { filter, inputType: 'uint8' }),
      ],
      'what a Conv2d refuses': [
        option('layers[1]: unknown option "stride"; did you mean "strides"?'),
        from(one, { filter, stride: 2 }),
      ],
      'groups that are too wide': [
        rangeError('ERR_CONV_RANGE', 'layers[0].filter has 2000 inputs, at most 1024 are possible'),
        from({ filter: tensor(new Float32Array(2000), [1, 1, 1, 2000]), groups: 2000, padding: 'same' }),
      ],
      'layers that do not follow': [
        shape('layers[1].weights has 3 inputs, layer 0 gives 5 outputs'),
        from({ filter: tensor(new Float32Array(15), [1, 1, 3, 5]) }, one),
      ],
      'one layer alone': [
        typeError('ERR_CONV_TYPE', 'layers must be an array of layers, got an object'),
        () => PixelMlp.fromConv2d(one as unknown as Conv2dOptions[]),
      ],
      'a residual connection': [
        option('layers[1].residual is no convolution: a Conv2d adds nothing but its bias; leave it out'),
        () =>
          PixelMlp.toConv2d({
            layers: [
              { weights: tensor(new Float32Array(9), [3, 3]) },
              { weights: tensor(new Float32Array(9), [3, 3]), residual: { from: 'input' } },
            ],
          }),
      ],
      'a classification': [
        option('classify "argmax" is no convolution; leave it out'),
        () => PixelMlp.toConv2d({ layers: inOut, classify: 'argmax' }),
      ],
      'what the constructor refuses': [
        shape('layers[1].weights has 3 inputs, layer 0 gives 5 outputs'),
        () => PixelMlp.toConv2d({ layers: [inOut[0]!, inOut[0]!] }),
      ],
    }
    for (const [name, [error, call]] of Object.entries(cases)) it(name, () => expectError(error, call))

    it('nothing of what a getter throws', () => {
      const mine = new Error('mine')
      const hostile = {
        get filter(): Tensor {
          throw mine
        },
      }
      expect(from(hostile)).to.throw(mine)
    })
  })
})
