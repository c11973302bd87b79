/** Layers whose weights know their place, against plain loops, and in every form of one operator against each other. */
import { expect } from 'chai'
import {
  Conv2d,
  DenseImageLayer,
  isTranslationInvariant,
  locality,
  LocallyConnected2d,
  restrictTo,
  tensor,
  tieWeights,
  type Conv2dOptions,
  type Tensor,
} from 'simdconv'
import { firstMistake, randomCase } from '../../helpers/cases'
import { oracle, type OracleAxis, type OracleCase, type OracleResult } from '../../helpers/oracle'
import { Random } from '../../helpers/random'

type Draw = (length: number) => Float32Array

const drawFor = (random: Random, isExact: boolean): Draw =>
  isExact ? (length) => random.integers(length, 3) : (length) => random.floats(length)

interface DenseSizes {
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly outHeight: number
  readonly outWidth: number
  readonly inChannels: number
  readonly outChannels: number
}

const sizesOf = (random: Random): DenseSizes => ({
  batch: random.pick([1, 1, 2, 5, 17]),
  height: random.integer(1, 6),
  width: random.integer(1, 7),
  outHeight: random.integer(1, 6),
  outWidth: random.integer(1, 7),
  inChannels: random.pick([1, 1, 2, 3]),
  outChannels: random.pick([1, 1, 2, 5, 17]),
})

/** E1, as it is written, in doubles. */
function denseOracle(
  { batch, height, width, outHeight, outWidth, inChannels, outChannels }: DenseSizes,
  weight: (i: number, j: number, k: number, l: number, c: number, d: number) => number,
  bias: (i: number, j: number, d: number) => number,
  input: Float32Array,
): OracleResult {
  const values = new Float64Array(batch * outHeight * outWidth * outChannels)
  const bounds = new Float64Array(values.length)
  let at = 0
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let d = 0; d < outChannels; d++, at++) {
          let sum = bias(i, j, d)
          let magnitude = Math.abs(sum)
          for (let k = 0; k < height; k++) {
            for (let l = 0; l < width; l++) {
              for (let c = 0; c < inChannels; c++) {
                const product =
                  weight(i, j, k, l, c, d) * input[((n * height + k) * width + l) * inChannels + c]!
                sum += product
                magnitude += Math.abs(product)
              }
            }
          }
          values[at] = sum
          bounds[at] = 2 * (height * width * inChannels + 1) * 2 ** -24 * magnitude
        }
      }
    }
  }
  return { outHeight, outWidth, values, bounds }
}

const inWords = (sizes: object): string =>
  Object.entries(sizes)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(', ')

