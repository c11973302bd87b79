/** Values that lie about what they are, and values whose getters change the world while they are read. */
import { expect } from 'chai'
import { getEventListeners } from 'node:events'
import {
  configure,
  Conv2d,
  info,
  pad,
  PixelMlp,
  tensor,
  type Conv2dOptions,
  type MlpLayer,
  type Tensor,
} from 'simdconv'
import { expectError, expectRejection, plainError, rangeError, typeError } from '../helpers/expect-error'

const layerOf = (): Conv2d => new Conv2d({ filter: tensor(Float32Array.of(2), [1, 1, 1, 1]) })
const layer = layerOf()
const floats = (): Float32Array => new Float32Array(16).fill(1)
const dot = (data = floats()): Tensor => ({ data, shape: [4, 4, 1] })
const transfer = (array: Float32Array): unknown =>
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] })

const type = (message: string): ReturnType<typeof typeError> => typeError('ERR_CONV_TYPE', message)
const alias = rangeError(
  'ERR_CONV_ALIAS',
  'output overlaps the memory of input, which is still read while output is written; use another array',
)
const detached = (name: string): ReturnType<typeof typeError> =>
  typeError(
    'ERR_CONV_DETACHED',
    `${name} is detached: its memory was transferred away; pass an array that still owns its memory`,
  )
const busy = (name: string, why: string): ReturnType<typeof plainError> =>
  plainError(
    'ERR_CONV_BUSY',
    `${name} is in flight: a run() that has not finished ${why}; await that run first`,
  )
const disposed = plainError(
  'ERR_CONV_DISPOSED',
  'this layer was disposed of and has no weights any more; make a new one',
)

/** Occupies the pool while the body runs, so that runs it starts wait in the queue. */
async function occupied(body: () => Promise<void>): Promise<void> {
  const { threads } = info()
  configure({ threads: 1 })
  const filter = tensor(new Float32Array(5 * 5 * 16 * 16), [5, 5, 16, 16])
  const slow = new Conv2d({ filter }).run(tensor(new Float32Array(400 * 400 * 16), [400, 400, 16]))
  try {
    await body()
  } finally {
    await slow
    configure({ threads })
  }
}

/** An object of which a property, when it is read, does something first. */
function trap<T extends object>(target: T, key: keyof T, action: () => unknown): T {
  const value = target[key]
  const get = (): unknown => (action(), value)
  return Object.defineProperty({ ...target }, key, { get, enumerable: true })
}

