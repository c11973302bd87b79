/** The convolution of two functions: against scipy, against plain loops, and the laws that it obeys. */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Conv2d,
  convolve,
  correlate,
  pad,
  tensor,
  type ConvolveMethod,
  type ConvolveMode,
  type Tensor,
} from 'simdconv'
import { Random } from '../../helpers/random'

interface NdArray {
  readonly dims: readonly number[]
  readonly data: readonly number[]
}

const read = (file: string): unknown =>
  (JSON.parse(readFileSync(join(__dirname, '../../vectors', file), 'utf8')) as { cases: unknown }).cases

const modes = ['full', 'same', 'valid'] as const
const methods = ['direct', 'fft'] as const
const unit = 2 ** -24

const toTensor = ({ dims, data }: NdArray): Tensor => tensor(Float32Array.from(data), dims)
const norm = (values: Iterable<number>): number => Math.hypot(...values)

interface Plain {
  readonly shape: readonly [height: number, width: number]
  readonly values: Float64Array
  /** Of each sum, the magnitudes of its terms. */
  readonly magnitudes: Float64Array
}

/** E4 in double precision, four plain loops; functions of one variable are one row. */
function formula(f: Tensor, g: Tensor): Plain {
  const [fh, fw] = [f.shape.at(-2) ?? 1, f.shape.at(-1)!]
  const [gh, gw] = [g.shape.at(-2) ?? 1, g.shape.at(-1)!]
  const [height, width] = [fh + gh - 1, fw + gw - 1]
  const values = new Float64Array(height * width)
  const magnitudes = new Float64Array(height * width)
  for (let a = 0; a < fh; a++)
    for (let b = 0; b < fw; b++)
      for (let c = 0; c < gh; c++)
        for (let d = 0; d < gw; d++) {
          const product = f.data[a * fw + b]! * g.data[c * gw + d]!
          values[(a + c) * width + b + d]! += product
          magnitudes[(a + c) * width + b + d]! += Math.abs(product)
        }
  return { shape: [height, width], values, magnitudes }
}

/** What a mode leaves of the full convolution. */
function part(full: Plain, mode: ConvolveMode, f: Tensor, g: Tensor): Plain {
  const stretch = (n: number, m: number): [number, number] =>
    mode === 'full'
      ? [0, n + m - 1]
      : mode === 'same'
        ? [(m - 1) >> 1, n]
        : [Math.min(n, m) - 1, Math.abs(n - m) + 1]
  const [top, height] = stretch(f.shape.at(-2) ?? 1, g.shape.at(-2) ?? 1)
  const [left, width] = stretch(f.shape.at(-1)!, g.shape.at(-1)!)
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(
      { length: height * width },
      (_, index) => values[(top + Math.floor(index / width)) * full.shape[1] + left + (index % width)]!,
    )
  return { shape: [height, width], values: pick(full.values), magnitudes: pick(full.magnitudes) }
}

/** The bounds of the documentation. */
function expectWithin(
  actual: Float32Array,
  expected: Plain,
  method: ConvolveMethod,
  f: Tensor,
  g: Tensor,
): void {
  const terms = Math.min(f.data.length, g.data.length, 4096)
  const ofFft = 21 * 22 * 2 ** -53 * norm(f.data) * norm(g.data)
  expect(actual.length).to.equal(expected.values.length)
  for (const [index, value] of actual.entries()) {
    const want = expected.values[index]!
    const bound =
      method === 'fft' ? ofFft + unit * Math.abs(want) : (terms + 1) * unit * expected.magnitudes[index]!
    if (!(Math.abs(value - want) <= bound))
      expect.fail(`[${index}] is ${value}, expected ${want} within ${bound}`)
  }
}

