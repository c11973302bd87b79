/** Every option of a PixelMlp, broken one at a time, with its whole message. */
import { expect } from 'chai'
import { PixelMlp, tensor, type MlpLayer, type PixelMlpOptions, type Tensor } from 'simdconv'
import { expectError, rangeError, typeError, type Expected } from '../helpers/expect-error'

const weights = (inChannels: number, outChannels: number): Tensor =>
  tensor(new Float32Array(inChannels * outChannels), [inChannels, outChannels])

/** A valid perceptron: 3 - 32 - 16 - 16 - 5. */
const layers = [
  { weights: weights(3, 32), bias: new Float32Array(32), activation: 'relu' },
  { weights: weights(32, 16), activation: { kind: 'leakyRelu', alpha: 0.1 } },
  { weights: weights(16, 16), residual: { from: 1, add: 'after' } },
  { weights: weights(16, 5) },
] as const satisfies readonly MlpLayer[]
const valid: PixelMlpOptions = {
  layers,
  classify: 'none',
  layout: 'nhwc',
  inputType: 'float32',
  outputType: 'float32',
}

/** Another layer in the place of one. */
const withLayer = (index: number, layer: unknown): object => ({
  layers: layers.map((each, at) => (at === index ? layer : each)),
})

function refuses(name: string, broken: object, expected: Expected): void {
  it(name, () => expectError(expected, () => new PixelMlp({ ...valid, ...broken })))
}

const range = (message: string): Expected => rangeError('ERR_CONV_RANGE', message)
const shape = (message: string): Expected => rangeError('ERR_CONV_SHAPE', message)
const length = (message: string): Expected => rangeError('ERR_CONV_LENGTH', message)
const type = (message: string): Expected => typeError('ERR_CONV_TYPE', message)
const option = (message: string): Expected => typeError('ERR_CONV_OPTION', message)

