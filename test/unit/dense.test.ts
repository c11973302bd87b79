/** What the layers with their own weights for each pixel refuse, and how they live and die. */
import { totalmem } from 'node:os'
import { expect } from 'chai'
import {
  Conv2d,
  cost,
  DenseImageLayer,
  equivariance,
  isTranslationInvariant,
  locality,
  LocallyConnected2d,
  restrictTo,
  tensor,
  tieWeights,
  type CostOptions,
  type Tensor,
} from 'simdconv'
import { expectError, expectRejection, plainError, rangeError, typeError } from '../helpers/expect-error'

const floats = (length: number, value = 1): Float32Array => new Float32Array(length).fill(value)
const makeDense = (): DenseImageLayer => new DenseImageLayer({ weights: tensor(floats(36), [2, 3, 2, 3]) })
const makeLocal = (): LocallyConnected2d =>
  new LocallyConnected2d({ weights: tensor(floats(6 * 9), [2, 3, 3, 3, 1, 1]), padding: 'same' })
const image = tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3, 1])

describe('DenseImageLayer', () => {
  it('refuses a megapixel, and says how many bytes it would be', () => {
    const rule = 'take a smaller image, or weights of a neighbourhood: LocallyConnected2d or Conv2d'
    const tooLarge = (what: string, shape: string): ReturnType<typeof rangeError> =>
      rangeError(
        'ERR_CONV_RANGE',
        `${what} has 1000000000000 weights (${shape}), which are 4000000000000 bytes; a tensor holds at most 17179869184; ${rule}`,
      )
    expectError(
      tooLarge('a fully connected layer', '1000 x 1000 x 1000 x 1000'),
      () => new DenseImageLayer({ weights: { data: floats(1), shape: [1000, 1000, 1000, 1000] } }),
    )
    expectError(tooLarge('a fully connected layer', '1000 x 1000 x 1000 x 1000 x 1 x 1'), () =>
      DenseImageLayer.from({ filter: tensor(floats(9), [3, 3, 1, 1]), padding: 'same' }, [1000, 1000, 1]),
    )
    expectError(
      tooLarge('a locally connected layer', '1000 x 1000 x 100 x 100 x 10 x 10'),
      () => new LocallyConnected2d({ weights: { data: floats(1), shape: [1000, 1000, 100, 100, 10, 10] } }),
    )
  })

  it('refuses what a tensor could hold and this machine cannot', function () {
    if (totalmem() >= 2 ** 36) return this.skip()
    const shape = [256, 256, 256, 256] // 16 GiB, and four times that to pack
    let message = ''
    try {
      new DenseImageLayer({ weights: { data: floats(1), shape } })
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).to.match(
      /^a fully connected layer has 4294967296 weights \(256 x 256 x 256 x 256\), which are 17179869184 bytes, and 4 times that while it is packed; this machine has \d+; take a smaller image/,
    )
  })

  it('takes weights or offsets', () => {
    const weights = tensor(floats(36), [2, 3, 2, 3])
    const option = (found: string): ReturnType<typeof typeError> =>
      typeError('ERR_CONV_OPTION', `a DenseImageLayer takes either weights or offsets; ${found}`)
    expectError(option('neither is there'), () => new DenseImageLayer({}))
    expectError(option('both are'), () => new DenseImageLayer({ weights, offsets: weights }))
    expectError(
      rangeError(
        'ERR_CONV_SHAPE',
        'weights.shape must have 4 axes (output height x output width x input height x input width) or 6 (... x in x out), got 2 (6 x 6)',
      ),
      () => new DenseImageLayer({ weights: tensor(floats(36), [6, 6]) }),
    )
    expectError(
      rangeError(
        'ERR_CONV_LENGTH',
        'bias has 4 elements, expected 6 (2 x 3 x 1, height x width x channels) or 1 (one per output channel)',
      ),
      () => new DenseImageLayer({ weights, bias: floats(4) }),
    )
    expectError(
      rangeError(
        'ERR_CONV_SHAPE',
        'offsets.shape[2] must be at least 2, the height of the output, got 1: output + input - 1 offsets lead from each output to each input',
      ),
      () => new DenseImageLayer({ offsets: tensor(floats(30), [2, 3, 1, 5]) }),
    )
  })

  it('refuses a weight for a pixel that there is not', () => {
    const offsets = makeDense().offsets()
    const dense = new DenseImageLayer({ offsets })
    expect(dense.weights().data).to.deep.equal(floats(36))
    offsets.data[0] = -0 // a zero like any other
    new DenseImageLayer({ offsets })
    offsets.data[(1 * 3 + 2) * 15 + 2 * 5 + 4] = 7
    expectError(
      rangeError(
        'ERR_CONV_RANGE',
        'offsets[1,2,2,4] must be 0, got 7: it is the weight of a pixel in row and column 2 and 4 of an image of 2 x 3',
      ),
      () => new DenseImageLayer({ offsets }),
    )
  })

  it('from() refuses what has no fully connected form', () => {
    const filter = tensor(floats(1), [1, 1, 1, 1])
    expectError(
      typeError(
        'ERR_CONV_OPTION',
        'outputType must be "float32", got "uint8"; a layer that rounds to bytes has no fully connected form',
      ),
      () => DenseImageLayer.from({ filter, outputType: 'uint8' } as never, [2, 3, 1]),
    )
    expectError(
      rangeError(
        'ERR_CONV_RANGE',
        'filter must be of finite numbers; an infinite weight makes NaN of the zeros that the others are measured with',
      ),
      () => DenseImageLayer.from({ filter: tensor(Float32Array.of(Infinity), [1, 1, 1, 1]) }, [2, 3, 1]),
    )
    expectError(typeError('ERR_CONV_TYPE', 'options must be an object, got undefined'), () =>
      DenseImageLayer.from(undefined as never, [2, 3, 1]),
    )
    expectError(
      rangeError('ERR_CONV_SHAPE', 'imageShape must have 3 axes (height x width x channels), got 2 (2 x 3)'),
      () => DenseImageLayer.from({ filter }, [2, 3]),
    )
  })

  it('keeps a copy of its weights, and gives copies', () => {
    const weights = tensor(floats(36), [2, 3, 2, 3])
    const layer = new DenseImageLayer({ weights })
    weights.data.fill(0)
    layer.weights().data.fill(5)
    expect(layer.runSync(image).data[0]).to.equal(21)
    expect(layer.bias()).to.equal(undefined)
  })
})

