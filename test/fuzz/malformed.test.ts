import { expect } from 'chai'
import * as simdconv from 'simdconv'
import type {
  Conv1dOptions,
  Conv2dOptions,
  DepthwiseConv2dOptions,
  PixelMlpOptions,
  RunOptions,
  Tensor,
} from 'simdconv'
import { Random } from '../helpers/random'

const calls = 10_000
const { algorithms } = simdconv.info()

/** The class that each code comes with. */
const classes: Readonly<Record<string, object>> = {
  ERR_CONV_TYPE: TypeError.prototype,
  ERR_CONV_RANGE: RangeError.prototype,
  ERR_CONV_LENGTH: RangeError.prototype,
  ERR_CONV_SHAPE: RangeError.prototype,
  ERR_CONV_OPTION: TypeError.prototype,
  ERR_CONV_BORDER: TypeError.prototype,
  ERR_CONV_ALIAS: RangeError.prototype,
  ERR_CONV_DETACHED: TypeError.prototype,
  ERR_CONV_DISPOSED: Error.prototype,
  ERR_CONV_ALGORITHM: Error.prototype,
  ERR_CONV_MEMORY: RangeError.prototype,
}

const detached = new Float32Array(4)
structuredClone(detached, { transfer: [detached.buffer] })

const numbers = [
  0,
  1,
  2,
  3,
  7,
  30,
  -0,
  -1,
  0.5,
  NaN,
  Infinity,
  -Infinity,
  1e300,
  1e-300,
  65536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
]
const junk: readonly unknown[] = [
  undefined,
  null,
  true,
  '',
  '3',
  'same',
  'edge',
  'x'.repeat(1000),
  7n,
  Symbol('s'),
  (): number => 1,
  {},
  [],
  [1, 2],
  [1, 2, 3, 4],
  [[1]],
  new Date(0),
  new Map(),
  Object.create(null),
  new Proxy({}, {}),
  new Proxy([], {}),
  Promise.resolve(1),
  /x/,
  new Error('e'),
  new Float64Array(9),
  new Int8Array(9),
  new Uint8Array(36),
  Buffer.alloc(36),
  new ArrayBuffer(36),
  new DataView(new ArrayBuffer(36)),
  new Float32Array(new SharedArrayBuffer(36)),
  new Float32Array(0),
  new Float32Array(9),
  detached,
  simdconv,
]