describe('scipy.signal', () => {
  interface Case {
    readonly f: NdArray
    readonly g: NdArray
    readonly convolve: Readonly<Partial<Record<ConvolveMode, NdArray>>>
    readonly correlate: Readonly<Partial<Record<ConvolveMode, NdArray>>>
  }
  for (const given of read('signal.json') as readonly Case[]) {
    const [f, g] = [toTensor(given.f), toTensor(given.g)]
    const bound = 2 * (Math.min(f.data.length, g.data.length) + 2) * unit * norm(f.data) * norm(g.data)
    for (const [name, operation] of Object.entries({ convolve, correlate }))
      for (const mode of modes)
        for (const method of methods) {
          const expected = given[name as 'convolve' | 'correlate'][mode]
          if (expected === undefined) continue
          it(`${name} ${f.shape.join('x')} with ${g.shape.join('x')}, ${mode}, ${method}`, () => {
            const actual = operation(f, g, { mode, method })
            expect(actual.shape).to.deep.equal(expected.dims)
            const worst = Math.max(...actual.data.map((value, at) => Math.abs(value - expected.data[at]!)))
            expect(worst).to.be.at.most(bound)
          })
        }
  }
})

describe('scipy.ndimage by correlate and convolve', () => {
  interface Case {
    readonly mode: 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap'
    readonly value: number
    readonly x: NdArray
    readonly w: NdArray
    readonly correlate: NdArray
    readonly convolve: NdArray
  }
  for (const { mode, value, x, w, ...expected } of read('correlate.json') as readonly Case[]) {
    it(`${mode} ${x.dims.join('x')} with ${w.dims.join('x')}`, () => {
      const [bottom, right] = w.dims.map((taps) => (taps - 1) / 2) as [number, number]
      const border = mode === 'constant' ? { mode, value } : mode
      const around = pad(toTensor(x), { top: bottom, bottom, left: right, right }, border)
      const kernel = toTensor(w)
      const bound = 2 * (kernel.data.length + 2) * unit * norm(around.data) * norm(kernel.data)
      for (const [name, operation] of Object.entries({ convolve, correlate })) {
        const { data, shape } = operation(around, kernel, { mode: 'valid' })
        const wanted = expected[name as 'convolve' | 'correlate']
        expect(shape).to.deep.equal(wanted.dims)
        const worst = Math.max(...data.map((result, at) => Math.abs(result - wanted.data[at]!)))
        expect(worst).to.be.at.most(bound)
      }
    })
  }
})

describe('convolve and correlate against plain loops', () => {
  const random = new Random(20261)
  const sizes = [1, 2, 3, 5, 8, 17, 40]
  const draw = (shape: readonly number[], exact: boolean): Tensor => {
    const length = shape.reduce((product, axis) => product * axis, 1)
    return tensor(exact ? random.integers(length, 5) : random.floats(length), shape)
  }
  for (let round = 0; round < 120; round++) {
    const rank = random.pick([1, 2])
    const exact = random.pick([true, false])
    const shapes = [0, 1].map(() => Array.from({ length: rank }, () => random.pick(sizes))) as [
      number[],
      number[],
    ]
    const [f, g] = [draw(shapes[0], exact), draw(shapes[1], exact)]
    const method = random.pick(methods)
    it(`${shapes[0].join('x')} with ${shapes[1].join('x')}, ${method}, ${exact ? 'whole' : 'real'} numbers`, () => {
      const turned = tensor(g.data.slice().reverse(), g.shape)
      for (const [operation, by] of [
        [convolve, g],
        [correlate, turned],
      ] as const) {
        const full = formula(f, by)
        for (const mode of modes) {
          const rows = [f, g].map(({ shape }) => shape.at(-2) ?? 1)
          const columns = [f, g].map(({ shape }) => shape.at(-1)!)
          if (mode === 'valid' && (rows[0]! - rows[1]!) * (columns[0]! - columns[1]!) < 0) continue
          const expected = part(full, mode, f, g)
          const actual = operation(f, g, { mode, method })
          expect(actual.shape).to.deep.equal(rank === 1 ? expected.shape.slice(1) : expected.shape)
          if (exact) expect([...actual.data]).to.deep.equal(Array.from(expected.values, (value) => value + 0))
          else expectWithin(actual.data, expected, method, f, g)
        }
      }
    })
  }
})