describe('DenseImageLayer', () => {
  for (const isExact of [true, false]) {
    it(`is E1 and E1' on random sizes, ${isExact ? 'whole numbers bit for bit' : 'floats'}`, async () => {
      const random = new Random(isExact ? 101 : 102)
      for (let round = 0; round < 60; round++) {
        const sizes = sizesOf(random)
        const { batch, height, width, outHeight, outWidth, inChannels, outChannels } = sizes
        const draw = drawFor(random, isExact)
        const isPlain = inChannels === 1 && outChannels === 1 && random.pick([true, false])
        const pair = isPlain ? [] : [inChannels, outChannels]
        const weights = draw(outHeight * outWidth * height * width * inChannels * outChannels)
        const outputs = outHeight * outWidth * outChannels
        const bias = random.pick([undefined, draw(outputs), draw(outChannels)])
        const input = draw(batch * height * width * inChannels)
        const shape = [batch, height, width, inChannels].slice(
          batch === 1 && random.pick([true, false]) ? 1 : 0,
        )
        const weightOf = (i: number, j: number, k: number, l: number, c: number, d: number): number =>
          weights[((((i * outWidth + j) * height + k) * width + l) * inChannels + c) * outChannels + d]!
        const expected = denseOracle(
          sizes,
          weightOf,
          (i, j, d) => (bias === undefined ? 0 : bias[((i * outWidth + j) * outChannels + d) % bias.length]!),
          input,
        )
        const layer = new DenseImageLayer({
          weights: tensor(weights, [outHeight, outWidth, height, width, ...pair]),
          bias,
        })
        const again = new DenseImageLayer({ offsets: layer.offsets(), bias })
        for (const result of [
          layer.runSync({ data: input, shape }),
          again.runSync({ data: input, shape }),
          await layer.run({ data: input, shape }),
        ]) {
          expect(result.shape).to.deep.equal([...shape.slice(0, -3), outHeight, outWidth, outChannels])
          expect(firstMistake(result.data, expected, isExact), inWords(sizes)).to.equal(undefined)
        }
        expect(layer.outputShape(shape)).to.deep.equal([
          ...shape.slice(0, -3),
          outHeight,
          outWidth,
          outChannels,
        ])

        // The other form, entry by entry as E1' defines it, and back without a loss.
        const offsets = layer.offsets()
        const [rows, columns] = [outHeight + height - 1, outWidth + width - 1]
        expect(offsets.shape).to.deep.equal([outHeight, outWidth, rows, columns, ...pair])
        const byOffset: number[] = []
        for (let i = 0; i < outHeight; i++) {
          for (let j = 0; j < outWidth; j++) {
            for (let a = 1 - outHeight; a < height; a++) {
              for (let b = 1 - outWidth; b < width; b++) {
                const isInside = i + a >= 0 && i + a < height && j + b >= 0 && j + b < width
                for (let c = 0; c < inChannels; c++) {
                  for (let d = 0; d < outChannels; d++) {
                    byOffset.push(isInside ? weightOf(i, j, i + a, j + b, c, d) : 0)
                  }
                }
              }
            }
          }
        }
        expect(offsets.data).to.deep.equal(Float32Array.from(byOffset))
        expect(again.weights().shape).to.deep.equal(layer.weights().shape)
        expect(again.weights().data).to.deep.equal(weights)
        expect(layer.weights().data).to.deep.equal(weights)
        const biases = bias === undefined ? 0 : outputs
        expect(layer.parameterCount).to.equal(weights.length + biases)
        expect(layer.flops).to.equal(2 * weights.length)
        expect(layer.bias()?.data.length ?? 0).to.equal(biases)
      }
    })
  }

  it('from() is any convolution at every pixel, border included, bit for bit', () => {
    const random = new Random(103)
    let compared = 0
    for (let round = 0; round < 150; round++) {
      const given = randomCase(random, 'small integers')
      const { height, width, inChannels, outChannels } = given.inWords
      if (given.layout === 'nchw' || height * width * inChannels * outChannels > 2000) continue
      const layer = DenseImageLayer.from(given.options, [height, width, inChannels])
      const result = layer.runSync(given.input)
      expect(firstMistake(result.data, oracle(given.inWords), true), given.name).to.equal(undefined)
      compared++
    }
    expect(compared).to.be.greaterThan(40)
  })

  it('from() takes renormalizing borders, and layers for planar images', () => {
    const filter = tensor(Float32Array.of(1, 2, 4, 8, 16, 32), [2, 3, 1, 1])
    const image = tensor(new Random(104).integers(5 * 7, 3), [5, 7, 1])
    const options = { filter, padding: 'same', border: { mode: 'renormalize', by: 'area' } } as const
    const expected = new Conv2d(options).runSync(image).data
    const dense = DenseImageLayer.from({ ...options, layout: 'nchw' }, [5, 7, 1]).runSync(image).data
    for (const [index, value] of expected.entries()) {
      expect(dense[index]!).to.be.closeTo(value, 2 ** -20 * (63 * 3))
    }
  })
})

