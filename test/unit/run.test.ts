import { expect } from 'chai'
import { Conv2d, conv2d, conv2dSync, tensor, type RunOptions, type Tensor } from 'simdconv'
import {
  expectError,
  expectRejection,
  plainError,
  rangeError,
  typeError,
  type Expected,
} from '../helpers/expect-error'

/** Sums a window of 2 x 3 x 2 into 1 channel: [3, 5, 2] -> [2, 3, 1]. */
const filter = tensor(new Float32Array(12).fill(1), [2, 3, 2, 1])
const layer = new Conv2d({ filter })
const image = tensor(new Float32Array(30).fill(1), [3, 5, 2])
const twelve = [12, 12, 12, 12, 12, 12]

/** Every way to run must refuse in the same way. */
function refuses(name: string, expected: Expected, input: unknown, options?: unknown): void {
  it(name, async () => {
    expectError(expected, () => layer.runSync(input as Tensor, options as RunOptions))
    expectError(expected, () => conv2dSync(input as Tensor, { filter }, options as RunOptions))
    await expectRejection(expected, () => layer.run(input as Tensor, options as RunOptions))
    await expectRejection(expected, () => conv2d(input as Tensor, { filter }, options as RunOptions))
  })
}

describe('run and runSync', () => {
  it('give a frozen tensor of the rank of the input', async () => {
    for (const result of [layer.runSync(image), await layer.run(image), conv2dSync(image, { filter })]) {
      expect(result.shape).to.deep.equal([2, 3, 1])
      expect([...result.data]).to.deep.equal(twelve)
      expect(Object.isFrozen(result)).to.equal(true)
    }
    const batch = await conv2d({ data: image.data, shape: [1, 3, 5, 2] }, { filter })
    expect(batch.shape).to.deep.equal([1, 2, 3, 1])
  })

  it('write to an array of the right length', async () => {
    const output = new Float32Array(6)
    expect(layer.runSync(image, { output }).data).to.equal(output)
    expect([...output]).to.deep.equal(twelve)
    output.fill(0)
    expect((await layer.run(image, { output })).data).to.equal(output)
    expect([...output]).to.deep.equal(twelve)
  })

  it('write to a tensor of the right shape', async () => {
    const output = tensor(new Float32Array(6), [2, 3, 1])
    expect(layer.runSync(image, { output }).data).to.equal(output.data)
    expect((await layer.run(image, { output })).data).to.equal(output.data)
  })

  it('write to another part of the memory of the input', async () => {
    const memory = new Float32Array(36).fill(1)
    const input = { data: memory.subarray(0, 30), shape: [3, 5, 2] }
    const output = memory.subarray(30)
    layer.runSync(input, { output })
    expect([...memory.subarray(28)]).to.deep.equal([1, 1, ...twelve])
    await layer.run(input, { output: output.fill(0) })
    expect([...memory.subarray(28)]).to.deep.equal([1, 1, ...twelve])
  })

  it('alternate between shapes', () => {
    const wide = tensor(new Float32Array(60).fill(1), [3, 10, 2])
    for (let round = 0; round < 3; round++) {
      expect(layer.runSync(image).shape).to.deep.equal([2, 3, 1])
      expect(layer.runSync(wide).shape).to.deep.equal([2, 8, 1])
    }
  })

  it('forget plans, and make them again', () => {
    for (let round = 0; round < 2; round++) {
      for (let width = 3; width < 40; width++) {
        const input = { data: new Float32Array(6 * width).fill(1), shape: [3, width, 2] }
        expect(layer.runSync(input).shape).to.deep.equal([2, width - 2, 1])
      }
    }
  })

  it('keep a copy of the weights', () => {
    const data = new Float32Array(12).fill(1)
    const bias = Float32Array.of(1)
    const made = new Conv2d({ filter: { data, shape: [2, 3, 2, 1] }, bias })
    data.fill(0)
    bias.fill(0)
    expect(made.runSync(image).data[0]).to.equal(13)
  })

  describe('refuse an input', () => {
    const type = (message: string): Expected => typeError('ERR_CONV_TYPE', message)
    refuses('that is missing', type('input must be a tensor { data, shape }, got undefined'), undefined)
    refuses('that is null', type('input must be a tensor { data, shape }, got null'), null)
    refuses(
      'that is a bare array',
      type('input must be a tensor { data, shape }, got Float32Array'),
      image.data,
    )
    refuses('that is a list', type('input must be a tensor { data, shape }, got an array of 2'), [
      image.data,
      [3, 5, 2],
    ])
    refuses('without data', type('input.data must be a Float32Array, got undefined'), { shape: [3, 5, 2] })
    refuses('without shape', type('input.shape must be an array of numbers, got undefined'), {
      data: image.data,
    })
    refuses('of a Float64Array', type('input.data must be a Float32Array, got Float64Array'), {
      data: new Float64Array(30),
      shape: [3, 5, 2],
    })
    refuses(
      'of a Buffer',
      type('input.data must be a Float32Array, got Buffer; a layer whose inputType is "uint8" takes bytes'),
      {
        data: Buffer.alloc(120),
        shape: [3, 5, 2],
      },
    )
    refuses(
      'of numbers',
      type('input.data must be a Float32Array, got an array of 1; make one with Float32Array.from(values)'),
      { data: [1], shape: [1, 1, 1] },
    )
    refuses(
      'on shared memory',
      type(
        'input.data must not be on a SharedArrayBuffer, which other threads can write to; copy it with new Float32Array(array)',
      ),
      { data: new Float32Array(new SharedArrayBuffer(120)), shape: [3, 5, 2] },
    )
    refuses(
      'of the wrong rank',
      rangeError(
        'ERR_CONV_SHAPE',
        'input.shape must have 3 axes (height x width x channels) or 4 (batch x height x width x channels), got 2 (5 x 6)',
      ),
      { data: image.data, shape: [5, 6] },
    )
    refuses(
      'of the wrong channels',
      rangeError(
        'ERR_CONV_SHAPE',
        'input has 3 channels, the filter expects 2 (2 x 3 x 2 x 1, kernel height x kernel width x in x out)',
      ),
      { data: image.data, shape: [5, 2, 3] },
    )
    refuses(
      'shorter than its shape',
      rangeError(
        'ERR_CONV_LENGTH',
        'input has 30 elements, expected 60 (2 x 3 x 5 x 2, batch x height x width x channels)',
      ),
      { data: image.data, shape: [2, 3, 5, 2] },
    )
    refuses(
      'smaller than the kernel',
      rangeError('ERR_CONV_SHAPE', 'kernel height 2 spans 2 rows; the input has 1'),
      { data: image.data, shape: [1, 15, 2] },
    )
    refuses(
      'with an impossible axis',
      rangeError('ERR_CONV_RANGE', 'input.shape[0] must be an integer from 1 to 2147483647, got -3'),
      { data: image.data, shape: [-3, -5, 2] },
    )
  })

  describe('refuse an output', () => {
    const words = '2 x 3 x 1, height x width x channels'
    refuses(
      'that is too short',
      rangeError('ERR_CONV_LENGTH', `output has 5 elements, expected 6 (${words})`),
      image,
      { output: new Float32Array(5) },
    )
    refuses(
      'that is too long',
      rangeError('ERR_CONV_LENGTH', `output has 7 elements, expected 6 (${words})`),
      image,
      { output: new Float32Array(7) },
    )
    refuses(
      'tensor that is shorter than its shape',
      rangeError('ERR_CONV_LENGTH', `output has 5 elements, expected 6 (${words})`),
      image,
      { output: { data: new Float32Array(5), shape: [2, 3, 1] } },
    )
    refuses(
      'tensor of another shape',
      rangeError('ERR_CONV_SHAPE', 'output.shape is 3 x 2 x 1, expected 2 x 3 x 1'),
      image,
      { output: tensor(new Float32Array(6), [3, 2, 1]) },
    )
    refuses(
      'of the wrong class',
      typeError('ERR_CONV_TYPE', 'output must be a Float32Array, got Float64Array'),
      image,
      { output: new Float64Array(6) },
    )
    refuses(
      'of numbers',
      typeError(
        'ERR_CONV_TYPE',
        'output must be a Float32Array or a tensor { data, shape }, got an array of 6',
      ),
      image,
      { output: twelve },
    )
    refuses(
      'that is null',
      typeError('ERR_CONV_TYPE', 'output must be a Float32Array or a tensor { data, shape }, got null'),
      image,
      { output: null },
    )
    refuses(
      'on shared memory',
      typeError(
        'ERR_CONV_TYPE',
        'output must not be on a SharedArrayBuffer, which other threads can write to; copy it with new Float32Array(array)',
      ),
      image,
      { output: new Float32Array(new SharedArrayBuffer(24)) },
    )
    const alias =
      'output overlaps the memory of input, which is still read while output is written; use another array'
    refuses('that is part of the input', rangeError('ERR_CONV_ALIAS', alias), image, {
      output: image.data.subarray(24),
    })
    const memory = new Float32Array(35)
    refuses(
      'that shares one element with the input',
      rangeError('ERR_CONV_ALIAS', alias),
      { data: memory.subarray(0, 30), shape: [3, 5, 2] },
      { output: memory.subarray(29) },
    )
  })

  describe('refuse options', () => {
    refuses(
      'that are unknown',
      typeError('ERR_CONV_OPTION', 'unknown option "out"; did you mean "output"?'),
      image,
      {
        out: new Float32Array(6),
      },
    )
    refuses('that are no object', typeError('ERR_CONV_TYPE', 'options must be an object, got 3'), image, 3)

    it('that do not belong to runSync', () => {
      const error = typeError('ERR_CONV_OPTION', 'unknown option "signal"; the options are "output"')
      expectError(error, () => layer.runSync(image, { signal: AbortSignal.timeout(1) } as object))
    })

    it('that are no AbortSignal', async () => {
      const error = typeError('ERR_CONV_TYPE', 'signal must be an AbortSignal, got AbortController')
      const signal = new AbortController() as unknown as AbortSignal
      await expectRejection(error, () => layer.run(image, { signal }))
    })
  })
})

