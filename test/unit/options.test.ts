import { Conv2d, tensor, type Conv2dOptions } from 'simdconv'
import { expect } from 'chai'
import { expectError, rangeError, typeError, type Expected } from '../helpers/expect-error'

/** A valid layer with no two numbers alike: kernel 2 x 3, 5 channels in, 4 out. */
const valid = {
  filter: tensor(new Float32Array(2 * 3 * 5 * 4), [2, 3, 5, 4]),
  filterLayout: 'hwio',
  bias: new Float32Array(4),
  strides: [1, 2],
  dilations: [2, 1],
  groups: 1,
  padding: { top: 1, bottom: 2, left: 3, right: 4 },
  border: 'edge',
  activation: 'relu',
  layout: 'nhwc',
  inputType: 'float32',
  outputType: 'float32',
  flip: false,
  algorithm: 'auto',
} as const satisfies Conv2dOptions

/** One field broken, or added. */
function refuses(name: string, broken: object, expected: Expected): void {
  it(name, () => expectError(expected, () => new Conv2d({ ...valid, ...broken })))
}

const range = (message: string): Expected => rangeError('ERR_CONV_RANGE', message)
const shape = (message: string): Expected => rangeError('ERR_CONV_SHAPE', message)
const length = (message: string): Expected => rangeError('ERR_CONV_LENGTH', message)
const type = (message: string): Expected => typeError('ERR_CONV_TYPE', message)
const option = (message: string): Expected => typeError('ERR_CONV_OPTION', message)

