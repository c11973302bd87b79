/** Layers on sequences, and depthwise ones, against plain loops. */
import { expect } from 'chai'
import {
  Conv1d,
  Conv2d,
  convolve,
  DepthwiseConv2d,
  tensor,
  type Conv1dOptions,
  type Filter1dLayout,
  type Layout1d,
  type Padding1d,
} from 'simdconv'
import { Random } from '../../helpers/random'

const random = new Random(20266)

/** A layer on sequences in words, its indices told by functions. */
interface Plain {
  readonly batch: number
  readonly length: number
  readonly inChannels: number
  readonly outChannels: number
  readonly groups: number
  readonly taps: number
  readonly stride: number
  readonly dilation: number
  readonly left: number
  readonly out: number
  readonly sample: (n: number, t: number, c: number) => number
  readonly weight: (a: number, c: number, d: number) => number
  readonly bias: (d: number) => number
}

/** E5 in one dimension; zeros around. The result is [batch][length][channels], on whole numbers. */
function formula(layer: Plain): number[] {
  const result: number[] = []
  const [inPerGroup, outPerGroup] = [layer.inChannels / layer.groups, layer.outChannels / layer.groups]
  for (let n = 0; n < layer.batch; n++)
    for (let t = 0; t < layer.out; t++)
      for (let d = 0; d < layer.outChannels; d++) {
        let sum = layer.bias(d)
        for (let a = 0; a < layer.taps; a++) {
          const at = t * layer.stride + a * layer.dilation - layer.left
          if (at < 0 || at >= layer.length) continue
          for (let c = 0; c < inPerGroup; c++)
            sum += layer.weight(a, c, d) * layer.sample(n, at, Math.floor(d / outPerGroup) * inPerGroup + c)
        }
        result.push(sum)
      }
  return result
}

