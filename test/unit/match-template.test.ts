import { expect } from 'chai'
import { matchTemplate, matchTemplateSync, tensor, type AnyImage, type MatchSyncOptions } from 'simdconv'
import { expectError, expectRejection, rangeError, typeError, type Expected } from '../helpers/expect-error'

const scene = tensor(
  Float32Array.from({ length: 6 * 8 * 3 }, (_, index) => (index * 37) % 101),
  [6, 8, 3],
)
const template = tensor(
  Float32Array.from({ length: 2 * 3 * 3 }, (_, index) => (index * 29) % 53),
  [2, 3, 3],
)

function refuses(
  name: string,
  expected: Expected,
  templates: unknown,
  options?: unknown,
  given: unknown = scene,
): void {
  it(name, async () => {
    const args = [given, templates, options] as [AnyImage, AnyImage, MatchSyncOptions]
    expectError(expected, () => matchTemplateSync(...args))
    await expectRejection(expected, () => matchTemplate(...args))
  })
}

describe('matchTemplate', () => {
  it('the example of its documentation', () => {
    const row = tensor(Float32Array.of(0, 0, 10, 30, 20, 0, 0), [1, 7, 1])
    const { data, shape } = matchTemplateSync(row, tensor(Float32Array.of(1, 3, 2), [1, 3, 1]))
    expect(shape).to.deep.equal([1, 5, 1])
    expect(Array.from(data, (score) => score.toFixed(2))).to.deep.equal([
      '0.00',
      '0.33',
      '1.00',
      '-0.33',
      '-0.87',
    ])
  })

  it('templates are the channels of the scores', () => {
    const other = tensor(template.data.toReversed(), template.shape)
    const both = matchTemplateSync(scene, [template, other])
    expect(both.shape).to.deep.equal([5, 6, 2])
    for (const [channel, alone] of [template, other].entries()) {
      const scores = matchTemplateSync(scene, alone).data
      for (const [window, score] of scores.entries())
        expect(both.data[2 * window + channel]).to.be.closeTo(score, 24 * 2 ** -22)
    }
  })

  it('an aborted signal takes the match back', async () => {
    const reason = new Error('enough')
    let caught: unknown
    await matchTemplate(scene, template, { signal: AbortSignal.abort(reason) }).catch((error: unknown) => {
      caught = error
    })
    expect(caught).to.equal(reason)
  })

  describe('refuses', () => {
    const flat = new Float32Array(18)
    flat.set([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
    refuses(
      'a template without contrast, and one of one pixel',
      rangeError(
        'ERR_CONV_RANGE',
        'template must have contrast, got 6 pixels that are all alike; zncc compares pictures, not levels',
      ),
      tensor(flat, [2, 3, 3]),
    )
    refuses(
      'one pixel',
      rangeError(
        'ERR_CONV_RANGE',
        'templates[0] must have contrast, got 1 pixel; zncc compares pictures, not levels',
      ),
      [tensor(Float32Array.of(1, 2, 3), [1, 1, 3])],
    )
    refuses(
      'zeros for ncc',
      rangeError('ERR_CONV_RANGE', 'template must have a sample other than 0, got zeros only'),
      tensor(new Float32Array(18), [2, 3, 3]),
      { method: 'ncc' },
    )
    refuses(
      'a template that is not finite',
      rangeError('ERR_CONV_RANGE', 'templates[1] must be finite, got NaN at pixel 1 of channel 2'),
      [template, tensor(template.data.with(5, NaN), [2, 3, 3])],
    )
    refuses(
      'a template larger than the scene',
      rangeError('ERR_CONV_SHAPE', 'template must fit into scene, got 7 x 3 pixels in 6 x 8'),
      tensor(new Float32Array(63), [7, 3, 3]),
    )
    refuses(
      'other channels',
      rangeError(
        'ERR_CONV_SHAPE',
        'template has 1 channels, scene has 3 (2 x 3 x 1 in 6 x 8 x 3); they must have the same',
      ),
      tensor(new Float32Array(6), [2, 3, 1]),
    )
    refuses(
      'templates of two sizes',
      rangeError(
        'ERR_CONV_SHAPE',
        'templates[1] must be as large as templates[0], got 3 x 2 pixels and 2 x 3; match each size in a call of its own',
      ),
      [template, tensor(new Float32Array(18), [3, 2, 3])],
    )
    refuses(
      'a batch of templates',
      rangeError(
        'ERR_CONV_SHAPE',
        'template.shape must have 3 axes, got 4 (1 x 2 x 3 x 3); several templates are an array of tensors',
      ),
      tensor(template.data, [1, 2, 3, 3]),
    )
    refuses(
      'no templates',
      typeError('ERR_CONV_TYPE', 'templates must be a tensor or an array of tensors, got an array of 0'),
      [],
    )
    refuses(
      'what is no tensor',
      typeError('ERR_CONV_TYPE', 'templates[0] must be a tensor { data, shape }, got 3'),
      [3],
    )
    refuses(
      'a scene of rank 2',
      rangeError(
        'ERR_CONV_SHAPE',
        'scene.shape must have 3 axes (height x width x channels) or 4 (batch x height x width x channels), got 2 (6 x 24)',
      ),
      template,
      {},
      { data: scene.data, shape: [6, 24] },
    )
    refuses(
      'a scene of doubles',
      typeError('ERR_CONV_TYPE', 'scene.data must be a Float32Array or a Uint8Array, got Float64Array'),
      template,
      {},
      { data: new Float64Array(144), shape: [6, 8, 3] },
    )
    refuses(
      'an unknown method',
      typeError('ERR_CONV_OPTION', 'method must be "zncc" or "ncc", got "znc"; did you mean "zncc"?'),
      template,
      { method: 'znc' },
    )
    refuses(
      'an unknown option',
      typeError('ERR_CONV_OPTION', 'unknown option "methods"; did you mean "method"?'),
      template,
      { methods: 'zncc' },
    )
  })
})
