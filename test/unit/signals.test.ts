/** What convolve(), correlate(), Conv1d and DepthwiseConv2d refuse, in their own words. */
import { expect } from 'chai'
import {
  Conv1d,
  convolve,
  correlate,
  DepthwiseConv2d,
  tensor,
  type Conv1dOptions,
  type DepthwiseConv2dOptions,
  type Tensor,
} from 'simdconv'
import {
  expectError,
  expectRejection,
  plainError,
  rangeError,
  typeError,
  type Expected,
} from '../helpers/expect-error'

const range = (message: string): Expected => rangeError('ERR_CONV_RANGE', message)
const shape = (message: string): Expected => rangeError('ERR_CONV_SHAPE', message)
const length = (message: string): Expected => rangeError('ERR_CONV_LENGTH', message)
const type = (message: string): Expected => typeError('ERR_CONV_TYPE', message)
const option = (message: string): Expected => typeError('ERR_CONV_OPTION', message)
const border = (message: string): Expected => typeError('ERR_CONV_BORDER', message)

const transferred = (floats: number): Float32Array => {
  const array = new Float32Array(floats)
  structuredClone(array, { transfer: [array.buffer] })
  return array
}
const detached = (name: string): Expected =>
  typeError(
    'ERR_CONV_DETACHED',
    `${name} is detached: its memory was transferred away; pass an array that still owns its memory`,
  )