/** A locally connected layer in words: every output pixel asks the oracle of a convolution with its own weights. */
function localOracle(
  given: Omit<OracleCase, 'weight' | 'bias'>,
  weight: (pixel: number, a: number, b: number, c: number, d: number) => number,
  bias: (pixel: number, d: number) => number,
): OracleResult {
  const at = (pixel: number): OracleResult =>
    oracle({ ...given, weight: (a, b, c, d) => weight(pixel, a, b, c, d), bias: (d) => bias(pixel, d) })
  const { outHeight, outWidth, values, bounds } = at(0)
  const pixels = outHeight * outWidth
  for (let pixel = 0; pixel < pixels; pixel++) {
    const own = at(pixel)
    for (let n = 0; n < given.batch; n++) {
      const first = (n * pixels + pixel) * given.outChannels
      for (let index = first; index < first + given.outChannels; index++) {
        values[index] = own.values[index]!
        bounds[index] = own.bounds[index]!
      }
    }
  }
  return { outHeight, outWidth, values, bounds }
}

describe('LocallyConnected2d', () => {
  const modes = ['constant', 'edge', 'reflect', 'symmetric', 'wrap'] as const

  for (const isExact of [true, false]) {
    it(`has its own weights at each pixel, ${isExact ? 'whole numbers bit for bit' : 'floats'}`, async () => {
      const random = new Random(isExact ? 105 : 106)
      for (let round = 0; round < 80; round++) {
        const draw = drawFor(random, isExact)
        const strides = [random.pick([1, 1, 2, 3]), random.pick([1, 1, 2])] as const
        const dilations = [random.pick([1, 1, 2]), random.pick([1, 1, 3])] as const
        const [kernelHeight, kernelWidth] = [random.integer(1, 4), random.integer(1, 5)]
        const [inChannels, outChannels] = [random.pick([1, 1, 2, 3]), random.pick([1, 1, 2, 3, 8, 17])]
        const batch = random.pick([1, 1, 2, 3])
        const [height, width] = [random.integer(1, 7), random.integer(1, 9)]
        const span = [(kernelHeight - 1) * dilations[0] + 1, (kernelWidth - 1) * dilations[1] + 1] as const
        const padding = {
          top: random.integer(0, 3),
          bottom: random.integer(0, 3) + Math.max(0, span[0] - height),
          left: random.integer(0, 3),
          right: random.integer(0, 3) + Math.max(0, span[1] - width),
        }
        const border: { y: OracleAxis; x: OracleAxis } = {
          y: { mode: random.pick(modes), value: random.integer(-2, 2) },
          x: { mode: random.pick(modes), value: random.integer(-2, 2) },
        }
        const outHeight = Math.floor((height + padding.top + padding.bottom - span[0]) / strides[0]) + 1
        const outWidth = Math.floor((width + padding.left + padding.right - span[1]) / strides[1]) + 1
        const pixels = outHeight * outWidth
        const weights = draw(pixels * kernelHeight * kernelWidth * inChannels * outChannels)
        const bias = random.pick([undefined, draw(outChannels), draw(pixels * outChannels)])
        const input = draw(batch * height * width * inChannels)
        const expected = localOracle(
          {
            batch,
            height,
            width,
            inChannels,
            outChannels,
            groups: 1,
            kernelHeight,
            kernelWidth,
            strides,
            dilations,
            padding,
            flip: false,
            borderY: border.y,
            borderX: border.x,
            by: 'area',
            sample: (n, y, x, c) => input[((n * height + y) * width + x) * inChannels + c]!,
            activation: (x) => Math.max(x, 0),
            activationError: 0,
          },
          (pixel, a, b, c, d) =>
            weights[(((pixel * kernelHeight + a) * kernelWidth + b) * inChannels + c) * outChannels + d]!,
          (pixel, d) => bias?.[(pixel * outChannels + d) % bias.length] ?? 0,
        )
        const axis = ({ mode, value }: OracleAxis): 'edge' | { mode: 'constant'; value: number } =>
          mode === 'constant' ? { mode, value } : (mode as 'edge')
        const layer = new LocallyConnected2d({
          weights: tensor(weights, [outHeight, outWidth, kernelHeight, kernelWidth, inChannels, outChannels]),
          bias,
          strides,
          dilations,
          padding,
          border: { y: axis(border.y), x: axis(border.x) },
          activation: 'relu',
          imageSize: [height, width],
        })
        const image = { data: input, shape: [batch, height, width, inChannels] }
        const name = inWords({
          height,
          width,
          kernelHeight,
          kernelWidth,
          strides,
          dilations,
          padding,
          border,
        })
        for (const result of [layer.runSync(image), await layer.run(image), layer.runSync(image)]) {
          expect(result.shape).to.deep.equal([batch, outHeight, outWidth, outChannels])
          expect(firstMistake(result.data, expected, isExact), name).to.equal(undefined)
        }
        expect(layer.weights().data).to.deep.equal(weights)
        expect(layer.parameterCount).to.equal(
          weights.length + (bias === undefined ? 0 : pixels * outChannels),
        )
        expect(layer.flops).to.equal(2 * weights.length)
      }
    })
  }

  it('with the same weights everywhere is Conv2d, under padding by name', () => {
    const random = new Random(107)
    for (const padding of ['valid', 'same', 'same-lower', 'full', 1] as const) {
      for (const border of modes) {
        const filter = random.integers(2 * 3 * 2 * 3, 3)
        const [height, width] = [5, 8]
        const conv = new Conv2d({ filter: tensor(filter, [2, 3, 2, 3]), padding, border })
        const image = tensor(random.integers(2 * height * width * 2, 3), [2, height, width, 2])
        const expected = conv.runSync(image)
        const [, outHeight, outWidth] = expected.shape as [number, number, number, number]
        const weights = Float32Array.from(
          { length: outHeight * outWidth * filter.length },
          (_, index) => filter[index % filter.length]!,
        )
        const local = new LocallyConnected2d({
          weights: tensor(weights, [outHeight, outWidth, 2, 3, 2, 3]),
          padding,
          border,
        })
        expect(local.imageShape).to.deep.equal([height, width, 2])
        expect(local.runSync(image)).to.deep.equal(expected)
      }
    }
  })
})