describe('LocallyConnected2d', () => {
  it('refuses weights that do not fit the windows', () => {
    const weights = tensor(floats(6 * 9), [2, 3, 3, 3, 1, 1])
    expectError(
      rangeError('ERR_CONV_SHAPE', 'an image of 5 x 5 has 3 x 3 windows, weights.shape begins with 2 x 3'),
      () => new LocallyConnected2d({ weights, imageSize: 5 }),
    )
    expectError(
      rangeError(
        'ERR_CONV_SHAPE',
        'weights.shape must have 6 axes (output height x output width x kernel height x kernel width x in x out), got 4 (2 x 3 x 3 x 3)',
      ),
      () => new LocallyConnected2d({ weights: tensor(floats(54), [2, 3, 3, 3]) }),
    )
    expectError(
      rangeError(
        'ERR_CONV_SHAPE',
        '2 windows span 4 rows, all of which are padding (6); pad less, or give more weights',
      ),
      () => new LocallyConnected2d({ weights, padding: 3 }),
    )
    expectError(
      typeError(
        'ERR_CONV_BORDER',
        'border "renormalize" weighs the taps of one kernel, and here each pixel has its own; take another border',
      ),
      () => new LocallyConnected2d({ weights, padding: 1, border: 'renormalize' }),
    )
    expectError(
      rangeError('ERR_CONV_RANGE', 'strides must be an integer from 1 to 65535, got 0'),
      () => new LocallyConnected2d({ weights, strides: 0 }),
    )
    expectError(
      typeError('ERR_CONV_OPTION', 'unknown option "stride"; did you mean "strides"?'),
      () => new LocallyConnected2d({ weights, stride: 2 } as never),
    )
  })

  it('is of the smallest image that fits, unless it is told', () => {
    const weights = tensor(floats(6 * 9), [2, 3, 3, 3, 1, 1])
    const sizeOf = (options: object): readonly number[] =>
      new LocallyConnected2d({ weights, ...options }).imageShape.slice(0, 2)
    expect(sizeOf({})).to.deep.equal([4, 5])
    expect(sizeOf({ strides: 2 })).to.deep.equal([5, 7])
    expect(sizeOf({ strides: 2, imageSize: [6, 8] })).to.deep.equal([6, 8])
    expect(sizeOf({ strides: 2, padding: 'same' })).to.deep.equal([4, 6])
    expect(sizeOf({ padding: { left: 1 } })).to.deep.equal([4, 4])
  })

  it('runs that overlap do not share what they gather', async () => {
    const layer = makeLocal()
    const other = tensor(Float32Array.of(9, 9, 9, 9, 9, 9), [2, 3, 1])
    const expected = [layer.runSync(image), layer.runSync(other)]
    expect(await Promise.all([layer.run(image), layer.run(other)])).to.deep.equal(expected)
    expect(await Promise.all([layer.run(other), layer.run(image)])).to.deep.equal([...expected].reverse())
  })
})