describe('a forced algorithm', () => {
  it('is in the description', () => {
    for (const algorithm of ['planar', 'direct', 'reference'] as const) {
      const description = new Conv2d({ filter, algorithm }).describe([3, 5, 2])
      expect(description.algorithm).to.equal(algorithm)
      const chosen = description.candidates.filter(({ accepted }) => accepted)
      expect(chosen.map(({ name }) => name)).to.deep.equal([algorithm])
    }
  })
})

describe('an algorithm that cannot', () => {
  it('says why', () => {
    const infinite = tensor(new Float32Array(12).fill(Infinity), [2, 3, 2, 1])
    const message =
      'algorithm "direct" cannot do this layer: a border that renormalizes leaves taps out, but a weight that is not finite turns the zero in their place into NaN; say "auto"'
    expectError(
      plainError('ERR_CONV_ALGORITHM', message),
      () => new Conv2d({ filter: infinite, border: 'renormalize', algorithm: 'direct' }),
    )
  })
})

describe('describe', () => {
  it('tells what was decided', () => {
    const layer = new Conv2d({ filter, padding: 'same', strides: [1, 2], algorithm: 'direct' })
    const description = layer.describe([2, 3, 5, 2])
    expect(description).to.deep.include({
      algorithm: 'direct',
      inputShape: [2, 3, 5, 2],
      outputShape: [2, 3, 3, 1],
      padding: { top: 0, bottom: 1, left: 1, right: 1 },
      macs: 2 * 3 * 3 * 12,
    })
    expect(description.kernel).to.match(/^f32_direct_\w+$/)
    expect(description.packedBytes).to.be.at.least(48)
    for (const { accepted, reason } of description.candidates) expect(reason === '').to.equal(accepted)
    expect(Object.isFrozen(description)).to.equal(true)
  })

  it('of scratch does not grow with the image', () => {
    const padded = new Conv2d({ filter, padding: 'same', border: 'wrap' })
    const scratch = (side: number): number => padded.describe([side, 100, 2]).scratchBytes
    expect(scratch(32000)).to.equal(scratch(16000))
  })
})

describe('dispose', () => {
  const gone = plainError(
    'ERR_CONV_DISPOSED',
    'this layer was disposed of and has no weights any more; make a new one',
  )

  it('twice is fine, and running after it is not', async () => {
    const short = new Conv2d({ filter })
    short.runSync(image)
    short.dispose()
    short.dispose()
    short[Symbol.dispose]()
    expectError(gone, () => short.runSync(image))
    expectError(gone, () => short.describe([3, 5, 2]))
    await expectRejection(gone, () => short.run(image))
    expect(short.outputShape([3, 5, 2])).to.deep.equal([2, 3, 1])
  })

  it('lets a run in flight finish', async () => {
    const short = new Conv2d({ filter })
    const promise = short.run(image)
    short.dispose()
    expect([...(await promise).data]).to.deep.equal(twelve)
  })
})