class Malformer {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  anything(): unknown {
    return this.#random.pick([
      () => this.#random.pick<unknown>(numbers),
      () => this.#random.pick(junk),
      () => this.data(),
    ])()
  }

  /** Mostly what it should be. */
  maybe(right: () => unknown): unknown {
    return this.#random.integer(0, 39) === 0 ? this.anything() : right()
  }

  small(): number {
    return this.#random.pick([1, 1, 1, 2, 2, 3])
  }

  array(length: number): Float32Array | Uint8Array | Uint8ClampedArray {
    const ArrayClass = this.#random.pick([
      ...Array<typeof Float32Array>(10).fill(Float32Array),
      Uint8Array,
      Uint8ClampedArray,
    ])
    return new ArrayClass(length).fill(1)
  }

  data(length = this.#random.integer(0, 64)): unknown {
    return this.maybe(() => this.array(length))
  }

  shape(rank: number): unknown {
    return this.maybe(() => Array.from({ length: rank }, () => this.maybe(() => this.small())))
  }

  /** `twos` is the axis of length 2: where the channels of images and the inputs of filters are by default. */
  tensor(rank: number, twos = rank - 1): unknown {
    return this.maybe(() => {
      const shape = Array.from({ length: rank }, (_, axis) => (axis === twos ? 2 : this.small()))
      const length = shape.reduce((product, axis) => product * axis, 1)
      return { data: this.maybe(() => this.array(length)), shape: this.maybe(() => shape) }
    })
  }

  padding(): unknown {
    const sides = ['top', 'bottom', 'left', 'right', 'up']
    return this.#random.pick([
      () => this.#random.pick(['valid', 'same', 'same-lower', 'full', 'none']),
      () => this.small(),
      () => ({ [this.#random.pick(sides)]: this.maybe(() => this.small()) }),
      () => this.anything(),
    ])()
  }

  axisBorder(): unknown {
    const names = [
      'constant',
      'edge',
      'reflect',
      'symmetric',
      'wrap',
      'renormalize',
      'zeros',
      'partial',
      'mirror',
      '?',
    ]
    const name = (): unknown => this.#random.pick(names)
    return this.#random.pick([
      name,
      name,
      () => ({ mode: name(), value: this.maybe(() => undefined) }),
      () => ({ mode: name(), by: this.#random.pick(['area', 'weight', undefined, 3]) }),
      () => this.anything(),
    ])()
  }

  border(): unknown {
    return this.#random.pick([
      () => this.axisBorder(),
      () => ({ x: this.axisBorder(), y: this.axisBorder() }),
    ])()
  }

  activation(): unknown {
    return this.#random.pick([
      () => this.#random.pick(['relu', 'gelu', 'clamp', 'leakyRelu', 'swish']),
      () => ({ kind: this.#random.pick(['clamp', 'silu']), min: this.anything(), max: this.anything() }),
      () => ({ kind: 'leakyRelu', alpha: this.anything() }),
      () => this.anything(),
    ])()
  }

  /** A few options, the filter nearly always among them. */
  options(): unknown {
    const pair = (): unknown =>
      this.maybe(() => this.#random.pick([this.small(), [this.small(), this.small()]]))
    const makers: Record<string, () => unknown> = {
      filterLayout: () => this.maybe(() => this.#random.pick(['hwio', 'oihw', 'ohwi', 'ihwo'])),
      bias: () => this.data(this.small()),
      strides: pair,
      dilations: pair,
      groups: () => this.maybe(() => this.small()),
      padding: () => this.padding(),
      border: () => this.border(),
      activation: () => this.activation(),
      layout: () => this.maybe(() => this.#random.pick(['nhwc', 'nchw'])),
      inputType: () => this.maybe(() => this.#random.pick(['float32', 'uint8'])),
      outputType: () => this.maybe(() => this.#random.pick(['float32', 'uint8'])),
      flip: () => this.maybe(() => true),
      algorithm: () => this.maybe(() => this.#random.pick(algorithms)),
      [this.#random.pick(['stride', 'weights', 'whatever', '__proto__'])]: () => this.anything(),
    }
    return this.maybe(() => this.some({ filter: this.tensor(4, 2) }, makers))
  }

  /** Perceptrons whose widths mostly follow from each other. */
  mlpOptions(): unknown {
    const widths = [2, this.small(), this.small(), this.small()]
    const layer = (index: number): unknown =>
      this.maybe(() => {
        const [inChannels, outChannels] = widths.slice(index, index + 2) as [number, number]
        const length = inChannels * outChannels
        const weights = { data: this.maybe(() => this.array(length)), shape: [inChannels, outChannels] }
        const makers: Record<string, () => unknown> = {
          bias: () => this.data(outChannels),
          activation: () => this.activation(),
          residual: () => this.residual(),
          transB: () => this.maybe(() => this.#random.pick([0, 1])),
          alpha: () => this.anything(),
          [this.#random.pick(['kernel', 'skip', '__proto__'])]: () => this.anything(),
        }
        return this.some({ weights: this.maybe(() => weights) }, makers)
      })
    const makers: Record<string, () => unknown> = {
      classify: () => this.maybe(() => this.#random.pick(['none', 'softmax', 'argmax'])),
      layout: () => this.maybe(() => this.#random.pick(['nhwc', 'nchw'])),
      inputType: () => this.maybe(() => 'uint8'),
      outputType: () => this.maybe(() => 'uint8'),
      filter: () => this.anything(),
    }
    return this.maybe(() => {
      const layers = Array.from({ length: this.small() }, (_, index) => layer(index))
      return this.some({ layers: this.maybe(() => layers) }, makers)
    })
  }

  /** Those of a Conv1d. */
  sequenceOptions(): unknown {
    const makers: Record<string, () => unknown> = {
      filterLayout: () => this.maybe(() => this.#random.pick(['wio', 'oiw', 'owi', 'iwo'])),
      strides: () => this.maybe(() => this.small()),
      dilations: () => this.maybe(() => this.small()),
      groups: () => this.maybe(() => this.small()),
      padding: () =>
        this.#random.pick([() => this.padding(), () => 'causal', () => ({ left: this.small() })])(),
      border: () => this.axisBorder(),
      layout: () => this.maybe(() => this.#random.pick(['nwc', 'ncw'])),
      flip: () => this.maybe(() => true),
      [this.#random.pick(['stride', 'weights', '__proto__'])]: () => this.anything(),
    }
    return this.maybe(() => this.some({ filter: this.tensor(3, 1) }, makers))
  }

  /** Those of convolve(). */
  convolveOptions(): unknown {
    return this.#random.pick([
      () => undefined,
      () => ({ mode: this.maybe(() => this.#random.pick(['full', 'same', 'valid', 'none'])) }),
      () => ({ method: this.maybe(() => this.#random.pick(['auto', 'direct', 'fft', 'none'])) }),
      () => this.anything(),
    ])()
  }

  residual(): unknown {
    const from = (): unknown => this.#random.pick<unknown>(['input', 0, 1, -1, 'output'])
    return this.maybe(() => ({
      from: this.maybe(from),
      add: this.#random.pick(['before', 'after', undefined]),
    }))
  }

  /** The same object with one in ten of the properties that could be made. */
  some(object: Record<string, unknown>, makers: Readonly<Record<string, () => unknown>>): unknown {
    for (const [name, make] of Object.entries(makers))
      if (this.#random.integer(0, 9) === 0) object[name] = make()
    return object
  }

  runOptions(): unknown {
    const output = (): unknown =>
      this.#random.pick([() => this.data(this.small() * this.small()), () => this.tensor(3)])()
    return this.#random.pick([
      () => undefined,
      () => undefined,
      () => ({}),
      () => ({ output: output() }),
      () => this.anything(),
    ])()
  }

  /** One call of one public function. */
  call(): () => unknown {
    const rank = this.#random.pick([2, 3, 3, 3, 3, 4])
    const [input, options, runOptions] = [this.tensor(rank), this.options(), this.runOptions()]
    const [padding, border, shape] = [this.padding(), this.border(), this.shape(rank)]
    const layer = (): simdconv.Conv2d => new simdconv.Conv2d(options as Conv2dOptions)
    const sequences = (): simdconv.Conv1d => new simdconv.Conv1d(this.sequenceOptions() as Conv1dOptions)
    const mlpOptions = this.mlpOptions() as PixelMlpOptions
    const mlp = (): simdconv.PixelMlp => new simdconv.PixelMlp(mlpOptions)
    const pointwise = { filter: this.tensor(4, 2), padding: this.maybe(() => 'same') } as Conv2dOptions
    const chain = this.maybe(() => [pointwise, ...this.#random.pick([[], [pointwise], [options]])])
    const [image, one, two] = [input as Tensor, this.anything(), this.anything()]
    const { data, shape: itsShape } = Object(input) as Tensor
    return this.#random.pick<() => unknown>([
      () => simdconv.conv2dSync(image, options as Conv2dOptions, runOptions as RunOptions),
      () => simdconv.conv2d(image, options as Conv2dOptions, runOptions as RunOptions),
      () => layer().runSync(image, runOptions as RunOptions),
      () => layer().run(image, runOptions as RunOptions),
      () => layer().outputShape(shape as number[]),
      () => layer().describe(shape as number[]),
      () => sequences().runSync(image, runOptions as RunOptions),
      () => sequences().run(this.tensor(2) as Tensor, runOptions as RunOptions),
      () => sequences().describe(shape as number[]),
      () =>
        new simdconv.DepthwiseConv2d(options as DepthwiseConv2dOptions).runSync(
          image,
          runOptions as RunOptions,
        ),
      () =>
        this.#random.pick([simdconv.convolve, simdconv.correlate])(
          this.#random.pick([() => this.tensor(2), () => this.data()])() as Tensor,
          this.#random.pick([() => this.tensor(2), () => this.data()])() as Tensor,
          this.convolveOptions() as object,
        ),
      () => mlp().runSync(image, runOptions as RunOptions),
      () => mlp().run(image, runOptions as RunOptions),
      () => mlp().describe(shape as number[]),
      () => simdconv.PixelMlp.fromTorchLinear(mlpOptions).outputShape(shape as number[]),
      () => simdconv.PixelMlp.fromOnnxGemm(mlpOptions).runSync(image),
      () => simdconv.PixelMlp.fromOnnxConv(mlpOptions).runSync(image),
      () => simdconv.PixelMlp.fromConv2d(chain as Conv2dOptions[]).runSync(image),
      () => simdconv.PixelMlp.toConv2d(mlpOptions).map((each) => new simdconv.Conv2d(each).runSync(image)),
      () => simdconv.tensor(data, this.maybe(() => itsShape) as number[]),
      () => simdconv.tensor(data, shape as number[]),
      () => simdconv.pad(image, padding as number, border as 'edge', runOptions as object),
      () => simdconv.pad(image, this.small(), border as 'edge'),
      () => simdconv.borderFrom(one as 'scipy', two as string, this.anything() as number),
      () => simdconv.borderFrom('numpy', one as string, two as number),
      () =>
        this.maybe(() =>
          simdconv.configure({ threads: this.#random.pick([0, -1, 0.5, NaN, 1e300, '2']) as number }),
        ),
    ])
  }
}

/** A result is a tensor whose length is that of its shape; anything else has been checked by its own type. */
function checkResult(result: unknown): void {
  if (typeof result !== 'object' || result === null || !('data' in result)) return
  const { data, shape } = result as Tensor
  expect(data.length).to.equal(shape.reduce((product, axis) => product * axis, 1))
}

function checkError(error: unknown): void {
  const { code, message, stack } = error as Error & { code?: string }
  expect(classes, stack).to.have.property(String(code))
  expect(Object.getPrototypeOf(error), stack).to.equal(classes[String(code)])
  expect(message.length, message).to.be.within(10, 600)
  expect(message, message).to.not.match(/\[object|native layer refused/)
}

describe(`${calls} malformed calls`, () => {
  it('each works or throws a documented error', async function () {
    this.timeout(120_000)
    const malformer = new Malformer(20260704)
    let failures = 0
    for (let index = 0; index < calls; index++) {
      try {
        checkResult(await malformer.call()())
      } catch (error) {
        checkError(error)
        failures++
      }
    }
    expect(failures).to.be.within(calls / 3, calls - calls / 10)
  })
})
