import { expect } from 'chai'
import { pad, tensor, type Border, type PadOptions, type Padding, type Tensor } from 'simdconv'
import { expectError, rangeError, typeError, type Expected } from '../helpers/expect-error'

const image = tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])

function refuses(
  name: string,
  expected: Expected,
  input: unknown,
  padding: unknown = 1,
  border: unknown = 'edge',
  options?: unknown,
): void {
  it(name, () => {
    expectError(expected, () =>
      pad(input as Tensor, padding as Exclude<Padding, string>, border as Border, options as PadOptions),
    )
  })
}

describe('pad', () => {
  it('a row', () => {
    const row = tensor(Float32Array.of(1, 2, 3), [3])
    expect([...pad(row, { left: 2 }, 'wrap').data]).to.deep.equal([2, 3, 1, 2, 3])
    expect([...pad(row, 1).data]).to.deep.equal([0, 1, 2, 3, 0])
  })

  it('height x width', () => {
    const result = pad(image, { top: 1, right: 1 }, 'edge')
    expect(result.shape).to.deep.equal([3, 4])
    expect([...result.data]).to.deep.equal([1, 2, 3, 3, 1, 2, 3, 3, 4, 5, 6, 6])
  })

  it('height x width x channels', () => {
    const pixels = tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2])
    const result = pad(pixels, { left: 1 }, 'edge')
    expect(result.shape).to.deep.equal([1, 3, 2])
    expect([...result.data]).to.deep.equal([1, 2, 1, 2, 3, 4])
  })

  it('channels x height x width', () => {
    const planes = tensor(Float32Array.of(1, 2, 3, 4), [2, 1, 2])
    const result = pad(planes, { left: 1 }, 'edge', { layout: 'nchw' })
    expect(result.shape).to.deep.equal([2, 1, 3])
    expect([...result.data]).to.deep.equal([1, 1, 2, 3, 3, 4])
  })

  it('each image of a batch', () => {
    const batch = tensor(Float32Array.of(1, 2, 3, 4), [2, 1, 2, 1])
    const result = pad(batch, { top: 1 }, { mode: 'constant', value: 7 })
    expect(result.shape).to.deep.equal([2, 2, 2, 1])
    expect([...result.data]).to.deep.equal([7, 7, 1, 2, 7, 7, 3, 4])
  })

  it('by nothing is a copy', () => {
    const copy = pad(image, {})
    expect(copy.data).to.not.equal(image.data)
    expect([...copy.data]).to.deep.equal([...image.data])
  })

  it('into an output', () => {
    const output = new Float32Array(20)
    expect(pad(image, 1, 'reflect', { output }).data).to.equal(output)
    expect([...output]).to.deep.equal([5, 4, 5, 6, 5, 2, 1, 2, 3, 2, 5, 4, 5, 6, 5, 2, 1, 2, 3, 2])
  })

  it('further than the image is wide', () => {
    const row = tensor(Float32Array.of(1, 2, 3), [3])
    expect(pad(row, { left: 6 }, 'reflect').data.join('')).to.equal('321232123'.slice(-9).replace(/^./, '3'))
    expect(pad(row, { left: 7 }, 'symmetric').data.join('')).to.equal('1123321123')
    expect(pad(row, { left: 7 }, 'wrap').data.join('')).to.equal('3123123123')
  })

  describe('refuses', () => {
    refuses(
      'renormalize',
      typeError(
        'ERR_CONV_BORDER',
        'border "renormalize" has no pixels to pad with, it weighs the taps of a kernel; give it to Conv2d',
      ),
      image,
      1,
      { x: 'edge', y: 'partial' },
    )
    refuses(
      'a name',
      typeError('ERR_CONV_TYPE', 'padding must be a number or { top, bottom, left, right }, got "same"'),
      image,
      'same',
    )
    refuses(
      'four numbers',
      typeError(
        'ERR_CONV_TYPE',
        'padding must be a number or { top, bottom, left, right }, got an array of 4: WebNN, ONNX and PyTorch order them in three different ways, so name the sides',
      ),
      image,
      [1, 2, 3, 4],
    )
    refuses(
      'rows above a row',
      rangeError('ERR_CONV_SHAPE', 'padding.top must be 0 for an input of rank 1, which is a row, got 2'),
      tensor(new Float32Array(3), [3]),
      { top: 2 },
    )
    refuses(
      'rank 5',
      rangeError('ERR_CONV_SHAPE', 'input.shape must have 1 to 4 axes, got 5 (1 x 1 x 1 x 2 x 3)'),
      { data: image.data, shape: [1, 1, 1, 2, 3] },
    )
    refuses(
      'a shape that does not fit',
      rangeError('ERR_CONV_LENGTH', 'input has 6 elements, expected 8 (2 x 4)'),
      {
        data: image.data,
        shape: [2, 4],
      },
    )
    refuses(
      'what is no tensor',
      typeError('ERR_CONV_TYPE', 'input must be a tensor { data, shape }, got 3'),
      3,
    )
    refuses(
      'an unknown option',
      typeError('ERR_CONV_OPTION', 'unknown option "out"; did you mean "output"?'),
      image,
      1,
      'edge',
      { out: 1 },
    )
    refuses(
      'an unknown layout',
      typeError('ERR_CONV_OPTION', 'layout must be "nhwc" or "nchw", got "hwc"; did you mean "nhwc"?'),
      image,
      1,
      'edge',
      { layout: 'hwc' },
    )
    refuses(
      'an output of another length',
      rangeError('ERR_CONV_LENGTH', 'output has 19 elements, expected 20 (4 x 5)'),
      image,
      1,
      'edge',
      { output: new Float32Array(19) },
    )
    refuses(
      'an output that is the input',
      rangeError(
        'ERR_CONV_ALIAS',
        'output overlaps the memory of input, which is still read while output is written; use another array',
      ),
      image,
      0,
      'edge',
      { output: image },
    )
    refuses(
      'a result that no tensor holds',
      rangeError(
        'ERR_CONV_RANGE',
        'the output 200002 x 200003 has 40001000006 elements, a tensor holds at most 4294967296',
      ),
      image,
      100000,
    )
  })
})
