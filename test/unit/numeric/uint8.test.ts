/** Images of bytes, in and out, by every algorithm: against the oracle, and what becomes of results that are no bytes. */
import { expect } from 'chai'
import { Conv2d, tensor, type Conv2dOptions, type ElementType } from 'simdconv'
import {
  accepts,
  algorithms,
  inOracleOrder,
  kindFor,
  randomCase,
  type Case,
  type Kind,
} from '../../helpers/cases'
import { oracle } from '../../helpers/oracle'
import { Random } from '../../helpers/random'

type Types = readonly [input: ElementType, output: ElementType]
type Options = Conv2dOptions<ElementType, ElementType>

const typePairs: readonly Types[] = [
  ['uint8', 'uint8'],
  ['uint8', 'float32'],
  ['float32', 'uint8'],
]

/** Rounded to the nearest integer, halves to even, clamped to 0 to 255; NaN is 0. */
function asByte(value: number): number {
  if (!(value > 0)) return 0
  if (value >= 255) return 255
  const below = Math.floor(value)
  const distance = value - below
  return distance > 0.5 || (distance === 0.5 && below % 2 === 1) ? below + 1 : below
}

/** Bytes that begin on an odd address. */
function oddBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(values.length + 8), 3, values.length)
  bytes.set(values)
  return bytes
}

/**
 * Turns a random case into one of these types, in place: the oracle reads the same arrays. Bytes are small numbers more
 * often than large ones, so that most results are bytes; weights are halves where whole numbers become bytes, so that
 * halves are rounded, and large where real ones do.
 */
function retype(random: Random, example: Case, [inputType, outputType]: Types, isExact: boolean): Options {
  const samples = example.input.data
  if (inputType === 'uint8') {
    for (let index = 0; index < samples.length; index++) {
      samples[index] = random.integer(0, random.pick([3, 9, 9, 255]))
    }
  }
  const weights = example.options.filter.data
  if (outputType === 'uint8') {
    const scale = isExact ? 0.5 : inputType === 'uint8' ? 4 : 64
    for (let index = 0; index < weights.length; index++) weights[index]! *= scale
  }
  return { ...example.options, inputType, outputType }
}

async function check(example: Case, options: Options, isExact: boolean): Promise<void> {
  const { input, inWords } = example
  const layer = new Conv2d<ElementType, ElementType>(options)
  const data = options.inputType === 'uint8' ? oddBytes(input.data) : input.data
  const image = { data, shape: input.shape }
  const { values, bounds } = oracle(inWords)
  const isBytes = options.outputType === 'uint8'
  const output = isBytes ? oddBytes(values.map(() => 99)) : new Float32Array(values.length).fill(NaN)
  const results = [layer.runSync(image), layer.runSync(image, { output }), await layer.run(image)]
  expect(results[1]!.data).to.equal(output)
  for (const { data: computed } of results) {
    expect(computed).to.be.instanceOf(isBytes ? Uint8Array : Float32Array)
    const ordered = inOracleOrder(example, Float32Array.from(computed))
    for (const [index, value] of values.entries()) {
      const bound = isExact ? 0 : bounds[index]!
      const ends = [value - bound, value + bound]
      const [least, most] = isBytes ? ends.map(asByte) : ends
      const got = ordered[index]!
      if (!(got >= least! && got <= most!)) expect.fail(`[${index}] is ${got}, expected ${value}`)
    }
  }
  if (isBytes) {
    const around = new Uint8Array(output.buffer)
    expect([...around.subarray(0, 3), ...around.subarray(3 + values.length)]).to.deep.equal(Array(8).fill(0))
  }
}

for (const types of typePairs) {
  describe(types.join(' to '), () => {
    const random = new Random(20260705)
    for (let index = 0; index < 120; index++) {
      const isExact = index % 3 !== 0
      const example = randomCase(random, isExact ? 'small integers' : 'floats')
      const options = retype(random, example, types, isExact)
      it(example.name, () => check(example, options, isExact))
    }

    for (const algorithm of algorithms) {
      const kind = kindFor(algorithm)
      const kinds: readonly Kind[] = kind === 'depthwise' ? ['any', kind, kind] : [kind]
      let accepted = 0
      for (let attempt = 0; attempt < 500 && accepted < 30; attempt++) {
        const isExact = attempt % 3 !== 0
        const example = randomCase(random, isExact ? 'small integers' : 'floats', random.pick(kinds))
        const options = { ...retype(random, example, types, isExact), algorithm }
        if (!accepts(options)) continue
        accepted++
        it(`${algorithm}: ${example.name}`, () => check(example, options, isExact))
      }
      it(`${algorithm} met 30 layers`, () => expect(accepted).to.equal(30))
    }
  })
}