for (const [name, make] of [
  ['DenseImageLayer', makeDense],
  ['LocallyConnected2d', makeLocal],
] as const) {
  describe(`${name} runs as Conv2d does`, () => {
    it('into an output', async () => {
      const layer = make()
      const expected = layer.runSync(image).data
      const output = new Float32Array(6)
      expect(layer.runSync(image, { output }).data).to.equal(output)
      expect(output).to.deep.equal(expected)
      const result = await layer.run(image, { output: tensor(new Float32Array(6), [2, 3, 1]) })
      expect(result.data).to.deep.equal(expected)
      expectError(
        rangeError(
          'ERR_CONV_LENGTH',
          'output has 5 elements, expected 6 (2 x 3 x 1, height x width x channels)',
        ),
        () => layer.runSync(image, { output: new Float32Array(5) }),
      )
      expectError(
        rangeError(
          'ERR_CONV_ALIAS',
          'output overlaps the memory of input, which is still read while output is written; use another array',
        ),
        () => layer.runSync(image, { output: image.data }),
      )
    })

    it('with an output in flight', async () => {
      const layer = make()
      const output = new Float32Array(6)
      const running = layer.run(image, { output })
      expectError(
        plainError(
          'ERR_CONV_BUSY',
          'output is in flight: a run() that has not finished is using it; await that run first',
        ),
        () => layer.runSync(image, { output }),
      )
      await running
    })

    it('on images of its own size only', async () => {
      const layer = make()
      const wrong = rangeError(
        'ERR_CONV_SHAPE',
        `input is 3 x 2 x 1, the weights of this ${name} are for images of 2 x 3 x 1 (height x width x channels)`,
      )
      const turned = tensor(floats(6), [3, 2, 1])
      expectError(wrong, () => layer.runSync(turned))
      expectError(wrong, () => layer.outputShape([3, 2, 1]))
      await expectRejection(wrong, () => layer.run(turned))
      expectError(
        rangeError(
          'ERR_CONV_LENGTH',
          'input has 6 elements, expected 12 (2 x 2 x 3 x 1, batch x height x width x channels)',
        ),
        () => layer.runSync({ data: floats(6), shape: [2, 2, 3, 1] }),
      )
    })

    it('until it is taken back, or disposed of', async () => {
      const layer = make()
      const reason = new Error('enough')
      const aborted: unknown = await layer
        .run(image, { signal: AbortSignal.abort(reason) })
        .catch((error: unknown) => error)
      expect(aborted).to.equal(reason)
      const gone = plainError(
        'ERR_CONV_DISPOSED',
        'this layer was disposed of and has no weights any more; make a new one',
      )
      const running = layer.run(image)
      layer.dispose()
      layer.dispose()
      expect((await running).shape).to.deep.equal([2, 3, 1])
      expectError(gone, () => layer.runSync(image))
      expectError(gone, () => layer.weights())
      expectError(gone, () => tieWeights(layer))
      await expectRejection(gone, () => layer.run(image))
      expect(layer.outputShape([2, 3, 1])).to.deep.equal([2, 3, 1])
    })

    it('as a method only', () => {
      // eslint-disable-next-line @typescript-eslint/unbound-method
      const { runSync } = make()
      expectError(
        typeError(
          'ERR_CONV_TYPE',
          'this must be a DenseImageLayer or LocallyConnected2d, got undefined; call it as a method of the layer',
        ),
        () => (runSync as (input: unknown) => unknown)(image),
      )
    })
  })
}