describe('PixelMlp options', () => {
  it('the valid ones are valid', () => {
    expect(new PixelMlp(valid).outputShape([7, 11, 3])).to.deep.equal([7, 11, 5])
  })

  it('are not written to, and may be frozen', () => {
    const given: PixelMlpOptions = Object.freeze({
      layers: Object.freeze(layers.map((each) => Object.freeze({ ...each }))),
    })
    new PixelMlp(given)
    expect(Object.keys(given)).to.deep.equal(['layers'])
    expect(Object.keys(given.layers[3]!)).to.deep.equal(['weights'])
  })

  it('that are undefined are those left out', () => {
    const layer = { weights: weights(3, 5), bias: undefined, activation: undefined, residual: undefined }
    const mlp = new PixelMlp({
      layers: [layer],
      classify: undefined,
      layout: undefined,
      inputType: undefined,
      outputType: undefined,
    })
    expect(mlp.outputShape([7, 11, 3])).to.deep.equal([7, 11, 5])
  })

  describe('as a whole', () => {
    for (const [got, given] of [
      ['undefined', undefined],
      ['null', null],
      ['an array of 4', layers],
    ] as const) {
      it(`refuse ${got}`, () => {
        expectError(
          type(`options must be an object, got ${got}`),
          () => new PixelMlp(given as unknown as PixelMlpOptions),
        )
      })
    }
    refuses('a slip', { layer: [] }, option('unknown option "layer"; did you mean "layers"?'))
    refuses('argmax', { argmax: true }, option('unknown option "argmax"; did you mean "classify"?'))
    refuses('softmax', { softmax: true }, option('unknown option "softmax"; did you mean "classify"?'))
    refuses(
      'dataFormat',
      { dataFormat: 'nchw' },
      option('unknown option "dataFormat"; did you mean "layout"?'),
    )
    refuses(
      'something else',
      { padding: 'same' },
      option(
        'unknown option "padding"; the options are "layers", "classify", "layout", "inputType" and "outputType"',
      ),
    )
    refuses(
      'another classification',
      { classify: 'argmin' },
      option('classify must be "none", "softmax" or "argmax", got "argmin"; did you mean "argmax"?'),
    )
    refuses(
      'a classification that is no name',
      { classify: true },
      type('classify must be "none", "softmax" or "argmax", got true'),
    )
    refuses(
      'another layout',
      { layout: 'hwc' },
      option('layout must be "nhwc" or "nchw", got "hwc"; did you mean "nhwc"?'),
    )
    refuses(
      'another input type',
      { inputType: 'u8' },
      option('inputType must be "float32" or "uint8", got "u8"'),
    )
    refuses('another output type', { outputType: 8 }, type('outputType must be "float32" or "uint8", got 8'))
    refuses(
      'indices that are no bytes',
      { layers: [{ weights: weights(3, 257) }], classify: 'argmax', outputType: 'uint8' },
      range(
        'classify "argmax" gives indices up to 256 here, and outputType "uint8" holds 0 to 255; say "float32"',
      ),
    )
    it('indices that are bytes are fine', () => {
      const options = {
        layers: [{ weights: weights(3, 256) }],
        classify: 'argmax',
        outputType: 'uint8',
      } as const
      expect(new PixelMlp(options).outputShape([7, 11, 3])).to.deep.equal([7, 11, 1])
    })
  })

  describe('layers', () => {
    refuses('missing', { layers: undefined }, type('layers must be an array of layers, got undefined'))
    refuses('one alone', { layers: layers[0] }, type('layers must be an array of layers, got an object'))
    refuses('none', { layers: [] }, range('layers must have 1 to 64 elements, got 0'))
    refuses(
      'too many',
      { layers: Array(65).fill({ weights: weights(2, 2) }) },
      range('layers must have 1 to 64 elements, got 65'),
    )
    it('64 are fine', () => {
      const mlp = new PixelMlp({ layers: Array<MlpLayer>(64).fill({ weights: weights(2, 2) }) })
      expect(mlp.outputShape([7, 11, 2])).to.deep.equal([7, 11, 2])
    })
    refuses(
      'a bare tensor',
      withLayer(1, weights(32, 16)),
      option(
        'unknown option "layers[1].data"; the options are "layers[1].weights", "layers[1].bias", "layers[1].activation" and "layers[1].residual"',
      ),
    )
    refuses('a hole', withLayer(2, undefined), type('layers[2] must be an object, got undefined'))
    refuses('a number', withLayer(2, 16), type('layers[2] must be an object, got 16'))
    refuses(
      'a class',
      withLayer(2, new Map()),
      type('layers[2] must be a plain object that inherits nothing, got Map'),
    )
    for (const [slip, meant] of [
      ['kernel', 'weights'],
      ['weight', 'weights'],
      ['filter', 'weights'],
      ['biases', 'bias'],
      ['activaton', 'activation'],
      ['skip', 'residual'],
      ['shortcut', 'residual'],
    ] as const) {
      refuses(
        slip,
        withLayer(1, { ...layers[1], [slip]: 1 }),
        option(`unknown option "layers[1].${slip}"; did you mean "layers[1].${meant}"?`),
      )
    }
  })

  describe('weights', () => {
    const data = new Float32Array(512)
    const given = (value: unknown): object => withLayer(1, { weights: value })
    refuses(
      'missing',
      given(undefined),
      type('layers[1].weights must be a tensor { data, shape }, got undefined'),
    )
    refuses(
      'a bare array',
      given(data),
      type('layers[1].weights must be a tensor { data, shape }, got Float32Array'),
    )
    refuses(
      'of the wrong class',
      given({ data: new Float64Array(512), shape: [32, 16] }),
      type('layers[1].weights.data must be a Float32Array, got Float64Array'),
    )
    refuses(
      'of numbers',
      given({ data: [1], shape: [32, 16] }),
      type(
        'layers[1].weights.data must be a Float32Array, got an array of 1; make one with Float32Array.from(values)',
      ),
    )
    refuses(
      'without shape',
      given({ data }),
      type('layers[1].weights.shape must be an array of numbers, got undefined'),
    )
    refuses(
      'of rank 4',
      given({ data, shape: [1, 1, 32, 16] }),
      shape('layers[1].weights.shape must have 2 axes (in x out), got 4 (1 x 1 x 32 x 16)'),
    )
    refuses(
      'of rank 1',
      given({ data, shape: [512] }),
      shape('layers[1].weights.shape must have 2 axes (in x out), got 1 (512)'),
    )
    refuses(
      'with an impossible axis',
      given({ data, shape: [32, 0] }),
      range('layers[1].weights.shape[1] must be an integer from 1 to 2147483647, got 0'),
    )
    refuses(
      'of another length',
      given({ data: data.subarray(1), shape: [32, 16] }),
      length('layers[1].weights has 511 elements, expected 512 (32 x 16, in x out)'),
    )
    refuses(
      'that do not follow',
      given({ data, shape: [16, 32] }),
      shape('layers[1].weights has 16 inputs, layer 0 gives 32 outputs'),
    )
    refuses(
      'that are not followed',
      withLayer(2, { weights: weights(16, 17) }),
      shape('layers[3].weights has 16 inputs, layer 2 gives 17 outputs'),
    )
    refuses(
      'with too many inputs',
      withLayer(0, { weights: weights(1025, 32) }),
      range('layers[0].weights has 1025 inputs, at most 1024 are possible'),
    )
    refuses(
      'with too many outputs',
      withLayer(0, { weights: weights(3, 1025) }),
      range('layers[0].weights has 1025 outputs, at most 1024 are possible'),
    )
    refuses(
      'on shared memory',
      given({ data: new Float32Array(new SharedArrayBuffer(2048)), shape: [32, 16] }),
      type(
        'layers[1].weights.data must not be on a SharedArrayBuffer, which other threads can write to; copy it with new Float32Array(array)',
      ),
    )
  })

  describe('bias', () => {
    const given = (bias: unknown): object => withLayer(1, { ...layers[1], bias })
    refuses(
      'of another length',
      given(new Float32Array(32)),
      length('layers[1].bias has 32 elements, expected 16 (one per output channel)'),
    )
    refuses(
      'a tensor',
      given(tensor(new Float32Array(16), [16])),
      type('layers[1].bias must be a Float32Array, got an object'),
    )
    refuses('null', given(null), type('layers[1].bias must be a Float32Array, got null'))
    refuses(
      'on resizable memory',
      given(new Float32Array(Reflect.construct(ArrayBuffer, [64, { maxByteLength: 128 }]) as ArrayBuffer)),
      type(
        'layers[1].bias must not be on a resizable ArrayBuffer, which can shrink under a running kernel; copy it with new Float32Array(array)',
      ),
    )
  })

  describe('activation', () => {
    const given = (activation: unknown): object => withLayer(1, { ...layers[1], activation })
    refuses(
      'unknown',
      given('rleu'),
      option(
        'layers[1].activation must be "none", "relu", "sigmoid", "tanh", "hardSwish", "silu", "gelu", "geluTanh", "leakyRelu" or "clamp", got "rleu"; did you mean "relu"?',
      ),
    )
    refuses(
      'a function',
      given(Math.tanh),
      type('layers[1].activation must be a name or an object { kind }, got a function'),
    )
    refuses(
      'a clamp without bounds',
      given('clamp'),
      type('layers[1].activation.min must be a number, got undefined; "clamp" needs both min and max'),
    )
    refuses(
      'bounds that cross',
      given({ kind: 'clamp', min: 2, max: 1 }),
      range('layers[1].activation.min must be at most layers[1].activation.max, got 2 and 1'),
    )
    refuses(
      'an infinite slope',
      given({ kind: 'leakyRelu', alpha: Infinity }),
      range('layers[1].activation.alpha must be a finite number, got Infinity'),
    )
    refuses(
      'a parameter of another',
      given({ kind: 'relu', alpha: 1 }),
      option('unknown option "layers[1].activation.alpha"; the options are "layers[1].activation.kind"'),
    )
  })

  describe('residual', () => {
    const given = (residual: unknown, index = 2): object => withLayer(index, { ...layers[index], residual })
    refuses('a name', given('input'), type('layers[2].residual must be an object, got "input"'))
    refuses(
      'of nothing',
      given({}),
      type(
        'layers[2].residual.from must be "input" or an integer from 0 to 1, an earlier layer, got undefined',
      ),
    )
    refuses(
      'of itself',
      given({ from: 2 }),
      range('layers[2].residual.from must be "input" or an integer from 0 to 1, an earlier layer, got 2'),
    )
    refuses(
      'of a later layer',
      given({ from: 1 }, 1),
      range('layers[1].residual.from must be "input" or 0, an earlier layer, got 1'),
    )
    refuses(
      'of no layer',
      given({ from: -1 }),
      range('layers[2].residual.from must be "input" or an integer from 0 to 1, an earlier layer, got -1'),
    )
    refuses(
      'of an earlier layer than the first',
      given({ from: 0 }, 0),
      range('layers[0].residual.from must be "input", got 0'),
    )
    refuses(
      'of another width',
      given({ from: 0 }),
      shape('layers[2].residual adds the 32 channels of layer 0 to 16 outputs; the widths must be equal'),
    )
    refuses(
      'of an input of another width',
      given({ from: 'input' }),
      shape('layers[2].residual adds the 3 channels of the input to 16 outputs; the widths must be equal'),
    )
    refuses(
      'added elsewhere',
      given({ from: 1, add: 'between' }),
      option('layers[2].residual.add must be "before" or "after", got "between"'),
    )
    refuses(
      'with an unknown option',
      given({ from: 1, at: 'after' }),
      option(
        'unknown option "layers[2].residual.at"; the options are "layers[2].residual.from" and "layers[2].residual.add"',
      ),
    )
  })

  it('and images that do not fit are refused, by outputShape as by run', () => {
    const mlp = new PixelMlp(valid)
    expectError(shape('input has 4 channels, layers[0].weights has 3 inputs'), () =>
      mlp.outputShape([5, 7, 4]),
    )
    expectError(
      shape('input has 7 channels, layers[0].weights has 3 inputs; did you mean layout "nchw"?'),
      () => mlp.runSync(tensor(new Float32Array(105), [3, 5, 7])),
    )
    expectError(
      shape(
        'inputShape must have 3 axes (height x width x channels) or 4 (batch x height x width x channels), got 2 (35 x 3)',
      ),
      () => mlp.outputShape([35, 3]),
    )
    const wide = new PixelMlp({ layers: [{ weights: weights(1, 1024) }] })
    expectError(
      range('the output 65536 x 1024 x 1024 has 68719476736 elements, a tensor holds at most 4294967296'),
      () => wide.outputShape([65536, 1024, 1]),
    )
  })
})
