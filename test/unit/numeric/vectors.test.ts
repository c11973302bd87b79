import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Conv2d, pad, tensor, type Border } from 'simdconv'

interface NdArray {
  readonly dims: readonly number[]
  readonly data: readonly number[]
}
type Mode = 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap'

function cases(file: string): unknown {
  const text = readFileSync(join(__dirname, '../../vectors', file), 'utf8')
  return (JSON.parse(text) as { cases: unknown }).cases
}

const floats = (array: NdArray): Float32Array => Float32Array.from(array.data)
const border = (mode: Mode, value: number): Border => (mode === 'constant' ? { mode, value } : mode)

/**
 * How far a sum of float32 products may be off, in any order: about 2 * terms * eps * sum|x * w|, with the largest |x|
 * and the heaviest output channel of w ([out, ...]).
 */
function boundOf(x: NdArray, w: NdArray, outChannels: number, bias: readonly number[] = [0]): number {
  const terms = w.data.length / outChannels
  const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs))
  const weights = Array.from({ length: outChannels }, (_, d) =>
    w.data.slice(d * terms, (d + 1) * terms).reduce((sum, value) => sum + Math.abs(value), 0),
  )
  return 2 * (terms + 2) * 2 ** -24 * (largest(x.data) * largest(weights) + largest(bias))
}

function expectClose(actual: Float32Array, expected: NdArray, bound: number): void {
  expect(actual.length).to.equal(expected.data.length)
  const worst = Math.max(...actual.map((value, index) => Math.abs(value - expected.data[index]!)))
  expect(worst).to.be.at.most(bound)
}

describe('numpy.pad', () => {
  interface PadCase {
    readonly mode: Mode
    readonly value: number
    readonly pads: readonly (readonly [number, number])[]
    readonly x: NdArray
    readonly y: NdArray
  }
  for (const { mode, value, pads, x, y } of cases('pad.json') as readonly PadCase[]) {
    it(`${mode} ${x.dims.join('x')} by ${JSON.stringify(pads)}`, () => {
      const [[left, right], [top, bottom] = [0, 0]] = pads.toReversed() as [
        readonly [number, number],
        (readonly [number, number])?,
      ]
      const padded = pad(tensor(floats(x), x.dims), { top, bottom, left, right }, border(mode, value), {
        layout: 'nchw',
      })
      expect(padded.shape).to.deep.equal(y.dims)
      expect([...padded.data]).to.deep.equal([...floats(y)])
    })
  }
})

describe('scipy.ndimage', () => {
  interface CorrelateCase {
    readonly mode: Mode
    readonly scipy_mode: string
    readonly value: number
    readonly x: NdArray
    readonly w: NdArray
    readonly correlate: NdArray
    readonly convolve: NdArray
  }
  for (const { mode, value, x, w, correlate, convolve } of cases(
    'correlate.json',
  ) as readonly CorrelateCase[]) {
    for (const flip of [false, true]) {
      it(`${flip ? 'convolve' : 'correlate'} ${mode} ${x.dims.join('x')} with ${w.dims.join('x')}`, () => {
        const layer = new Conv2d({
          filter: { data: floats(w), shape: [...w.dims, 1, 1] },
          padding: 'same',
          border: border(mode, value),
          flip,
        })
        const result = layer.runSync({ data: floats(x), shape: [...x.dims, 1] })
        expectClose(result.data, flip ? convolve : correlate, boundOf(x, w, 1))
      })
    }
  }
})

describe('scipy.signal as conv2d', () => {
  interface ConvCase {
    readonly attrs: {
      readonly strides: readonly [number, number]
      readonly dilations: readonly [number, number]
      readonly pads: readonly [number, number, number, number]
      readonly group: number
    }
    readonly x: NdArray
    readonly w: NdArray
    readonly b: NdArray
    readonly y: NdArray
  }
  for (const { attrs, x, w, b, y } of cases('conv2d.json') as readonly ConvCase[]) {
    const [top, left, bottom, right] = attrs.pads
    const options = {
      bias: floats(b),
      strides: attrs.strides,
      dilations: attrs.dilations,
      groups: attrs.group,
      padding: { top, left, bottom, right },
    }
    const name = `x ${x.dims.join('x')} w ${w.dims.join('x')} ${JSON.stringify(attrs)}`
    const bound = boundOf(x, w, w.dims[0]!, b.data)

    it(`nchw oihw ${name}`, () => {
      const filter = { data: floats(w), shape: w.dims }
      const result = new Conv2d({ ...options, filter, filterLayout: 'oihw', layout: 'nchw' }).runSync({
        data: floats(x),
        shape: x.dims,
      })
      expect(result.shape).to.deep.equal(y.dims)
      expectClose(result.data, y, bound)
    })

    it(`nhwc hwio ${name}`, () => {
      const filter = permute(w, [2, 3, 1, 0])
      const result = new Conv2d({ ...options, filter: { data: floats(filter), shape: filter.dims } }).runSync(
        {
          data: floats(permute(x, [0, 2, 3, 1])),
          shape: permute(x, [0, 2, 3, 1]).dims,
        },
      )
      const expected = permute(y, [0, 2, 3, 1])
      expect(result.shape).to.deep.equal(expected.dims)
      expectClose(result.data, expected, bound)
    })
  }
})

/** numpy.transpose for rank 4. */
function permute({ dims, data }: NdArray, order: readonly [number, number, number, number]): NdArray {
  const strides = [dims[1]! * dims[2]! * dims[3]!, dims[2]! * dims[3]!, dims[3]!, 1]
  const [d0, d1, d2, d3] = order.map((axis) => dims[axis]!) as [number, number, number, number]
  const [s0, s1, s2, s3] = order.map((axis) => strides[axis]!) as [number, number, number, number]
  const permuted: number[] = []
  for (let i = 0; i < d0; i++)
    for (let j = 0; j < d1; j++)
      for (let k = 0; k < d2; k++)
        for (let l = 0; l < d3; l++) permuted.push(data[i * s0 + j * s1 + k * s2 + l * s3]!)
  return { dims: [d0, d1, d2, d3], data: permuted }
}