describe('hostile values', () => {
  describe('arrays that lie', () => {
    class Lie extends Float32Array {
      override get buffer(): ArrayBuffer {
        return { resizable: false } as unknown as ArrayBuffer
      }
    }

    it('about being resizable', async () => {
      const memory = Reflect.construct(ArrayBuffer, [64, { maxByteLength: 128 }]) as ArrayBuffer
      const message =
        'input.data must not be on a resizable ArrayBuffer, which can shrink under a running kernel; copy it with new Float32Array(array)'
      expectError(type(message), () => layer.runSync(dot(new Lie(memory))))
      await expectRejection(type(message), () => layer.run(dot(new Lie(memory))))
    })

    it('about being shared', () => {
      const message =
        'output must not be on a SharedArrayBuffer, which other threads can write to; copy it with new Float32Array(array)'
      const output = new Lie(new SharedArrayBuffer(64) as unknown as ArrayBuffer)
      expectError(type(message), () => layer.runSync(dot(), { output }))
    })

    it('about where they are', async () => {
      const data = floats()
      const views = [
        Object.defineProperty(data.subarray(), 'byteOffset', { value: 4096 }),
        Object.defineProperty(data.subarray(), 'byteLength', { value: 0 }),
        Object.defineProperty(data.subarray(), 'buffer', { value: new ArrayBuffer(64) }),
        new Lie(data.buffer as ArrayBuffer),
      ]
      for (const output of views) expectError(alias, () => layer.runSync(dot(data), { output }))
      const running = layer.run(dot(), { output: data })
      for (const view of views) {
        expectError(busy('output', 'is using it'), () => layer.runSync(dot(), { output: view }))
        expectError(busy('input', 'writes to it'), () => layer.runSync(dot(view)))
      }
      await running
    })

    it('and are honest otherwise', () => {
      expect(layer.runSync(dot(new Lie(floats().buffer as ArrayBuffer))).data[15]).to.equal(2)
    })
  })

  describe('signals', () => {
    const mine = new Error('mine')
    const hostile = (key: 'addEventListener' | 'removeEventListener'): AbortSignal =>
      Object.defineProperty(new AbortController().signal, key, {
        get: () => {
          throw mine
        },
      })

    for (const key of ['addEventListener', 'removeEventListener'] as const) {
      it(`whose ${key} throws leave no memory in flight`, async () => {
        const [input, output] = [dot(), floats()]
        const thrown: unknown = await layer
          .run(input, { output, signal: hostile(key) })
          .catch((error: unknown) => error)
        expect(thrown).to.equal(mine)
        layer.runSync(input, { output })
        layer.runSync(dot(), { output: input.data })
      })
    }

    it('that hide their state are asked all the same', async () => {
      const signal = Object.defineProperty(AbortSignal.abort(mine), 'aborted', { value: false })
      expect(await layer.run(dot(), { signal }).catch((error: unknown) => error)).to.equal(mine)
    })

    it('that only inherit from AbortSignal', async () => {
      const signal = Object.create(AbortSignal.prototype) as AbortSignal
      await expectRejection(
        type('signal must be an AbortSignal, got an object that only inherits from AbortSignal'),
        () => layer.run(dot(), { signal }),
      )
    })

    it('whose event is stopped by another listener still cancel', () =>
      occupied(async () => {
        const controller = new AbortController()
        controller.signal.addEventListener('abort', (event) => event.stopImmediatePropagation())
        const run = layer.run(dot(), { signal: controller.signal })
        controller.abort(mine)
        expect(await run.catch((error: unknown) => error)).to.equal(mine)
      }))

    it('are let go of when the run was refused', async () => {
      const { signal } = new AbortController()
      await expectRejection(detached('input.data'), () => {
        const data = floats()
        transfer(data)
        return layer.run(dot(data), { signal })
      })
      expect(getEventListeners(signal, 'abort')).to.deep.equal([])
    })
  })

  describe('revoked Proxies', () => {
    const revoked = (target: object): never => {
      const { proxy, revoke } = Proxy.revocable(target, {})
      revoke()
      return proxy as never
    }
    const filter = tensor(Float32Array.of(1), [1, 1, 1, 1])
    const weights = tensor(Float32Array.of(1), [1, 1])
    const cases: readonly (readonly [message: string, call: () => unknown])[] = [
      ['options must be an object', () => new Conv2d(revoked({}))],
      ['options must be an object', () => layer.runSync(dot(), revoked({}))],
      ['input must be a tensor { data, shape }', () => layer.runSync(revoked({}))],
      ['input.data must be a Float32Array', () => layer.runSync(dot(revoked(floats())))],
      [
        'input.shape must be an array of numbers',
        () => layer.runSync({ data: floats(), shape: revoked([]) }),
      ],
      ['inputShape must be an array of numbers', () => layer.describe(revoked([]))],
      ['strides must be a number or [height, width]', () => new Conv2d({ filter, strides: revoked([]) })],
      ['border must be a name or an object { mode }', () => new Conv2d({ filter, border: revoked({}) })],
      [
        'padding must be a name, a number or { top, bottom, left, right }',
        () => new Conv2d({ filter, padding: revoked([]) }),
      ],
      [
        'output must be a Float32Array or a tensor { data, shape }',
        () => layer.runSync(dot(), { output: revoked({}) }),
      ],
      ['options must be an object', () => new PixelMlp(revoked({}))],
      ['layers must be an array of layers', () => new PixelMlp({ layers: revoked([]) })],
      ['layers must be an array of layers', () => PixelMlp.fromConv2d(revoked([]))],
      ['layers[0] must be an object', () => new PixelMlp({ layers: [revoked({})] })],
      [
        'layers[0].weights must be a tensor { data, shape }',
        () => new PixelMlp({ layers: [{ weights: revoked({}) }] }),
      ],
      [
        'layers[0].residual must be an object',
        () => new PixelMlp({ layers: [{ weights, residual: revoked({}) }] }),
      ],
    ]
    for (const [message, call] of cases) {
      it(message, () => expectError(type(`${message}, got a revoked Proxy`), call))
    }
  })

  describe('shapes', () => {
    for (const [got, rank] of [
      ['NaN', NaN],
      ['1.5', 1.5],
      ['"2"', '2'],
      ['undefined', undefined],
      ['1000000000', 1e9],
    ] as const) {
      it(`whose length is ${got}`, () => {
        const shape = new Proxy([4, 4, 1], {
          get: (target, key): unknown => (key === 'length' ? rank : Reflect.get(target, key)),
        })
        const message = (name: string): string => `${name} must have 1 to 8 axes, got ${got}`
        expectError(rangeError('ERR_CONV_SHAPE', message('shape')), () => tensor(floats(), shape))
        expectError(rangeError('ERR_CONV_SHAPE', message('input.shape')), () =>
          layer.runSync({ data: floats(), shape }),
        )
      })
    }
  })

  describe('getters that change what was given before', () => {
    it('a transfer', async () => {
      for (const attack of [
        (input: Tensor): Tensor => trap(input, 'shape', () => transfer(input.data)),
        (input: Tensor): Tensor => ({ ...input, shape: trapped(() => transfer(input.data)) }),
      ]) {
        expectError(detached('input.data'), () => layer.runSync(attack(dot())))
        await expectRejection(detached('input.data'), () => layer.run(attack(dot())))
        expectError(detached('output.data'), () => layer.runSync(dot(), { output: attack(dot()) }))
        expectError(detached('input.data'), () => pad(attack(dot()), 1))
      }
    })

    /** A shape that does something when its second axis is read. */
    function trapped(action: () => unknown): number[] {
      return Object.defineProperty([4, 4, 1], 1, { get: () => (action(), 4) })
    }

    it('a transfer of the weights', () => {
      const data = new Float32Array(4)
      const bias = new Float32Array(1)
      const base: Conv2dOptions = { filter: tensor(data, [2, 2, 1, 1]), bias, padding: { top: 1 } }
      const attack = (array: Float32Array): Conv2dOptions => ({
        ...base,
        padding: trap({ top: 1 }, 'top', () => transfer(array)),
      })
      expectError(detached('bias'), () => new Conv2d(attack(bias)))
      expectError(detached('filter.data'), () => new Conv2d(attack(data)))
    })

    it('a transfer while the padding is read', () => {
      const image = dot()
      const padding = trap({ top: 1 }, 'top', () => transfer(image.data))
      expectError(detached('input.data'), () => pad(image, padding))
    })

    it('dispose()', async () => {
      const attack = (): readonly [Conv2d, Tensor] => {
        const victim = layerOf()
        return [victim, trap(dot(), 'shape', () => victim.dispose())]
      }
      const [first, image] = attack()
      expectError(disposed, () => first.runSync(image))
      const [second, again] = attack()
      await expectRejection(disposed, () => second.run(again))
      const third = layerOf()
      expectError(disposed, () => third.describe(trapped(() => third.dispose())))
    })

    it('a run on the same memory', async () => {
      const output = floats()
      const runs: Promise<Tensor>[] = []
      const attack = trap(dot(), 'shape', () => runs.push(layer.run(dot(), { output })))
      expectError(busy('output', 'is using it'), () => layer.runSync(attack, { output }))
      await Promise.all(runs)
    })

    it('an abort', async () => {
      const controller = new AbortController()
      const reason = new Error('mine')
      const attack = trap(dot(), 'shape', () => controller.abort(reason))
      const { signal } = controller
      expect(await layer.run(attack, { signal }).catch((error: unknown) => error)).to.equal(reason)
    })
  })

  describe('lists of layers', () => {
    const weights = tensor(Float32Array.of(2), [1, 1])
    for (const [got, count] of [
      ['NaN', NaN],
      ['-1', -1],
      ['1.5', 1.5],
      ['"2"', '2'],
      ['undefined', undefined],
      ['4294967295', 2 ** 32 - 1],
    ] as const) {
      it(`whose length is ${got}`, () => {
        const layers = new Proxy([{ weights }], {
          get: (target, key): unknown => (key === 'length' ? count : Reflect.get(target, key)),
        })
        const error = rangeError('ERR_CONV_RANGE', `layers must have 1 to 64 elements, got ${got}`)
        expectError(error, () => new PixelMlp({ layers }))
        expectError(error, () => PixelMlp.fromTorchLinear({ layers }))
        expectError(error, () => PixelMlp.fromConv2d(layers as never))
      })
    }

    it('that grow while they are read', () => {
      const layers: MlpLayer[] = []
      const greedy = (): MlpLayer => trap({ weights }, 'weights', () => layers.push(greedy()))
      layers.push(greedy())
      expect(new PixelMlp({ layers }).outputShape([4, 4, 1])).to.deep.equal([4, 4, 1])
      expect(layers).to.have.length(2)
    })

    it('that are emptied while they are read', () => {
      const layers: MlpLayer[] = [{ weights }, { weights }]
      layers[0] = trap({ weights }, 'weights', () => (layers.length = 0))
      expect(new PixelMlp({ layers }).outputShape([4, 4, 1])).to.deep.equal([4, 4, 1])
    })

    it('that end before the length that they had', () => {
      const layers: MlpLayer[] = [{ weights }, { weights }]
      Object.defineProperty(layers, 0, { get: () => ((layers.length = 1), { weights }) })
      expectError(type('layers[1] must be an object, got undefined'), () => new PixelMlp({ layers }))
    })

    it('a transfer of the weights or the bias of a layer that was read before', () => {
      for (const [name, array] of [
        ['layers[0].weights.data', new Float32Array(1)],
        ['layers[0].bias', new Float32Array(1)],
      ] as const) {
        const first = name.endsWith('bias') ? { weights, bias: array } : { weights: tensor(array, [1, 1]) }
        const layers = [first, trap({ weights }, 'weights', () => transfer(array))]
        expectError(detached(name), () => new PixelMlp({ layers }))
      }
    })

    it('dispose() of a perceptron by its input', async () => {
      const attack = (): readonly [PixelMlp, Tensor] => {
        const victim = new PixelMlp({ layers: [{ weights }] })
        return [victim, trap(dot(), 'shape', () => victim.dispose())]
      }
      const [first, image] = attack()
      expectError(disposed, () => first.runSync(image))
      const [second, again] = attack()
      await expectRejection(disposed, () => second.run(again))
    })
  })

  describe('what is no layer', () => {
    const message = (got: string): string =>
      `this must be a Conv2d, got ${got}; call it as a method of the layer`
    const layers = Conv2d.prototype
    const as = (self: unknown): Conv2d => self as Conv2d

    it('as this', async () => {
      expectError(type(message('an object')), () => layers.runSync.call(as({}), dot()))
      expectError(type(message('undefined')), () => layers.runSync.call(as(undefined), dot()))
      expectError(type(message('a Proxy')), () => layers.describe.call(new Proxy(layer, {}), [4, 4, 1]))
      expectError(type(message('an array of 0')), () => layers.outputShape.call(as([]), [4, 4, 1]))
      const fake = as(Object.create(layers))
      expectError(type(message('an object that only inherits from Conv2d')), () => layers.dispose.call(fake))
      await expectRejection(type(message('an object')), () => layers.run.call(as({}), dot()))
    })
  })

  it('a class whose name has line breaks stays on one line', () => {
    const odd = Object.create({ constructor: { name: 'a\nb"c' } }) as Float32Array
    expectError(type('data must be a Float32Array or a Uint8Array, got a\\nb\\"c'), () => tensor(odd, [1]))
  })
})