describe('the chain of constraints', () => {
  const random = new Random(108)

  /** A convolution that reads zeros beyond the border, and its fully connected form. */
  function operator(delta: number, height: number, width: number, inChannels: number, outChannels: number) {
    const side = 2 * delta + 1
    const filter = tensor(random.integers(side * side * inChannels * outChannels, 3), [
      side,
      side,
      inChannels,
      outChannels,
    ])
    const options: Conv2dOptions = { filter, bias: random.integers(outChannels, 3), padding: delta }
    return { filter, options, dense: DenseImageLayer.from(options, [height, width, inChannels]) }
  }

  it('dense, tied, local and convolutional forms of one operator give the same numbers', () => {
    for (let round = 0; round < 40; round++) {
      const [height, width] = [random.integer(1, 6), random.integer(1, 8)]
      const delta = random.integer(0, 3)
      const [inChannels, outChannels] = [random.integer(1, 3), random.pick([1, 2, 17])]
      const { filter, options, dense } = operator(delta, height, width, inChannels, outChannels)
      const tied = tieWeights(dense)
      const local = restrictTo(dense, delta)
      const both = [restrictTo(tied, delta), tieWeights(local.layer)]
      const image = tensor(random.integers(2 * height * width * inChannels, 3), [
        2,
        height,
        width,
        inChannels,
      ])
      const expected = new Conv2d(options).runSync(image)
      const name = inWords({ height, width, delta, inChannels, outChannels })
      for (const { layer, residual } of [tied, local, ...both]) {
        expect(layer.runSync(image), name).to.deep.equal(expected)
        expect([residual.max, residual.rms]).to.deep.equal([0, 0])
      }
      expect(dense.runSync(image)).to.deep.equal(expected)
      expect(isTranslationInvariant(dense)).to.equal(true)
      expect(isTranslationInvariant(local.layer)).to.equal(true)
      // Weights that never meet the image have no part in the fully connected form: they come back as zeros.
      for (const { options: found } of both) {
        expect(found.filter.shape).to.deep.equal([2 * delta + 1, 2 * delta + 1, inChannels, outChannels])
        for (const [index, value] of found.filter.data.entries()) {
          const tap = Math.floor(index / (inChannels * outChannels))
          const [a, b] = [Math.floor(tap / (2 * delta + 1)) - delta, (tap % (2 * delta + 1)) - delta]
          const meets = Math.abs(a) < height && Math.abs(b) < width
          expect(value + 0).to.equal(meets ? filter.data[index]! + 0 : 0)
        }
        expect(found.bias).to.deep.equal(options.bias)
      }
    }
  })

  it('the average and the residual are those of the definition', () => {
    for (let round = 0; round < 30; round++) {
      const [height, width] = [random.integer(1, 5), random.integer(1, 6)]
      const [inChannels, outChannels] = [random.integer(1, 2), random.integer(1, 3)]
      const pair = inChannels * outChannels
      const weights = random.floats((height * width) ** 2 * pair)
      const bias = random.floats(height * width * outChannels)
      const dense = new DenseImageLayer({
        weights: tensor(weights, [height, width, height, width, inChannels, outChannels]),
        bias,
      })
      const { options, residual, biasResidual } = tieWeights(dense)
      const columns = 2 * width - 1
      expect(options.filter.shape).to.deep.equal([2 * height - 1, columns, inChannels, outChannels])
      const worst = new Float32Array(height * width)
      let squares = 0
      for (let a = 1 - height; a < height; a++) {
        for (let b = 1 - width; b < width; b++) {
          for (let index = 0; index < pair; index++) {
            const found: { pixel: number; value: number }[] = []
            for (let i = Math.max(0, -a); i < height && i + a < height; i++) {
              for (let j = Math.max(0, -b); j < width && j + b < width; j++) {
                const pixel = i * width + j
                const value = weights[((pixel * height + i + a) * width + j + b) * pair + index]!
                found.push({ pixel, value })
              }
            }
            const mean = found.reduce((sum, { value }) => sum + value, 0) / found.length
            const tied = options.filter.data[((a + height - 1) * columns + b + width - 1) * pair + index]!
            expect(tied).to.equal(Math.fround(mean))
            for (const { pixel, value } of found) {
              worst[pixel] = Math.max(worst[pixel]!, Math.abs(value - tied))
              squares += (value - tied) ** 2
            }
          }
        }
      }
      expect(residual.map).to.deep.equal({ data: worst, shape: [height, width, 1] })
      expect(residual.max).to.equal(Math.max(...worst))
      expect(residual.rms).to.be.closeTo(Math.sqrt(squares / weights.length), 1e-12)
      const means = Array.from({ length: outChannels }, (_, d) => {
        const own = bias.filter((__, index) => index % outChannels === d)
        return own.reduce((sum, value) => sum + value, 0) / own.length
      })
      for (const [d, mean] of means.entries()) expect(options.bias![d]).to.equal(Math.fround(mean))
      const largest = Math.max(
        ...Array.from(bias, (u, index) => Math.abs(u - options.bias![index % outChannels]!)),
      )
      expect(biasResidual.max).to.equal(Math.fround(largest))

      const worstOfBoth = Math.max(residual.max, biasResidual.max)
      expect(isTranslationInvariant(dense, worstOfBoth)).to.equal(true)
      if (worstOfBoth > 0) expect(isTranslationInvariant(dense, worstOfBoth * 0.99)).to.equal(false)
    }
  })

  it('to tie and to restrict commute, and locality() foretells what is cut off', () => {
    for (let round = 0; round < 30; round++) {
      const [height, width] = [random.integer(1, 5), random.integer(1, 6)]
      const [inChannels, outChannels] = [random.integer(1, 2), random.integer(1, 3)]
      const dense = new DenseImageLayer({
        weights: tensor(random.floats((height * width) ** 2 * inChannels * outChannels), [
          height,
          width,
          height,
          width,
          inChannels,
          outChannels,
        ]),
        bias: random.floats(height * width * outChannels),
      })
      const tied = tieWeights(dense)
      const full = Math.max(height, width) - 1
      const { delta: reach, beyond } = locality(dense)
      expect(reach).to.equal(full)
      expect(beyond.length).to.equal(full + 1)
      expect(locality(tied).delta).to.equal(full)
      for (let delta = 0; delta <= full + 1; delta++) {
        const local = restrictTo(dense, delta)
        const one = restrictTo(tied, delta)
        const other = tieWeights(local.layer)
        expect(one.options.filter).to.deep.equal(other.options.filter)
        expect(one.options.bias).to.deep.equal(other.options.bias)
        expect(locality(one).delta).to.be.at.most(delta)
        const { max, rms } = beyond[delta] ?? { max: 0, rms: 0 }
        expect(local.residual.max).to.equal(max)
        expect(local.residual.rms).to.be.closeTo(rms, 1e-12)
        expect(locality(local.layer).delta).to.equal(Math.min(delta, full))
        expect(restrictTo(local.layer, delta).layer.weights()).to.deep.equal(local.layer.weights())
      }
      // All of it kept: the locally connected layer is the fully connected one.
      const image: Tensor = tensor(random.floats(height * width * inChannels), [height, width, inChannels])
      const whole = restrictTo(dense, full).layer.runSync(image).data
      for (const [index, value] of dense.runSync(image).data.entries()) {
        expect(whole[index]!).to.be.closeTo(value, 2 ** -22 * (height * width * inChannels + 1) ** 2)
      }
    }
  })

  it('under another border the forms agree inside, and tying tells of the border', () => {
    const [height, width, delta] = [7, 9, 1]
    const { options } = operator(delta, height, width, 1, 1)
    const filter = tensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [3, 3, 1, 1])
    const image = tensor(random.integers(height * width, 9), [height, width, 1])
    for (const border of ['edge', 'reflect', 'symmetric', 'wrap', { mode: 'constant', value: 2 }] as const) {
      const given = { ...options, filter, border }
      const expected = new Conv2d(given).runSync(image).data
      const dense = DenseImageLayer.from(given, [height, width, 1])
      expect(dense.runSync(image).data).to.deep.equal(expected)
      expect(isTranslationInvariant(dense)).to.equal(border === 'wrap')
      const { layer: tied, residual, biasResidual } = tieWeights(dense)
      // The weights of pixels inside, that see no border, are those of the filter in every form.
      const local = restrictTo(dense, delta).layer.runSync(image).data
      const zeros = new Conv2d({ ...options, filter }).runSync(image).data
      for (let i = 1; i < height - 1; i++) {
        for (let j = 1; j < width - 1; j++) {
          expect(local[i * width + j]).to.equal(expected[i * width + j])
          expect(zeros[i * width + j]).to.equal(expected[i * width + j])
        }
      }
      if (border === 'wrap') {
        // On a torus every offset has one weight, so the layer obeys E2; but it looks at the other end of the image.
        expect(tied.runSync(image).data).to.deep.equal(expected)
        expect(locality(dense).delta).to.equal(width - 1)
        continue
      }
      expect(locality(dense).delta).to.equal(1)
      expect(local).to.deep.equal(expected)
      if (typeof border === 'object') expect([residual.max, biasResidual.max > 0]).to.deep.equal([0, true])
      else expect(residual.max).to.be.greaterThan(0)
    }
  })
})