describe('convolve and correlate refuse', () => {
  const three = Float32Array.of(1, 2, 3)
  const image = tensor(new Float32Array(6), [2, 3])
  const operand = 'must be a Float32Array or a tensor { data, shape }'
  const cases: readonly (readonly [
    name: string,
    f: unknown,
    g: unknown,
    options: unknown,
    expected: Expected,
  ])[] = [
    ['undefined', undefined, three, {}, type(`f ${operand}, got undefined`)],
    ['a number', three, 3, {}, type(`g ${operand}, got 3`)],
    [
      'numbers',
      three,
      [1, 2],
      {},
      type('g must be a Float32Array, got an array of 2; make one with Float32Array.from(values)'),
    ],
    ['another class', new Float64Array(3), three, {}, type('f must be a Float32Array, got Float64Array')],
    [
      'another class in a tensor',
      { data: new Int8Array(6), shape: [2, 3] },
      image,
      {},
      type('f.data must be a Float32Array, got Int8Array'),
    ],
    ['nothing', three, new Float32Array(0), {}, length('g must have at least 1 element, got 0')],
    ['memory that was transferred away', transferred(3), three, {}, detached('f')],
    ['no shape', { data: three }, image, {}, type('f.shape must be an array of numbers, got undefined')],
    [
      'a shape that does not fit',
      { data: three, shape: [4] },
      { data: three, shape: [3] },
      {},
      length('f has 3 elements, expected 4 (4)'),
    ],
    [
      'an image with channels',
      { data: three, shape: [1, 1, 3] },
      image,
      {},
      shape(
        'f.shape must have 1 axis (length) or 2 (height x width), got 3 (1 x 1 x 3); Conv2d with flip: true convolves images of several channels',
      ),
    ],
    [
      'an array with a tensor',
      three,
      image,
      {},
      shape(
        'f and g must be two Float32Arrays or two tensors of the same rank, got a Float32Array and a tensor (2 x 3)',
      ),
    ],
    [
      'ranks that differ',
      image,
      { data: three, shape: [3] },
      {},
      shape(
        'f and g must be two Float32Arrays or two tensors of the same rank, got a tensor (2 x 3) and a tensor (3)',
      ),
    ],
    [
      'in mode valid what covers neither way',
      image,
      { data: new Float32Array(6), shape: [3, 2] },
      { mode: 'valid' },
      shape(
        'mode "valid" needs one of f and g to be at least as large as the other on both axes, got 2 x 3 and 3 x 2; say "full" or "same"',
      ),
    ],
    ['options that are none', three, three, 'same', type('options must be an object, got "same"')],
    [
      'an unknown option',
      three,
      three,
      { made: 'same' },
      option('unknown option "made"; did you mean "mode"?'),
    ],
    [
      'an unknown mode',
      three,
      three,
      { mode: 'fill' },
      option('mode must be "full", "same" or "valid", got "fill"; did you mean "full"?'),
    ],
    [
      'an unknown method',
      three,
      three,
      { method: 'winograd' },
      option('method must be "auto", "direct" or "fft", got "winograd"'),
    ],
  ]
  for (const [name, f, g, options, expected] of cases) {
    it(name, () => {
      for (const operation of [convolve, correlate]) {
        expectError(expected, () => operation(f as Tensor, g as Tensor, options as object))
      }
    })
  }

  for (const [name, f, g] of [
    ['f', Float32Array.of(1, Infinity), three],
    ['g', three, Float32Array.of(NaN)],
  ] as const) {
    it(`to transform what is not finite: ${name}`, () => {
      expectError(
        plainError(
          'ERR_CONV_ALGORITHM',
          `method "fft" cannot do this: ${name} has an infinity or NaN, which it would spread over the whole result; say "auto"`,
        ),
        () => convolve(f, g, { method: 'fft' }),
      )
    })
  }

  it('memory that an unfinished run writes to', async () => {
    const output = new Float32Array(300_000)
    const layer = new Conv1d({ filter: tensor(new Float32Array(200), [200, 1, 1]), padding: 'causal' })
    const running = layer.run(tensor(new Float32Array(300_000), [300_000, 1]), { output })
    expectError(
      plainError(
        'ERR_CONV_BUSY',
        'f is in flight: a run() that has not finished writes to it; await that run first',
      ),
      () => convolve(output, three),
    )
    await running
  })

  it('nothing of a subclass with methods of its own', () => {
    class Odd extends Float32Array {
      override subarray(): never {
        throw new Error('no')
      }
      override slice(): never {
        throw new Error('no')
      }
    }
    expect([...correlate(Odd.of(1, 2, 3), Odd.of(0, 1, 0.5))]).to.deep.equal([0.5, 2, 3.5, 3, 0])
  })

  it('and write to nothing that they are given', () => {
    const [f, g] = [Float32Array.of(1, 2, 3), Float32Array.of(4, NaN, 6)]
    for (const operation of [convolve, correlate]) operation(f, g)
    expect([...f, ...g]).to.deep.equal([1, 2, 3, 4, NaN, 6])
  })
})