describe('Conv1d against plain loops', () => {
  const paddings: readonly Padding1d[] = [
    'valid',
    'same',
    'same-lower',
    'full',
    'causal',
    3,
    { left: 2 },
    { right: 5 },
  ]
  for (let round = 0; round < 150; round++) {
    const groups = random.pick([1, 1, 1, 2, 3])
    const [inPerGroup, outPerGroup] = [random.pick([1, 2, 3, 8, 17]), random.pick([1, 2, 5, 16, 33])]
    const [inChannels, outChannels] = [groups * inPerGroup, groups * outPerGroup]
    const [batch, taps] = [random.pick([1, 1, 2, 3]), random.pick([1, 2, 3, 4, 7, 20])]
    const [stride, dilation] = [random.pick([1, 1, 2, 3]), random.pick([1, 1, 2, 4])]
    const span = (taps - 1) * dilation + 1
    const length = span + random.pick([0, 1, 2, 9, 40])
    const padding = random.pick(paddings)
    const layout = random.pick<Layout1d>(['nwc', 'nwc', 'ncw'])
    const filterLayout = random.pick<Filter1dLayout>(['wio', 'oiw', 'owi', 'iwo'])
    const flip = random.pick([false, false, true])
    const hasBias = random.pick([true, false])
    const asRank2 = batch === 1 && random.pick([true, false])

    const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + span - length)
    const [left, right] = {
      valid: [0, 0],
      same: [Math.floor(total / 2), Math.ceil(total / 2)],
      'same-lower': [Math.ceil(total / 2), Math.floor(total / 2)],
      full: [span - 1, span - 1],
      causal: [span - 1, 0],
    }[padding as string] ?? [
      typeof padding === 'object' ? (padding.left ?? 0) : (padding as number),
      typeof padding === 'object' ? (padding.right ?? 0) : (padding as number),
    ]
    const out = Math.floor((length + left! + right! - span) / stride) + 1
    const data = random.integers(batch * length * inChannels, 3)
    const weights = random.integers(taps * inPerGroup * outChannels, 3)
    const bias = hasBias ? random.integers(outChannels, 3) : undefined
    const weightAt = {
      wio: (a: number, c: number, d: number) => (a * inPerGroup + c) * outChannels + d,
      oiw: (a: number, c: number, d: number) => (d * inPerGroup + c) * taps + a,
      owi: (a: number, c: number, d: number) => (d * taps + a) * inPerGroup + c,
      iwo: (a: number, c: number, d: number) => (c * taps + a) * outChannels + d,
    }[filterLayout]
    const isLast = layout === 'nwc'
    const sizes = { w: taps, i: inPerGroup, o: outChannels }
    const options: Conv1dOptions = {
      filter: { data: weights, shape: Array.from(filterLayout, (axis) => sizes[axis as 'w']) },
      filterLayout,
      bias,
      strides: stride,
      dilations: dilation,
      groups,
      padding,
      layout,
      flip,
    }
    const name = `n${batch} l${length} c${inChannels} -> ${outChannels}, k${taps} s${stride} d${dilation} g${groups} ${JSON.stringify(padding)} ${layout} ${filterLayout}${flip ? ' flip' : ''}${hasBias ? ' bias' : ''}`

    it(name, async () => {
      const shape = [batch, ...(isLast ? [length, inChannels] : [inChannels, length])]
      const input = tensor(data, asRank2 ? shape.slice(1) : shape)
      const expected = formula({
        ...{ batch, length, inChannels, outChannels, groups, taps, stride, dilation, left: left!, out },
        sample: (n, t, c) =>
          data[isLast ? (n * length + t) * inChannels + c : (n * inChannels + c) * length + t]!,
        weight: (a, c, d) => weights[weightAt(flip ? taps - 1 - a : a, c, d)]!,
        bias: (d) => bias?.[d] ?? 0,
      })
      const layer = new Conv1d(options)
      const result = layer.runSync(input)
      const outShape = [batch, ...(isLast ? [out, outChannels] : [outChannels, out])].slice(asRank2 ? 1 : 0)
      expect(result.shape).to.deep.equal(outShape)
      expect(layer.outputShape(input.shape)).to.deep.equal(outShape)
      const inOrder = isLast
        ? [...result.data]
        : expected.map((_, index) => {
            const [d, t] = [index % outChannels, Math.floor(index / outChannels) % out]
            const n = Math.floor(index / outChannels / out)
            return result.data[(n * outChannels + d) * out + t]!
          })
      expect(inOrder.map((value) => value + 0)).to.deep.equal(expected.map((value) => value + 0))
      const output = tensor(new Float32Array(result.data.length), outShape)
      const later = await layer.run(input, { output })
      expect(later.data).to.equal(output.data)
      expect(later).to.deep.equal(result)
      const described = layer.describe(input.shape)
      expect([described.inputShape, described.outputShape]).to.deep.equal([input.shape, outShape])
      expect(described.padding).to.deep.equal({ left, right })
    })
  }

  for (const border of ['edge', 'reflect', 'symmetric', 'wrap', { mode: 'constant', value: 7 }] as const) {
    it(`reads the border ${JSON.stringify(border)} beyond both ends`, () => {
      const layer = new Conv1d({
        filter: tensor(Float32Array.of(1, 10, 100), [3, 1, 1]),
        padding: 'same',
        border,
      })
      const { data } = layer.runSync(tensor(Float32Array.of(1, 2, 3, 4), [4, 1]))
      const [before, after] = {
        edge: [1, 4],
        reflect: [2, 3],
        symmetric: [1, 4],
        wrap: [4, 1],
        constant: [7, 7],
      }[typeof border === 'string' ? border : border.mode]
      expect([...data]).to.deep.equal([before! + 210, 321, 432, 43 + 100 * after!])
    })
  }

  it('causal and flipped is a FIR filter: the beginning of convolve()', () => {
    const [signal, taps] = [random.integers(100, 9), random.integers(7, 9)]
    const layer = new Conv1d({ filter: tensor(taps, [7, 1, 1]), padding: 'causal', flip: true })
    const { data } = layer.runSync(tensor(signal, [100, 1]))
    expect([...data]).to.deep.equal([...convolve(signal, taps)].slice(0, 100))
  })

  it('causal: no output sees what is to come', () => {
    const layer = new Conv1d({
      filter: tensor(random.floats(5 * 3 * 4), [5, 3, 4]),
      padding: 'causal',
      dilations: 3,
      border: 'edge',
    })
    const [first, second] = [random.floats(60 * 3), random.floats(60 * 3)]
    second.set(first.subarray(0, 31 * 3))
    const [a, b] = [first, second].map((data) => layer.runSync(tensor(data, [60, 3])).data)
    expect([...a!.subarray(0, 31 * 4)]).to.deep.equal([...b!.subarray(0, 31 * 4)])
    expect(a).to.not.deep.equal(b)
  })

  it('takes and gives bytes', () => {
    const layer = new Conv1d({
      filter: tensor(Float32Array.of(0.5, 0.5), [2, 1, 1]),
      inputType: 'uint8',
      outputType: 'uint8',
    })
    const { data, shape } = layer.runSync(tensor(Uint8Array.of(0, 255, 255, 3), [4, 1]))
    expect([...data]).to.deep.equal([128, 255, 129])
    expect(data).to.be.instanceOf(Uint8Array)
    expect(shape).to.deep.equal([3, 1])
  })

  it('a million samples by 801 taps', () => {
    const [signal, taps] = [random.integers(1_000_000, 2), random.integers(801, 2)]
    const { data } = new Conv1d({ filter: tensor(taps, [801, 1, 1]) }).runSync(tensor(signal, [1_000_000, 1]))
    for (const t of [0, 1, 499_999, 999_199]) {
      expect(data[t]).to.equal(taps.reduce((sum, weight, a) => sum + weight * signal[t + a]!, 0))
    }
  })
})