describe('convolve on long functions', () => {
  const random = new Random(20262)

  it('by transforms of several blocks, and of one', () => {
    for (const [n, m] of [
      [30000, 700],
      [9000, 8000],
      [5000, 5000],
    ] as const) {
      const [f, g] = [random.floats(n), random.floats(m)]
      const [F, G] = [tensor(f, [n]), tensor(g, [m])]
      expectWithin(convolve(f, g, { method: 'fft' }), formula(F, G), 'fft', F, G)
    }
  })

  it('directly, in passes of 4096 taps', () => {
    const [f, g] = [tensor(random.floats(6000), [6000]), tensor(random.floats(9001), [9001])]
    const full = formula(f, g)
    for (const mode of modes)
      expectWithin(convolve(f, g, { mode, method: 'direct' }).data, part(full, mode, f, g), 'direct', f, g)
  })

  it('directly, in passes of rows, and of parts of rows', () => {
    for (const [h, w, otherH, otherW] of [
      [30, 20, 90, 70],
      [3, 20, 2, 5000],
    ] as const) {
      const f = tensor(random.integers(h * w, 3), [h, w])
      const g = tensor(random.integers(otherH * otherW, 3), [otherH, otherW])
      const expected = formula(f, g)
      const actual = convolve(f, g, { method: 'direct' })
      expect(actual.shape).to.deep.equal(expected.shape)
      expect([...actual.data]).to.deep.equal(Array.from(expected.values, (value) => value + 0))
    }
  })

  it('of 300,000 and 100,000 numbers: whole ones are whole, and sum up to the product of the sums', () => {
    const [f, g] = [random.integers(300_000, 3), random.integers(100_000, 3)]
    const both = convolve(f, g)
    const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0)
    expect(both.length).to.equal(399_999)
    expect(both.every(Number.isInteger)).to.equal(true)
    expect(sum(both)).to.equal(sum(f) * sum(g))
    const at = 200_000 // one of them by the formula
    let expected = 0
    for (let a = 0; a < g.length; a++) expected += g[a]! * f[at - a]!
    expect(both[at]).to.equal(expected)
  })
})

describe('the laws of convolution', () => {
  const random = new Random(20263)
  const shapes = [
    [[1], [1], [1]],
    [[7], [3], [5]],
    [[40], [40], [11]],
    [[5000], [4999], [600]],
    [
      [5, 7],
      [3, 2],
      [2, 4],
    ],
    [
      [3, 11],
      [11, 3],
      [4, 4],
    ],
    [
      [70, 90],
      [60, 50],
      [3, 9],
    ],
  ] as const
  const draw = (shape: readonly number[], whole: boolean): Tensor => {
    const length = shape.reduce((product, axis) => product * axis, 1)
    return tensor(whole ? random.integers(length, 3) : random.floats(length), shape)
  }
  for (const [first, second, third] of shapes) {
    const name = [first, second, third].map((shape) => shape.join('x')).join(', ')

    it(`f * g = g * f, to the last bit also of real numbers: ${name}`, () => {
      for (const whole of [true, false])
        for (const method of ['auto', ...methods] as const)
          for (const [a, b] of [
            [first, second],
            [first, first],
          ]) {
            const [f, g] = [draw(a!, whole), draw(b!, whole)]
            expect(convolve(f, g, { method })).to.deep.equal(convolve(g, f, { method }))
          }
    })

    it(`(f * g) * h = f * (g * h), exactly on whole numbers: ${name}`, () => {
      const [f, g, h] = [draw(first, true), draw(second, true), draw(third, true)]
      expect(convolve(convolve(f, g), h)).to.deep.equal(convolve(f, convolve(g, h)))
    })

    it(`f * (g + h) = f * g + f * h, exactly on whole numbers: ${name}`, () => {
      const [f, g, h] = [draw(first, true), draw(second, true), draw(second, true)]
      const add = (a: Tensor, b: Tensor): Tensor =>
        tensor(
          a.data.map((value, at) => value + b.data[at]!),
          a.shape,
        )
      const [left, right] = [convolve(f, add(g, h)), add(convolve(f, g), convolve(f, h))]
      expect([...left.data]).to.deep.equal([...right.data])
    })

    it(`a shifted function gives a shifted convolution: ${name}`, () => {
      const [f, g] = [draw(first, true), draw(second, true)]
      const sides = first.length === 1 ? { left: 3 } : { top: 2, left: 3 }
      expect(convolve(pad(f, sides), g)).to.deep.equal(pad(convolve(f, g), sides))
    })

    it(`a correlation is turned round by exchanging its sides: ${name}`, () => {
      const [f, g] = [draw(first, false), draw(second, false)]
      const [there, back] = [correlate(f, g, { method: 'direct' }), correlate(g, f, { method: 'direct' })]
      const full = formula(f, tensor(g.data.slice().reverse(), g.shape))
      expectWithin(there.data, full, 'direct', f, g)
      expectWithin(back.data.slice().reverse(), full, 'direct', f, g)
    })
  }

  it('a single one is neutral, anywhere else it shifts', () => {
    const f = random.floats(50)
    expect([...convolve(f, Float32Array.of(1))]).to.deep.equal([...f])
    expect([...convolve(f, Float32Array.of(0, 0, 1))]).to.deep.equal([0, 0, ...f])
  })
})