describe('Conv1d', () => {
  const valid = {
    filter: tensor(new Float32Array(3 * 5 * 4), [3, 5, 4]),
    bias: new Float32Array(4),
    strides: 2,
    dilations: 3,
    padding: { left: 1, right: 2 },
    border: 'edge',
  } as const satisfies Conv1dOptions

  it('the valid one is valid', () => {
    expect(new Conv1d(valid).outputShape([2, 11, 5])).to.deep.equal([2, 4, 4])
    expect(new Conv1d({ ...valid, layout: 'ncw' }).outputShape([5, 11])).to.deep.equal([4, 4])
  })

  function refuses(name: string, broken: object, expected: Expected): void {
    it(`refuses ${name}`, () => expectError(expected, () => new Conv1d({ ...valid, ...broken })))
  }
  const data = new Float32Array(60)
  refuses('stride', { stride: 2 }, option('unknown option "stride"; did you mean "strides"?'))
  refuses('dilation', { dilation: 2 }, option('unknown option "dilation"; did you mean "dilations"?'))
  refuses(
    'an unknown option',
    { colour: 1 },
    option(
      'unknown option "colour"; the options are "filter", "filterLayout", "bias", "strides", "dilations", "groups", "padding", "border", "activation", "layout", "inputType", "outputType", "flip", "algorithm" and "accuracy"',
    ),
  )
  refuses(
    'a bare filter',
    { filter: data },
    type('filter must be a tensor { data, shape }, got Float32Array'),
  )
  refuses(
    'a filter of images',
    { filter: { data, shape: [1, 3, 5, 4] } },
    shape('filter.shape must have 3 axes (kernel length x in x out), got 4 (1 x 3 x 5 x 4)'),
  )
  refuses(
    'a filter of another layout',
    { filter: { data, shape: [12, 5] }, filterLayout: 'oiw' },
    shape('filter.shape must have 3 axes (out x in x kernel length), got 2 (12 x 5)'),
  )
  refuses(
    'a filter too short',
    { filter: { data, shape: [3, 5, 5] } },
    length('filter has 60 elements, expected 75 (3 x 5 x 5, kernel length x in x out)'),
  )
  refuses(
    'a layout of images',
    { filterLayout: 'hwio' },
    option('filterLayout must be "wio", "oiw", "owi" or "iwo", got "hwio"; did you mean "wio"?'),
  )
  refuses(
    'nhwc',
    { layout: 'nhwc' },
    option('layout must be "nwc" or "ncw", got "nhwc"; did you mean "nwc"?'),
  )
  refuses(
    'strides for two axes',
    { strides: [1, 2] },
    type('strides must be an integer from 1 to 65535, got an array of 2'),
  )
  refuses('a stride of 0', { strides: 0 }, range('strides must be an integer from 1 to 65535, got 0'))
  refuses(
    'a dilation of 1.5',
    { dilations: 1.5 },
    range('dilations must be an integer from 1 to 65535, got 1.5'),
  )
  refuses(
    'groups that are no number',
    { groups: Symbol('g') },
    type('groups must be an integer from 1 to 2147483647, got a symbol'),
  )
  refuses(
    'groups that do not divide',
    { groups: 3 },
    shape('groups must divide the 4 output channels of the filter, got 3'),
  )
  refuses(
    'a bias too long',
    { bias: new Float32Array(5) },
    length('bias has 5 elements, expected 4 (one per output channel)'),
  )
  refuses(
    'an unknown padding',
    { padding: 'casual' },
    option(
      'padding must be "valid", "same", "same-lower", "full" or "causal", got "casual"; did you mean "causal"?',
    ),
  )
  refuses(
    'a negative padding',
    { padding: -1 },
    range('padding must be an integer from 0 to 2147483647, got -1'),
  )
  refuses(
    'padding at the top',
    { padding: { top: 1 } },
    option('unknown option "padding.top"; the options are "padding.left" and "padding.right"'),
  )
  refuses(
    'a pair of paddings',
    { padding: [1, 2] },
    type('padding must be a name, a number or { left, right }, got an array of 2; name the ends'),
  )
  refuses(
    'no padding',
    { padding: null },
    type('padding must be a name, a number or { left, right }, got null'),
  )
  refuses(
    'a border for two axes',
    { border: { x: 'wrap', y: 'edge' } },
    border('border of a sequence has one axis, and needs no { x, y }; give a name or { mode }'),
  )
  refuses(
    'an ambiguous border',
    { border: 'mirror' },
    border(
      'border "mirror" is ambiguous: scipy means "reflect" (c b | a b c d | c b), sharp and libvips mean "symmetric" (b a | a b c d | d c); say one of those',
    ),
  )
  refuses(
    'an unknown activation',
    { activation: { kind: 'swish' } },
    option(
      'activation.kind must be "none", "relu", "sigmoid", "tanh", "hardSwish", "silu", "gelu", "geluTanh", "leakyRelu" or "clamp", got "swish"',
    ),
  )

  const layer = new Conv1d(valid)
  const grouped = new Conv1d({ ...valid, groups: 2 })
  const sequence = (...axes: number[]): Tensor => tensor(new Float32Array(axes.reduce((a, b) => a * b)), axes)
  const inputs: readonly (readonly [string, () => unknown, Expected])[] = [
    [
      'an input that is none',
      () => layer.runSync(new Float32Array(55) as never),
      type('input must be a tensor { data, shape }, got Float32Array'),
    ],
    [
      'rank 1',
      () => layer.runSync(sequence(55)),
      shape('input.shape must have 2 axes (length x channels) or 3 (batch x length x channels), got 1 (55)'),
    ],
    [
      'rank 4',
      () => layer.outputShape([1, 1, 11, 5]),
      shape(
        'inputShape must have 2 axes (length x channels) or 3 (batch x length x channels), got 4 (1 x 1 x 11 x 5)',
      ),
    ],
    [
      'other channels',
      () => layer.runSync(sequence(11, 6)),
      shape('input has 6 channels, the filter expects 5 (3 x 5 x 4, kernel length x in x out)'),
    ],
    [
      'the other layout',
      () => layer.describe([5, 11]),
      shape(
        'input has 11 channels, the filter expects 5 (3 x 5 x 4, kernel length x in x out); did you mean layout "ncw"?',
      ),
    ],
    [
      'other channels for groups',
      () => grouped.outputShape([11, 5]),
      shape('input has 5 channels, the filter expects 10 (3 x 5 x 4, kernel length x in x out, in 2 groups)'),
    ],
    [
      'a sequence that is too short',
      () => layer.runSync(sequence(3, 5)),
      shape('kernel length 3 with dilation 3 spans 7 steps; the padded input has 6 (3 + left 1 + right 2)'),
    ],
    [
      'data too short',
      () => layer.runSync({ data: new Float32Array(54), shape: [11, 5] }),
      length('input has 54 elements, expected 55 (11 x 5, length x channels)'),
    ],
    [
      'data of another class',
      () => layer.runSync({ data: new Float64Array(55) as never, shape: [11, 5] }),
      type('input.data must be a Float32Array, got Float64Array'),
    ],
    [
      'data that is gone',
      () => layer.runSync({ data: transferred(55), shape: [11, 5] }),
      detached('input.data'),
    ],
    [
      'an output too short',
      () => layer.runSync(sequence(2, 11, 5), { output: new Float32Array(31) }),
      length('output has 31 elements, expected 32 (2 x 4 x 4, batch x length x channels)'),
    ],
    [
      'an output of another shape',
      () => layer.runSync(sequence(11, 5), { output: sequence(2, 8) }),
      shape('output.shape is 2 x 8, expected 4 x 4'),
    ],
    [
      'an output of another class',
      () =>
        layer.runSync(sequence(11, 5), { output: { data: new Float64Array(16) as never, shape: [4, 4] } }),
      type('output.data must be a Float32Array, got Float64Array'),
    ],
    [
      'an output that is the input',
      () => {
        const data = new Float32Array(55)
        return layer.runSync(tensor(data, [11, 5]), { output: data.subarray(0, 16) })
      },
      rangeError(
        'ERR_CONV_ALIAS',
        'output overlaps the memory of input, which is still read while output is written; use another array',
      ),
    ],
    [
      'an unknown run option',
      () => layer.runSync(sequence(11, 5), { out: new Float32Array(16) } as object),
      option('unknown option "out"; did you mean "output"?'),
    ],
  ]
  for (const [name, call, expected] of inputs) it(`refuses ${name}`, () => expectError(expected, call))

  it('rejects, and never throws', async () => {
    await expectRejection(
      shape('input has 6 channels, the filter expects 5 (3 x 5 x 4, kernel length x in x out)'),
      () => layer.run(sequence(11, 6)),
    )
    const reason = new Error('mine')
    const thrown: unknown = await layer
      .run(sequence(11, 5), { signal: AbortSignal.abort(reason) })
      .catch((e: unknown) => e)
    expect(thrown).to.equal(reason)
  })

  it('is refused after dispose(), which may be said twice', () => {
    const disposed = new Conv1d(valid)
    disposed.dispose()
    disposed[Symbol.dispose]()
    expectError(
      plainError(
        'ERR_CONV_DISPOSED',
        'this layer was disposed of and has no weights any more; make a new one',
      ),
      () => disposed.runSync(sequence(11, 5)),
    )
  })

  it('is the only this of its methods', async () => {
    const message = type('this must be a Conv1d, got undefined; call it as a method of the layer')
    const methods = Conv1d.prototype
    const nothing = undefined as unknown as Conv1d
    expectError(message, () => methods.runSync.call(nothing, sequence(11, 5)))
    expectError(message, () => methods.outputShape.call(nothing, [11, 5]))
    expectError(message, () => methods.describe.call(nothing, [11, 5]))
    expectError(message, () => methods.dispose.call(nothing))
    await expectRejection(message, () => methods.run.call(nothing, sequence(11, 5)))
  })

  it('reads each option, and each property of the input, once', () => {
    const counted = <T extends object>(target: T, counts: Record<string, number>): T =>
      new Proxy(target, {
        get: (object, key) => {
          if (Object.hasOwn(object, key)) counts[String(key)] = (counts[String(key)] ?? 0) + 1
          return Reflect.get(object, key) as unknown
        },
      })
    const options: Record<string, number> = {}
    const once = new Conv1d(counted({ ...valid }, options))
    const input: Record<string, number> = {}
    once.runSync(counted({ data: new Float32Array(55), shape: [11, 5] }, input))
    expect(new Set([...Object.values(options), ...Object.values(input)])).to.deep.equal(new Set([1]))
  })
})