describe('DepthwiseConv2d against plain loops', () => {
  for (const filterLayout of ['hwcm', 'cmhw'] as const)
    for (const [channels, multiplier, height, width] of [
      [1, 1, 3, 3],
      [3, 2, 2, 3],
      [16, 1, 3, 2],
      [5, 4, 1, 1],
      [33, 3, 5, 4],
    ] as const)
      it(`${channels} channels by ${multiplier}, ${height}x${width}, ${filterLayout}`, () => {
        const [inHeight, inWidth] = [9, 11]
        const image = random.integers(inHeight * inWidth * channels, 3)
        const weights = random.integers(height * width * channels * multiplier, 3)
        const bias = random.integers(channels * multiplier, 3)
        const shape =
          filterLayout === 'hwcm'
            ? [height, width, channels, multiplier]
            : [channels, multiplier, height, width]
        const weight = (a: number, b: number, c: number, m: number): number =>
          weights[
            filterLayout === 'hwcm'
              ? ((a * width + b) * channels + c) * multiplier + m
              : ((c * multiplier + m) * height + a) * width + b
          ]!
        const layer = new DepthwiseConv2d({
          filter: tensor(weights, shape),
          filterLayout,
          bias,
          strides: [2, 1],
        })
        const result = layer.runSync(tensor(image, [inHeight, inWidth, channels]))
        const [outHeight, outWidth] = [Math.floor((inHeight - height) / 2) + 1, inWidth - width + 1]
        expect(result.shape).to.deep.equal([outHeight, outWidth, channels * multiplier])
        const expected: number[] = []
        for (let i = 0; i < outHeight; i++)
          for (let j = 0; j < outWidth; j++)
            for (let c = 0; c < channels; c++)
              for (let m = 0; m < multiplier; m++) {
                let sum = bias[c * multiplier + m]!
                for (let a = 0; a < height; a++)
                  for (let b = 0; b < width; b++)
                    sum += weight(a, b, c, m) * image[((2 * i + a) * inWidth + j + b) * channels + c]!
                expected.push(sum)
              }
        expect([...result.data]).to.deep.equal(expected)
        expect(layer).to.be.instanceOf(Conv2d)
      })
})