describe('results that are no bytes', () => {
  const samples = [
    ...[0, -0, 0.25, 0.5, 0.75, 1.5, 2.5, 3.5, 127.5, 128.5, 253.5, 254.5, 254.75, 255, 255.25, 255.5, 256],
    ...[-0.5, -1.5, -100, 1e10, -1e10, 2 ** 31, -(2 ** 31), 2 ** 32 + 7, 3e38, -3e38, 1e-40],
    ...[0.49999997, 0.50000006, 1.4999999, 1.5000001, NaN, Infinity, -Infinity],
  ]
  const bytes = samples.map((sample) => asByte(Math.fround(sample)))

  for (const algorithm of algorithms) {
    if (algorithm === 'grouped') continue // it ends as depthwise does, and has no kernel of 1x1
    for (const layout of ['nhwc', 'nchw'] as const) {
      const channels = algorithm === 'depthwise' ? 64 : 1
      if (layout === 'nchw' && channels > 1) continue
      it(`are rounded and clamped by ${algorithm}, ${layout}, in rows of any length`, () => {
        const filter = tensor(new Float32Array(channels).fill(1), [1, 1, 1, channels])
        const layer = new Conv2d({ filter, groups: channels, algorithm, layout, outputType: 'uint8' })
        for (let width = 1; width <= 70; width += channels === 1 ? 1 : 23) {
          const count = width * channels
          const data = Float32Array.from({ length: count }, (_, index) => samples[index % samples.length]!)
          const shape = layout === 'nhwc' ? [1, width, channels] : [channels, 1, width]
          const expected = Array.from(data, (_, index) => bytes[index % samples.length]!)
          expect([...layer.runSync({ data, shape }).data], `${width}`).to.deep.equal(expected)
        }
      })
    }
  }

  it('are rounded after bias and activation', () => {
    const image = tensor(Float32Array.of(-2, 0.75, 1.75, 300), [1, 4, 1])
    const filter = tensor(Float32Array.of(2), [1, 1, 1, 1])
    const run = (options: Partial<Conv2dOptions>): number[] => {
      const layer = new Conv2d({ filter, bias: Float32Array.of(1), ...options, outputType: 'uint8' })
      return [...layer.runSync(image).data]
    }
    expect(run({})).to.deep.equal([0, 2, 4, 255])
    expect(run({ activation: { kind: 'clamp', min: 2.5, max: 4.25 } })).to.deep.equal([2, 2, 4, 4])
    expect(run({ activation: 'sigmoid' })).to.deep.equal([0, 1, 1, 1])
  })

  it('are the same for every border of a constant that is no byte', () => {
    const filter = tensor(new Float32Array(9).fill(1), [3, 3, 1, 1])
    for (const algorithm of algorithms) {
      if (!accepts({ filter, algorithm })) continue
      for (const [value, corner] of [
        [-0.5, 38], // 4 x 10 - 5 x 0.5 = 37.5
        [0.5, 42], // 42.5
        [NaN, 0],
        [Infinity, 255],
      ] as const) {
        const border = { mode: 'constant', value } as const
        const options = { filter, padding: 'same', border, algorithm } as const
        const layer = new Conv2d({ ...options, inputType: 'uint8', outputType: 'uint8' })
        const { data } = layer.runSync(tensor(new Uint8Array(20 * 7).fill(10), [7, 20, 1]))
        expect([data[0], data[21]], `${algorithm}, ${value}`).to.deep.equal([corner, 90])
      }
    }
  })
})

describe('scratch of images of bytes', () => {
  for (const algorithm of algorithms) {
    it(`of ${algorithm} is less than a mebibyte, whatever the height`, () => {
      for (const [kernel, channels] of [
        [3, 1],
        [5, 1],
        [15, 3],
        [31, 1],
        [3, 64],
      ] as const) {
        for (const layout of ['nhwc', 'nchw'] as const) {
          for (const border of ['zeros', 'wrap', 'renormalize'] as const) {
            const weights = new Float32Array(kernel * kernel * channels).fill(1)
            const options: Options = {
              filter: tensor(weights, [kernel, kernel, 1, channels]),
              groups: channels,
              padding: 'same',
              border,
              layout,
              algorithm,
              inputType: 'uint8',
              outputType: 'uint8',
            }
            if (!accepts(options)) continue
            const layer = new Conv2d<ElementType, ElementType>(options)
            for (const height of [1080, 20_000]) {
              const shape = layout === 'nhwc' ? [height, 1920, channels] : [channels, height, 1920]
              const where = `${kernel}x${kernel}, ${channels} channels, ${layout}, ${border}, ${height}`
              expect(layer.describe(shape).scratchBytes, where).to.be.below(2 ** 20)
            }
          }
        }
      }
    })
  }
})
