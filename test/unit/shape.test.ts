import { expect } from 'chai'
import { Conv2d, tensor, type Conv2dOptions } from 'simdconv'
import { expectError, rangeError, typeError } from '../helpers/expect-error'

const layer = (kernel: readonly [number, number], options: Partial<Conv2dOptions> = {}): Conv2d =>
  new Conv2d({ filter: tensor(new Float32Array(kernel[0] * kernel[1] * 15), [...kernel, 3, 5]), ...options })

describe('outputShape', () => {
  const cases: readonly (readonly [
    name: string,
    kernel: readonly [number, number],
    options: Partial<Conv2dOptions>,
    input: readonly number[],
    output: readonly number[],
  ])[] = [
    ['valid', [2, 3], {}, [5, 7, 3], [4, 5, 5]],
    ['of a batch', [2, 3], {}, [2, 5, 7, 3], [2, 4, 5, 5]],
    ['nchw', [2, 3], { layout: 'nchw' }, [3, 5, 7], [5, 4, 5]],
    ['a batch in nchw', [2, 3], { layout: 'nchw' }, [2, 3, 5, 7], [2, 5, 4, 5]],
    ['strides', [2, 3], { strides: [1, 2] }, [5, 7, 3], [4, 3, 5]],
    ['strides that skip the end', [2, 3], { strides: [3, 3] }, [6, 8, 3], [2, 2, 5]],
    ['dilations', [2, 3], { dilations: [3, 2] }, [5, 7, 3], [2, 3, 5]],
    ['same', [2, 3], { padding: 'same' }, [5, 7, 3], [5, 7, 5]],
    ['same with strides', [2, 3], { padding: 'same', strides: [2, 3] }, [5, 7, 3], [3, 3, 5]],
    [
      'same with strides beyond the kernel',
      [1, 2],
      { padding: 'same', strides: [4, 5] },
      [5, 7, 3],
      [2, 2, 5],
    ],
    ['same-lower', [4, 2], { padding: 'same-lower', dilations: [2, 1] }, [5, 7, 3], [5, 7, 5]],
    ['full', [2, 3], { padding: 'full', dilations: [2, 1] }, [5, 7, 3], [7, 9, 5]],
    ['a number', [2, 3], { padding: 1 }, [5, 7, 3], [6, 7, 5]],
    ['sides', [2, 3], { padding: { top: 1, right: 4 } }, [5, 7, 3], [5, 9, 5]],
    ['a kernel larger than the image', [7, 9], { padding: 'full' }, [1, 1, 3], [7, 9, 5]],
  ]
  for (const [name, kernel, options, input, output] of cases) {
    it(name, () => expect(layer(kernel, options).outputShape(input)).to.deep.equal(output))
  }

  it("puts the odd pixel of 'same' at the end, and of 'same-lower' at the beginning", () => {
    const padding = (name: 'same' | 'same-lower'): object =>
      layer([2, 4], { padding: name }).describe([5, 7, 3]).padding
    expect(padding('same')).to.deep.equal({ top: 0, bottom: 1, left: 1, right: 2 })
    expect(padding('same-lower')).to.deep.equal({ top: 1, bottom: 0, left: 2, right: 1 })
  })

  it('is an array of its own', () => {
    const made = layer([1, 1])
    made.outputShape([5, 7, 3])[0] = 99
    expect(made.outputShape([5, 7, 3])).to.deep.equal([5, 7, 5])
  })

  const refusals: readonly (readonly [
    name: string,
    kernel: readonly [number, number],
    options: Partial<Conv2dOptions>,
    input: readonly number[],
    message: string,
  ])[] = [
    [
      'rank 2',
      [2, 3],
      {},
      [5, 7],
      'inputShape must have 3 axes (height x width x channels) or 4 (batch x height x width x channels), got 2 (5 x 7)',
    ],
    [
      'rank 5 in nchw',
      [2, 3],
      { layout: 'nchw' },
      [1, 1, 3, 5, 7],
      'inputShape must have 3 axes (channels x height x width) or 4 (batch x channels x height x width), got 5 (1 x 1 x 3 x 5 x 7)',
    ],
    [
      'the wrong channels',
      [2, 3],
      {},
      [5, 7, 4],
      'input has 4 channels, the filter expects 3 (2 x 3 x 3 x 5, kernel height x kernel width x in x out)',
    ],
    [
      'channels in the other place',
      [2, 3],
      { layout: 'nchw' },
      [5, 7, 3],
      'input has 5 channels, the filter expects 3 (2 x 3 x 3 x 5, kernel height x kernel width x in x out); did you mean layout "nhwc"?',
    ],
    [
      'the wrong channels for groups',
      [2, 3],
      { groups: 5 },
      [5, 7, 3],
      'input has 3 channels, the filter expects 15 (2 x 3 x 3 x 5, kernel height x kernel width x in x out, in 5 groups)',
    ],
    ['a kernel too high', [7, 1], {}, [6, 9, 3], 'kernel height 7 spans 7 rows; the input has 6'],
    ['a kernel too wide', [1, 7], {}, [9, 6, 3], 'kernel width 7 spans 7 columns; the input has 6'],
    [
      'a dilated kernel too high for the padded input',
      [7, 1],
      { dilations: 2, padding: { top: 1, bottom: 1 } },
      [10, 9, 3],
      'kernel height 7 with dilation 2 spans 13 rows; the padded input has 12 (10 + top 1 + bottom 1)',
    ],
    [
      'a kernel too wide for the padded input',
      [1, 7],
      { padding: { left: 2 } },
      [9, 3, 3],
      'kernel width 7 spans 7 columns; the padded input has 5 (3 + left 2 + right 0)',
    ],
  ]
  for (const [name, kernel, options, input, message] of refusals) {
    it(`refuses ${name}`, () => {
      expectError(rangeError('ERR_CONV_SHAPE', message), () => layer(kernel, options).outputShape(input))
    })
  }

  it('refuses a padded axis that cannot be counted', () => {
    const message = 'the padded height is 2147483652 (5 + 2147483647 + 0), at most 2147483647 is possible'
    expectError(rangeError('ERR_CONV_RANGE', message), () =>
      layer([1, 1], { padding: { top: 2147483647 } }).outputShape([5, 7, 3]),
    )
  })

  it('refuses an output that no tensor holds', () => {
    const message =
      'the output 200005 x 200007 x 5 has 200012000175 elements, a tensor holds at most 4294967296'
    expectError(rangeError('ERR_CONV_RANGE', message), () =>
      layer([1, 1], { padding: 100000 }).outputShape([5, 7, 3]),
    )
  })

  it('refuses what is no shape', () => {
    expectError(typeError('ERR_CONV_TYPE', 'inputShape must be an array of numbers, got "5x7x3"'), () =>
      layer([1, 1]).outputShape('5x7x3' as unknown as number[]),
    )
    expectError(
      rangeError('ERR_CONV_RANGE', 'inputShape[0] must be an integer from 1 to 2147483647, got 0'),
      () => layer([1, 1]).outputShape([0, 7, 3]),
    )
  })
})