describe('the constraints', () => {
  it('need an output as large as the image', () => {
    const layer = new DenseImageLayer({ weights: tensor(floats(1000 * 6), [1, 1, 2, 3, 1, 1000]) })
    expect(layer.runSync(image).shape).to.deep.equal([1, 1, 1000])
    const wrong = rangeError(
      'ERR_CONV_SHAPE',
      'the output is 1 x 1 and the image 2 x 3; offsets have a meaning where both are as large',
    )
    expectError(wrong, () => tieWeights(layer))
    expectError(wrong, () => isTranslationInvariant(layer))
    expectError(wrong, () => locality(layer))
    expectError(wrong, () => restrictTo(layer, 1))
  })

  it('a locally connected layer ties under any strides, dilations and padding', () => {
    const weights = tensor(floats(4 * 6, 3), [2, 2, 2, 3, 1, 1])
    const layer = new LocallyConnected2d({ weights, strides: [2, 1], dilations: [1, 2] })
    const { layer: tied, options, residual } = tieWeights(layer)
    expect(residual.max).to.equal(0)
    expect(options.filter.data).to.deep.equal(floats(6, 3))
    const photo = tensor(
      Float32Array.from({ length: 24 }, (_, index) => index),
      [4, 6, 1],
    )
    expect(tied.runSync(photo)).to.deep.equal(layer.runSync(photo))
    const cannot = (what: string): ReturnType<typeof rangeError> => rangeError('ERR_CONV_SHAPE', what)
    expectError(
      cannot('the layer has strides of 2 x 1; restrictTo() takes layers of stride and dilation 1'),
      () => restrictTo(layer, 1),
    )
    expectError(
      cannot(
        'a kernel of 2 x 3 with padding 0 + 0 and 0 + 0 gives an output of another size than the image; restrictTo() takes layers with padding "same"',
      ),
      () => restrictTo(new LocallyConnected2d({ weights }), 1),
    )
  })

  it('a kernel of even size is restricted around its pixel', () => {
    const filter = tensor(Float32Array.of(1, 2, 3, 4), [2, 2, 1, 1])
    const dense = DenseImageLayer.from({ filter, padding: 'same' }, [3, 4, 1])
    const { options, residual } = restrictTo(tieWeights(dense), 1)
    expect(Array.from(options.filter.data)).to.deep.equal([0, 0, 0, 0, 1, 2, 0, 3, 4])
    expect(residual.max).to.equal(0)
  })

  it('refuse what is no layer, no delta and no tolerance', () => {
    const conv = new Conv2d({ filter: tensor(floats(1), [1, 1, 1, 1]) })
    expectError(
      typeError(
        'ERR_CONV_TYPE',
        'layer must be a DenseImageLayer, LocallyConnected2d or result of tieWeights(), got Conv2d',
      ),
      () => locality(conv as never),
    )
    expectError(
      typeError('ERR_CONV_TYPE', 'layer must be a DenseImageLayer or LocallyConnected2d, got Conv2d'),
      () => tieWeights(conv as never),
    )
    expectError(rangeError('ERR_CONV_RANGE', 'delta must be an integer from 0 to 1073741823, got -1'), () =>
      restrictTo(makeDense(), -1),
    )
    expectError(rangeError('ERR_CONV_RANGE', 'tolerance must be at least 0, got -1'), () =>
      isTranslationInvariant(makeDense(), -1),
    )
  })

  it('a weight that is NaN obeys nothing', () => {
    const weights = floats(36)
    weights[7] = NaN
    const layer = new DenseImageLayer({ weights: tensor(weights, [2, 3, 2, 3]) })
    expect(isTranslationInvariant(layer, 1e9)).to.equal(false)
    expect(tieWeights(layer).residual.max).to.be.NaN
  })
})