describe('Conv2d({ flip: true })', () => {
  const random = new Random(20264)
  const paddings = { full: 'full', same: 'same-lower', valid: 'valid' } as const
  for (const [height, width, kernelHeight, kernelWidth] of [
    [5, 7, 2, 3],
    [13, 40, 5, 4],
    [1, 100, 1, 31],
    [64, 50, 9, 17],
  ] as const)
    for (const mode of modes)
      it(`is convolve: ${height}x${width} with ${kernelHeight}x${kernelWidth}, ${mode}`, () => {
        const f = random.integers(height * width, 5)
        const g = random.integers(kernelHeight * kernelWidth, 5)
        const layer = (flip: boolean): Float32Array =>
          new Conv2d({
            filter: tensor(g, [kernelHeight, kernelWidth, 1, 1]),
            padding: paddings[mode],
            flip,
          }).runSync(tensor(f, [height, width, 1])).data
        const [F, G] = [tensor(f, [height, width]), tensor(g, [kernelHeight, kernelWidth])]
        // Of an even kernel the middle is between two taps: 'same' of a flipped one takes the later, in both ways of counting.
        expect([...layer(true)]).to.deep.equal([...convolve(F, G, { mode }).data])
        expect([...layer(false)]).to.deep.equal([...correlate(F, G, { mode }).data])
      })
})

describe('infinities and NaN', () => {
  /** E4 on the indices where both functions are: outside there is nothing to multiply. */
  function literal(f: readonly number[], g: readonly number[]): number[] {
    return Array.from({ length: f.length + g.length - 1 }, (_, i) => {
      let sum = 0
      for (let a = 0; a < f.length; a++) if (i - a >= 0 && i - a < g.length) sum += f[a]! * g[i - a]!
      return sum
    })
  }
  for (const [f, g] of [
    [
      [1, 2, NaN, 4, 5],
      [1, -1],
    ],
    [
      [1, 2, 3, 4, 5],
      [Infinity, 1],
    ],
    [
      [1, 2, 3, 4, 5],
      [0, NaN, 2],
    ],
    [
      [1, Infinity, 0, 4, 5],
      [-Infinity, 1, 2],
    ],
    [
      [0, 3, -Infinity, 0, 0, 0, 1],
      [2, 0, Infinity, 1],
    ],
    [
      [3e38, 1e38, 1],
      [1, Infinity],
    ],
  ] as const)
    it(`${f.join(' ')} with ${g.join(' ')} stay where the formula puts them`, () => {
      const expected = literal(f, g)
      const [F, G] = [Float32Array.from(f), Float32Array.from(g)]
      expect([...convolve(F, G)]).to.deep.equal([...Float32Array.from(expected)])
      expect([...convolve(G, F)]).to.deep.equal([...Float32Array.from(expected)])
    })

  it('are not spread where the lengths would favour transforms', () => {
    const random = new Random(20265)
    const [f, g] = [random.floats(20_000), random.floats(5000)]
    f[10_000] = Infinity
    const both = convolve(f, g)
    expect(both.subarray(0, 10_000).every(Number.isFinite)).to.equal(true)
    expect(both.subarray(10_000, 15_000).some(Number.isFinite)).to.equal(false)
    expect(both.subarray(15_000).every(Number.isFinite)).to.equal(true)
  })
})