describe('DepthwiseConv2d', () => {
  const valid = {
    filter: tensor(new Float32Array(2 * 3 * 5 * 4), [2, 3, 5, 4]),
  } as const satisfies DepthwiseConv2dOptions
  const refuses = (name: string, broken: object, expected: Expected): void => {
    it(`refuses ${name}`, () => expectError(expected, () => new DepthwiseConv2d({ ...valid, ...broken })))
  }
  it('the valid one is valid', () => {
    expect(new DepthwiseConv2d(valid).outputShape([7, 11, 5])).to.deep.equal([6, 9, 20])
  })
  refuses(
    'groups',
    { groups: 5 },
    option(
      'unknown option "groups"; the options are "filter", "filterLayout", "bias", "strides", "dilations", "padding", "border", "activation", "layout", "inputType", "outputType", "flip", "algorithm" and "accuracy"',
    ),
  )
  refuses(
    'a filter of rank 3',
    { filter: tensor(new Float32Array(30), [2, 3, 5]) },
    shape(
      'filter.shape must have 4 axes (kernel height x kernel width x channels x multiplier), got 3 (2 x 3 x 5)',
    ),
  )
  refuses(
    'a filter too short',
    { filter: { data: new Float32Array(30), shape: [5, 4, 2, 3] }, filterLayout: 'cmhw' },
    length(
      'filter has 30 elements, expected 120 (5 x 4 x 2 x 3, channels x multiplier x kernel height x kernel width)',
    ),
  )
  refuses(
    'the layout of another layer',
    { filterLayout: 'hwio' },
    option('filterLayout must be "hwcm" or "cmhw", got "hwio"; did you mean "hwcm"?'),
  )
  refuses(
    'a bias too short',
    { bias: new Float32Array(5) },
    length('bias has 5 elements, expected 20 (one per output channel)'),
  )
  it('refuses other channels, as the Conv2d in groups that it is', () => {
    expectError(
      shape(
        'input has 6 channels, the filter expects 5 (2 x 3 x 1 x 20, kernel height x kernel width x in x out, in 5 groups)',
      ),
      () => new DepthwiseConv2d(valid).runSync(tensor(new Float32Array(7 * 11 * 6), [7, 11, 6])),
    )
  })
})