describe('cost', () => {
  const byForm = (options: CostOptions): Record<string, [number, number, number]> =>
    Object.fromEntries(
      cost(options).map(({ form, parameters, macs, bytes }) => [form, [parameters, macs, bytes]]),
    )

  it("is the chapter's bill", () => {
    expect(byForm({ image: [1000, 1000] })).to.deep.equal({
      dense: [1e12, 1e12, 4e12],
      hidden: [1e9, 1e9, 4e9],
      tied: [1999 ** 2, 1999 ** 2 * 1e6, 4 * 1999 ** 2],
      local: [9e6, 9e6, 36e6],
      convolution: [9, 9e6, 36],
    })
  })

  it('is what the objects say, where they can exist', () => {
    for (const [height, width, delta, inChannels, outChannels, bias] of [
      [4, 7, 1, 1, 1, false],
      [5, 3, 2, 2, 3, true],
      [3, 4, 0, 3, 2, true],
    ] as const) {
      const bill = byForm({
        image: [height, width],
        hidden: 11,
        delta,
        channels: [inChannels, outChannels],
        bias,
      })
      const side = 2 * delta + 1
      const options = {
        filter: tensor(floats(side * side * inChannels * outChannels), [side, side, inChannels, outChannels]),
        bias: bias ? floats(outChannels) : undefined,
        padding: delta,
      }
      const shape = [height, width, inChannels]
      const dense = DenseImageLayer.from(options, shape)
      const hidden = new DenseImageLayer({
        weights: tensor(floats(height * width * inChannels * 11), [1, 1, height, width, inChannels, 11]),
        bias: bias ? floats(11) : undefined,
      })
      const local = restrictTo(dense, delta).layer
      for (const [form, layer] of Object.entries({ dense, hidden, local })) {
        const { parameterCount, flops } = layer
        expect([parameterCount, flops / 2, 4 * parameterCount]).to.deep.equal(bill[form])
      }
      const tied = tieWeights(dense)
      for (const [form, { layer, options: found }] of Object.entries({
        tied,
        convolution: restrictTo(tied, delta),
      })) {
        const parameters = found.filter.data.length + (found.bias?.length ?? 0)
        expect([parameters, layer.describe(shape).macs, 4 * parameters]).to.deep.equal(bill[form])
      }
    }
  })

  it('refuses what is no size', () => {
    expectError(rangeError('ERR_CONV_RANGE', 'image[1] must be an integer from 1 to 2147483647, got 0'), () =>
      cost({ image: [3, 0] }),
    )
    expectError(typeError('ERR_CONV_TYPE', 'channels must be [input, output], got an array of 1'), () =>
      cost({ image: [3, 4], channels: [1] as never }),
    )
  })
})