describe('Conv2d options', () => {
  it('the valid ones are valid', () => {
    expect(new Conv2d(valid).outputShape([7, 11, 5])).to.deep.equal([8, 8, 4])
  })

  it('are not written to, and may be frozen', () => {
    const options: Conv2dOptions = { filter: valid.filter }
    new Conv2d(Object.freeze(options))
    expect(Object.keys(options)).to.deep.equal(['filter'])
  })

  it('that are undefined are those left out', () => {
    const layer = new Conv2d({
      filter: valid.filter,
      bias: undefined,
      strides: undefined,
      padding: undefined,
      border: undefined,
      activation: undefined,
    })
    expect(layer.outputShape([2, 3, 5])).to.deep.equal([1, 1, 4])
  })

  describe('as a whole', () => {
    for (const [got, given] of [
      ['undefined', undefined],
      ['null', null],
      ['an array of 0', []],
      ['"same"', 'same'],
      ['a function', (): void => undefined],
    ] as const) {
      it(`refuse ${got}`, () => {
        expectError(
          type(`options must be an object, got ${got}`),
          () => new Conv2d(given as unknown as Conv2dOptions),
        )
      })
    }
    refuses('stride', { stride: 2 }, option('unknown option "stride"; did you mean "strides"?'))
    refuses('dilation', { dilation: 2 }, option('unknown option "dilation"; did you mean "dilations"?'))
    refuses('group', { group: 2 }, option('unknown option "group"; did you mean "groups"?'))
    refuses('pad', { pad: 2 }, option('unknown option "pad"; did you mean "padding"?'))
    refuses('pads', { pads: 2 }, option('unknown option "pads"; did you mean "padding"?'))
    refuses('kernel', { kernel: 2 }, option('unknown option "kernel"; did you mean "filter"?'))
    refuses('weights', { weights: 2 }, option('unknown option "weights"; did you mean "filter"?'))
    refuses('a slip', { activaton: 'relu' }, option('unknown option "activaton"; did you mean "activation"?'))
    refuses(
      'another case',
      { filterlayout: 'hwio' },
      option('unknown option "filterlayout"; did you mean "filterLayout"?'),
    )
    refuses(
      'something else',
      { colour: 'red' },
      option(
        'unknown option "colour"; the options are "filter", "filterLayout", "bias", "strides", "dilations", "groups", "padding", "border", "activation", "layout", "inputType", "outputType", "flip", "algorithm" and "accuracy"',
      ),
    )
  })

  describe('filter', () => {
    const data = new Float32Array(120)
    refuses('missing', { filter: undefined }, type('filter must be a tensor { data, shape }, got undefined'))
    refuses(
      'a bare array',
      { filter: data },
      type('filter must be a tensor { data, shape }, got Float32Array'),
    )
    refuses(
      'of the wrong class',
      { filter: { data: new Float64Array(120), shape: [2, 3, 5, 4] } },
      type('filter.data must be a Float32Array, got Float64Array'),
    )
    refuses(
      'of numbers',
      { filter: { data: [1], shape: [1, 1, 1, 1] } },
      type('filter.data must be a Float32Array, got an array of 1; make one with Float32Array.from(values)'),
    )
    refuses(
      'without shape',
      { filter: { data } },
      type('filter.shape must be an array of numbers, got undefined'),
    )
    refuses(
      'of rank 2',
      { filter: { data, shape: [12, 10] } },
      shape('filter.shape must have 4 axes (kernel height x kernel width x in x out), got 2 (12 x 10)'),
    )
    refuses(
      'of rank 3 in another layout',
      { filter: { data, shape: [4, 5, 6] }, filterLayout: 'oihw' },
      shape('filter.shape must have 4 axes (out x in x kernel height x kernel width), got 3 (4 x 5 x 6)'),
    )
    refuses(
      'with an empty axis',
      { filter: { data, shape: [2, 0, 5, 4] } },
      range('filter.shape[1] must be an integer from 1 to 2147483647, got 0'),
    )
    refuses(
      'shorter than its shape',
      { filter: { data, shape: [2, 3, 5, 5] } },
      length(
        'filter has 120 elements, expected 150 (2 x 3 x 5 x 5, kernel height x kernel width x in x out)',
      ),
    )
    refuses(
      'in no known layout',
      { filterLayout: 'hwoi' },
      option('filterLayout must be "hwio", "oihw", "ohwi" or "ihwo", got "hwoi"; did you mean "hwio"?'),
    )
    refuses(
      'in a layout that is no name',
      { filterLayout: 3 },
      type('filterLayout must be "hwio", "oihw", "ohwi" or "ihwo", got 3'),
    )
  })

  describe('bias', () => {
    refuses('null', { bias: null }, type('bias must be a Float32Array, got null'))
    refuses('a number', { bias: 0.5 }, type('bias must be a Float32Array, got 0.5'))
    refuses(
      'of the wrong class',
      { bias: new Float64Array(4) },
      type('bias must be a Float32Array, got Float64Array'),
    )
    refuses(
      'of the wrong length',
      { bias: new Float32Array(5) },
      length('bias has 5 elements, expected 4 (one per output channel)'),
    )
  })

  for (const name of ['strides', 'dilations'] as const) {
    describe(name, () => {
      const rule = 'must be an integer from 1 to 65535'
      refuses('zero', { [name]: 0 }, range(`${name} ${rule}, got 0`))
      refuses('negative', { [name]: -1 }, range(`${name} ${rule}, got -1`))
      refuses('fractional', { [name]: 1.5 }, range(`${name} ${rule}, got 1.5`))
      refuses('NaN', { [name]: NaN }, range(`${name} ${rule}, got NaN`))
      refuses('huge', { [name]: 1e300 }, range(`${name} ${rule}, got 1e+300`))
      refuses('too large', { [name]: 65536 }, range(`${name} ${rule}, got 65536`))
      refuses('zero for the height', { [name]: [0, 1] }, range(`${name}[0] ${rule}, got 0`))
      refuses('fractional for the width', { [name]: [1, 0.5] }, range(`${name}[1] ${rule}, got 0.5`))
      refuses('a string for the width', { [name]: [1, '2'] }, type(`${name}[1] ${rule}, got "2"`))
      refuses('a string', { [name]: '2' }, type(`${name} must be a number or [height, width], got "2"`))
      refuses('null', { [name]: null }, type(`${name} must be a number or [height, width], got null`))
      refuses(
        'of one',
        { [name]: [2] },
        type(`${name} must be a number or [height, width], got an array of 1`),
      )
      refuses(
        'of three',
        { [name]: [1, 2, 3] },
        type(`${name} must be a number or [height, width], got an array of 3`),
      )
    })
  }

  describe('groups', () => {
    refuses('zero', { groups: 0 }, range('groups must be an integer from 1 to 2147483647, got 0'))
    refuses('fractional', { groups: 2.5 }, range('groups must be an integer from 1 to 2147483647, got 2.5'))
    refuses('a string', { groups: '2' }, type('groups must be an integer from 1 to 2147483647, got "2"'))
    refuses(
      'that do not divide',
      { groups: 3 },
      shape('groups must divide the 4 output channels of the filter, got 3'),
    )
  })

  describe('padding', () => {
    const rule = 'must be a name, a number or { top, bottom, left, right }'
    refuses(
      'of an unknown name',
      { padding: 'sane' },
      option('padding must be "valid", "same", "same-lower" or "full", got "sane"; did you mean "same"?'),
    )
    refuses('negative', { padding: -1 }, range('padding must be an integer from 0 to 2147483647, got -1'))
    refuses('fractional', { padding: 0.5 }, range('padding must be an integer from 0 to 2147483647, got 0.5'))
    refuses(
      'negative at the top',
      { padding: { top: -1 } },
      range('padding.top must be an integer from 0 to 2147483647, got -1'),
    )
    refuses(
      'a string at the left',
      { padding: { left: '1' } },
      type('padding.left must be an integer from 0 to 2147483647, got "1"'),
    )
    refuses(
      'of an unknown side',
      { padding: { botom: 1 } },
      option('unknown option "padding.botom"; did you mean "padding.bottom"?'),
    )
    refuses('null', { padding: null }, type(`padding ${rule}, got null`))
    refuses('true', { padding: true }, type(`padding ${rule}, got true`))
    refuses(
      'of four numbers',
      { padding: [1, 2, 3, 4] },
      type(
        `padding ${rule}, got an array of 4: WebNN, ONNX and PyTorch order them in three different ways, so name the sides`,
      ),
    )
  })

  describe('activation', () => {
    const kinds =
      '"none", "relu", "sigmoid", "tanh", "hardSwish", "silu", "gelu", "geluTanh", "leakyRelu" or "clamp"'
    refuses(
      'of an unknown name',
      { activation: 'Relu' },
      option(`activation must be ${kinds}, got "Relu"; did you mean "relu"?`),
    )
    refuses(
      'of an unknown kind',
      { activation: { kind: 'swish' } },
      option(`activation.kind must be ${kinds}, got "swish"`),
    )
    refuses('without kind', { activation: {} }, type(`activation.kind must be ${kinds}, got undefined`))
    refuses('a number', { activation: 1 }, type('activation must be a name or an object { kind }, got 1'))
    refuses(
      'with an unknown parameter',
      { activation: { kind: 'leakyRelu', alhpa: 1 } },
      option('unknown option "activation.alhpa"; did you mean "activation.alpha"?'),
    )
    refuses(
      'with a parameter of another',
      { activation: { kind: 'leakyRelu', min: 1 } },
      option('unknown option "activation.min"; the options are "activation.kind" and "activation.alpha"'),
    )
    refuses(
      'leakyRelu of NaN',
      { activation: { kind: 'leakyRelu', alpha: NaN } },
      range('activation.alpha must be a finite number, got NaN'),
    )
    refuses(
      'leakyRelu of a string',
      { activation: { kind: 'leakyRelu', alpha: '1' } },
      type('activation.alpha must be a finite number, got "1"'),
    )
    refuses(
      'clamp without bounds',
      { activation: 'clamp' },
      type('activation.min must be a number, got undefined; "clamp" needs both min and max'),
    )
    refuses(
      'clamp without maximum',
      { activation: { kind: 'clamp', min: 0 } },
      type('activation.max must be a number, got undefined; "clamp" needs both min and max'),
    )
    refuses(
      'clamp of NaN',
      { activation: { kind: 'clamp', min: NaN, max: 1 } },
      range('activation.min must be a number, got NaN'),
    )
    refuses(
      'clamp the wrong way round',
      { activation: { kind: 'clamp', min: 2, max: 1 } },
      range('activation.min must be at most activation.max, got 2 and 1'),
    )
  })

  describe('layout, flip and algorithm', () => {
    refuses(
      'an unknown layout',
      { layout: 'nwhc' },
      option('layout must be "nhwc" or "nchw", got "nwhc"; did you mean "nhwc"?'),
    )
    refuses(
      'a layout in capitals',
      { layout: 'NCHW' },
      option('layout must be "nhwc" or "nchw", got "NCHW"; did you mean "nchw"?'),
    )
    refuses('flip that is only truthy', { flip: 1 }, type('flip must be true or false, got 1'))
    refuses(
      'an unknown algorithm',
      { algorithm: 'im2col' },
      option(
        'algorithm must be "auto", "separable", "grouped", "planar", "depthwise", "flat", "winograd", "winograd-2x2", "winograd-4x4", "winograd-6x6", "winograd-1x4", "winograd-4x1", "direct" or "reference", got "im2col"',
      ),
    )
  })
})