describe('equivariance', () => {
  it('is what its documentation says', () => {
    const layer = new Conv2d({ filter: tensor(Float32Array.of(1, 2, 1), [1, 3, 1, 1]), padding: 'same' })
    const { map, inside } = equivariance(layer, tensor(Float32Array.of(1, 2, 3, 4, 5), [1, 5, 1]), [0, 1])
    expect(map.data).to.deep.equal(Float32Array.of(-3, 5, 0, 0, -5))
    expect(inside).to.deep.equal({ max: 0, rms: 0, count: 2 })
  })

  const photo = tensor(
    Float32Array.from({ length: 8 * 12 * 2 }, (_, index) => (index * 37) % 19),
    [8, 12, 2],
  )
  const filter = tensor(
    Float32Array.from({ length: 3 * 4 * 2 * 2 }, (_, index) => (index % 7) - 3),
    [3, 4, 2, 2],
  )
  const shifts = [
    [0, 1],
    [1, 0],
    [-2, 3],
    [8, -12],
    [5, -7],
  ] as const
  const borders = ['constant', 'edge', 'reflect', 'symmetric', 'wrap', 'renormalize'] as const

  it('of a convolution is exact under wrap, and inside under every other border', () => {
    for (const border of borders) {
      for (const padding of ['same', 'same-lower', { top: 1, bottom: 1, left: 2, right: 1 }] as const) {
        const layer = new Conv2d({ filter, padding, border })
        let worst = 0
        for (const shift of shifts) {
          const { map, inside, border: outside, outputShift, onLattice } = equivariance(layer, photo, shift)
          expect([outputShift, onLattice]).to.deep.equal([shift, true])
          expect(map.shape).to.deep.equal([8, 12, 2])
          expect(inside.max).to.equal(0)
          expect(inside.count + outside.count).to.equal(map.data.length)
          worst = Math.max(worst, outside.max)
        }
        if (border === 'wrap') expect(worst).to.equal(0)
        else expect(worst).to.be.greaterThan(0)
      }
    }
  })

  it('counts as inside what no window carries over the border', () => {
    const layer = new Conv2d({ filter, padding: 'same' }) // one row above and below, one column left, two right
    const { inside } = equivariance(layer, photo, [1, 0])
    expect(inside.count).to.equal((8 - 2 - 1) * (12 - 3) * 2)
    expect(equivariance(layer, photo, [0, -2]).inside.count).to.equal((8 - 2) * (12 - 3 - 2) * 2)
  })

  it('of a strided one holds on the lattice of the strides only', () => {
    for (const border of borders) {
      const layer = new Conv2d({ filter, padding: 'same', border, strides: 2 })
      for (const shift of [
        [2, 0],
        [-4, 2],
        [6, -10],
      ] as const) {
        const found = equivariance(layer, photo, shift)
        expect(found.onLattice).to.equal(true)
        expect(found.outputShift).to.deep.equal([shift[0] / 2, shift[1] / 2])
        expect(found.inside.max).to.equal(0)
        if (border === 'wrap') expect(found.border.max).to.equal(0)
      }
      const off = equivariance(layer, photo, [1, 0])
      expect([off.onLattice, off.inside.max > 0]).to.deep.equal([false, true])
    }
  })

  it('knows the strides of a convolution, under any padding', () => {
    for (const padding of ['same', 'valid', 'full', 3] as const) {
      const layer = new Conv2d({ filter, padding, strides: [2, 3] })
      const found = equivariance(layer, photo, [2, 3])
      expect([found.outputShift, found.onLattice]).to.deep.equal([[1, 1], true])
      expect(found.inside.max).to.equal(0)
      expect(equivariance(layer, photo, [2, 3], { strides: [2, 3] })).to.deep.equal(found)
    }
  })

  it('of a layer that writes to the same memory every time', () => {
    const output = new Float32Array(photo.data.length)
    const conv = new Conv2d({ filter, padding: 'same' })
    const layer = { runSync: (input: Tensor) => conv.runSync(input, { output }) }
    const reach = { top: 1, bottom: 1, left: 1, right: 2 }
    expect(equivariance(layer, photo, [1, 1], { reach })).to.deep.equal(equivariance(conv, photo, [1, 1]))
  })

  it('without padding compares what has a counterpart', () => {
    const layer = new Conv2d({ filter })
    const { map, inside, border } = equivariance(layer, photo, [2, 0])
    expect([inside.max, border.count]).to.deep.equal([0, 0])
    expect(map.data.filter((value) => Number.isNaN(value)).length).to.equal(2 * 9 * 2)
    expect(inside.count).to.equal(4 * 9 * 2)
  })

  it('of a layer that knows its place fails inside', () => {
    const weights = Float32Array.from({ length: 96 }, (_, index) => index)
    const layer = new LocallyConnected2d({ weights: tensor(weights, [8, 12, 1, 1, 1, 1]) })
    const grey = tensor(new Float32Array(96).fill(1), [8, 12, 1])
    const { map, inside } = equivariance(layer, grey, [0, 1])
    expect(map.data.subarray(0, 3)).to.deep.equal(Float32Array.of(0 - 11, 1 - 0, 2 - 1))
    expect([inside.max, inside.count]).to.deep.equal([1, 8 * 11])
  })

  it('takes any layer, a batch, and refuses the rest', () => {
    const negate = {
      runSync: ({ data, shape }: { data: Float32Array; shape: readonly number[] }) => ({
        data: data.map((value) => -value),
        shape,
      }),
    }
    const batch = { data: photo.data, shape: [2, 4, 12, 2] }
    expect(equivariance(negate, batch, [3, 5]).map).to.deep.equal({
      data: new Float32Array(192),
      shape: batch.shape,
    })
    expectError(typeError('ERR_CONV_TYPE', 'layer must be a layer with runSync(), got an object'), () =>
      equivariance({} as never, photo, [0, 1]),
    )
    expectError(typeError('ERR_CONV_TYPE', 'shift must be [rows, columns], got 1'), () =>
      equivariance(negate, photo, 1 as never),
    )
  })
})
