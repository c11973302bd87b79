import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { getEventListeners, once } from 'node:events'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import {
  configure,
  Conv2d,
  counters,
  info,
  pad,
  PixelMlp,
  tensor,
  type Conv2dOptions,
  type PixelMlpOptions,
  type Tensor,
} from 'simdconv'
import { expectError, expectRejection, plainError, rangeError, typeError } from '../helpers/expect-error'

/** A layer that takes some milliseconds, so that runs can be met in flight. */
const filter = tensor(new Float32Array(5 * 5 * 16 * 16).fill(1), [5, 5, 16, 16])
const slow = new Conv2d({ filter, padding: 'same' })
const side = 128
const length = side * side * 16
const makeImage = (): Tensor => tensor(new Float32Array(length).fill(1), [side, side, 16])
const small = new Conv2d({ filter: tensor(Float32Array.of(2), [1, 1, 1, 1]) })
const dot = (data = new Float32Array(16).fill(1)): Tensor => tensor(data, [4, 4, 1])

const busyWriting = (name: string): ReturnType<typeof plainError> =>
  plainError(
    'ERR_CONV_BUSY',
    `${name} is in flight: a run() that has not finished writes to it; await that run first`,
  )
const busyUsing = (name: string): ReturnType<typeof plainError> =>
  plainError(
    'ERR_CONV_BUSY',
    `${name} is in flight: a run() that has not finished is using it; await that run first`,
  )

const transfer = (array: Float32Array): Float32Array =>
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] })

describe('misuse', () => {
  describe('of memory', () => {
    it('a detached input, filter, bias and output', async () => {
      const gone = new Float32Array(16)
      transfer(gone)
      const detached = (name: string): ReturnType<typeof typeError> =>
        typeError(
          'ERR_CONV_DETACHED',
          `${name} is detached: its memory was transferred away; pass an array that still owns its memory`,
        )
      expectError(detached('input.data'), () => small.runSync({ data: gone, shape: [4, 4, 1] }))
      await expectRejection(detached('input.data'), () => small.run({ data: gone, shape: [4, 4, 1] }))
      expectError(detached('output'), () => small.runSync(dot(), { output: gone }))
      expectError(detached('output.data'), () =>
        small.runSync(dot(), { output: { data: gone, shape: [4, 4, 1] } }),
      )
      expectError(detached('filter.data'), () => new Conv2d({ filter: { data: gone, shape: [4, 4, 1, 1] } }))
      expectError(detached('bias'), () => new Conv2d({ filter, bias: gone }))
      const weights = tensor(new Float32Array(16), [4, 4])
      expectError(
        detached('layers[1].weights.data'),
        () => new PixelMlp({ layers: [{ weights }, { weights: { data: gone, shape: [4, 4] } }] }),
      )
      expectError(detached('layers[0].bias'), () => new PixelMlp({ layers: [{ weights, bias: gone }] }))
      expectError(detached('input.data'), () => pad({ data: gone, shape: [4, 4] }, 1))
    })

    it('a tensor that is detached after it was made', () => {
      const image = dot()
      small.runSync(image)
      transfer(image.data)
      const message =
        'input.data is detached: its memory was transferred away; pass an array that still owns its memory'
      expectError(typeError('ERR_CONV_DETACHED', message), () => small.runSync(image))
    })

    it('resizable memory', () => {
      const memory = Reflect.construct(ArrayBuffer, [64, { maxByteLength: 128 }]) as ArrayBuffer
      const message =
        'input.data must not be on a resizable ArrayBuffer, which can shrink under a running kernel; copy it with new Float32Array(array)'
      small.runSync(dot())
      expectError(typeError('ERR_CONV_TYPE', message), () =>
        small.runSync({ data: new Float32Array(memory), shape: [4, 4, 1] }),
      )
    })

    it('an output that is the input, or overlaps it', async () => {
      const memory = new Float32Array(40)
      const alias = rangeError(
        'ERR_CONV_ALIAS',
        'output overlaps the memory of input, which is still read while output is written; use another array',
      )
      const image = dot(memory.subarray(8, 24))
      for (const output of [
        image.data,
        memory.subarray(0, 16),
        memory.subarray(23, 39),
        new Float32Array(memory.buffer, 32, 16),
      ]) {
        expectError(alias, () => small.runSync(image, { output }))
        await expectRejection(alias, () => small.run(image, { output }))
      }
      expect([...small.runSync(image, { output: memory.subarray(24, 40) }).data]).to.have.length(16)
    })

    it('an array that lies about its length', () => {
      const liar = Object.defineProperty(new Float32Array(4), 'length', { value: 16 })
      const message = (name: string): string =>
        `${name} has 4 elements, expected 16 (4 x 4 x 1, height x width x channels)`
      expectError(rangeError('ERR_CONV_LENGTH', message('input')), () =>
        small.runSync({ data: liar, shape: [4, 4, 1] }),
      )
      expectError(rangeError('ERR_CONV_LENGTH', message('output')), () =>
        small.runSync(dot(), { output: liar }),
      )
    })
  })

  describe('of memory in flight', () => {
    it('two runs with one output', async () => {
      const image = makeImage()
      const output = new Float32Array(length)
      const first = slow.run(image, { output })
      await expectRejection(busyUsing('output'), () => slow.run(image, { output }))
      expectError(busyUsing('output'), () => slow.runSync(image, { output }))
      expectError(busyUsing('output'), () => small.runSync(dot(), { output: output.subarray(length - 16) }))
      expect((await first).data[0]).to.equal(9 * 16)
      expect(slow.runSync(image, { output }).data).to.equal(output)
    })

    it('writing to the input of a run', async () => {
      const image = makeImage()
      const run = slow.run(image)
      expectError(busyUsing('output'), () => small.runSync(dot(), { output: image.data.subarray(0, 16) }))
      expectError(busyUsing('output'), () =>
        pad(tensor(new Float32Array(16), [4, 4]), 0, 'edge', { output: image.data.subarray(0, 16) }),
      )
      await run
      small.runSync(dot(), { output: image.data.subarray(0, 16) })
    })

    it('reading the output of a run', async () => {
      const output = new Float32Array(length)
      const run = slow.run(makeImage(), { output })
      const part = output.subarray(0, 16)
      expectError(busyWriting('input'), () => small.runSync(dot(part)))
      expectError(busyWriting('input'), () => pad(tensor(part, [4, 4]), 1))
      await expectRejection(busyWriting('input'), () => small.run(dot(part)))
      await run
      small.runSync(dot(part))
    })

    it('packing weights that a run still writes', async () => {
      const output = new Float32Array(length)
      const run = slow.run(makeImage(), { output })
      const weights = tensor(output.subarray(0, 1), [1, 1, 1, 1])
      expectError(busyWriting('filter'), () => new Conv2d({ filter: weights }))
      const one = tensor(new Float32Array(1), [1, 1, 1, 1])
      expectError(busyWriting('bias'), () => new Conv2d({ filter: one, bias: weights.data }))
      await run
    })

    it('reading one input many times is fine', async () => {
      const image = makeImage()
      const results = await Promise.all(Array.from({ length: 5 }, () => slow.run(image)))
      for (const { data } of results) expect(data[0]).to.equal(9 * 16)
    })

    it('transferred away during the run', async () => {
      const image = makeImage()
      const run = slow.run(image)
      const kept = transfer(image.data)
      const message =
        'input was detached during run(): its memory was transferred away; keep it until the run has finished'
      await expectRejection(typeError('ERR_CONV_DETACHED', message), () => run)
      expect(kept).to.have.length(length)
    })

    it('an output transferred away during the run', async () => {
      const output = new Float32Array(length)
      const run = slow.run(makeImage(), { output })
      const kept = transfer(output)
      const message =
        'output was detached during run(): its memory was transferred away; keep it until the run has finished'
      await expectRejection(typeError('ERR_CONV_DETACHED', message), () => run)
      expect(kept).to.have.length(length)
    })
  })

  describe('of signals', () => {
    const occupied = async (body: (runs: Promise<Tensor>[]) => Promise<void>): Promise<void> => {
      const { threads } = info()
      configure({ threads: 1 })
      const image = makeImage()
      const runs = [slow.run(image), slow.run(image)]
      try {
        await body(runs)
      } finally {
        await Promise.all(runs)
        configure({ threads })
      }
    }

    it('aborted before', async () => {
      const reason = new Error('changed my mind')
      const output = new Float32Array(length)
      const thrown: unknown = await slow
        .run(makeImage(), { output, signal: AbortSignal.abort(reason) })
        .catch((error: unknown) => error)
      expect(thrown).to.equal(reason)
      expect(output.every((value) => value === 0)).to.equal(true)
    })

    it('aborted while it waits: the output is untouched and free', () =>
      occupied(async () => {
        const controller = new AbortController()
        const output = new Float32Array(16)
        const image = dot()
        const run = small.run(image, { output, signal: controller.signal })
        const reason = { any: 'value' }
        controller.abort(reason)
        expect(await run.catch((error: unknown) => error)).to.equal(reason)
        expect(output.every((value) => value === 0)).to.equal(true)
        small.runSync(image, { output })
        small.runSync(dot(), { output: image.data })
      }))

    it('aborted without a reason', () =>
      occupied(async () => {
        const controller = new AbortController()
        const run = small.run(dot(), { signal: controller.signal })
        controller.abort()
        const thrown: unknown = await run.catch((error: unknown) => error)
        expect(thrown).to.be.instanceOf(DOMException)
        expect((thrown as DOMException).name).to.equal('AbortError')
      }))

    it('aborted once it has started: it finishes', async () => {
      const controller = new AbortController()
      const run = slow.run(makeImage(), { signal: controller.signal })
      while (counters().queued > 0) await setImmediate()
      controller.abort()
      expect((await run).data[0]).to.equal(9 * 16)
    })

    it('aborted after: nothing happens, and no listener is left', async () => {
      const controller = new AbortController()
      const { signal } = controller
      const result = await small.run(dot(), { signal })
      const left = getEventListeners(signal, 'abort')
      controller.abort()
      expect(result.data[0]).to.equal(2)
      expect(left).to.deep.equal([])
    })

    it('one signal for many runs does not warn', async () => {
      const warnings: Error[] = []
      const note = (warning: Error): void => void warnings.push(warning)
      process.on('warning', note)
      const { signal } = new AbortController()
      await Promise.all(Array.from({ length: 50 }, () => small.run(dot(), { signal })))
      await setImmediate()
      process.off('warning', note)
      expect(warnings).to.deep.equal([])
    })
  })

  describe('of options', () => {
    const valid = { filter: tensor(new Float32Array(1), [1, 1, 1, 1]) }

    it('whose getters change are read once', () => {
      const reads: string[] = []
      const onlyOnce = (name: string, first: unknown): PropertyDescriptor => ({
        enumerable: true,
        get() {
          if (reads.includes(name)) throw new Error(`${name} was read twice`)
          reads.push(name)
          return first
        },
      })
      const descriptors = Object.entries({
        ...valid,
        filterLayout: 'hwio',
        bias: new Float32Array(1),
        strides: 1,
        dilations: 1,
        groups: 1,
        padding: Object.defineProperties({}, { top: onlyOnce('top', 1), left: onlyOnce('left', 1) }),
        border: Object.defineProperties(
          {},
          { mode: onlyOnce('mode', 'constant'), value: onlyOnce('value', 3) },
        ),
        activation: Object.defineProperties(
          {},
          { kind: onlyOnce('kind', 'leakyRelu'), alpha: onlyOnce('alpha', 1) },
        ),
        layout: 'nhwc',
        inputType: 'float32',
        outputType: 'float32',
        flip: false,
        algorithm: 'auto',
      }).map(([name, value]) => [name, onlyOnce(name, value)] as const)
      const layer = new Conv2d(Object.defineProperties({}, Object.fromEntries(descriptors)) as Conv2dOptions)
      expect(layer.outputShape([4, 4, 1])).to.deep.equal([5, 5, 1])
    })

    it('of a PixelMlp, whose getters change, are read once', () => {
      const reads = new Set<object | string>()
      /** An object whose properties, and those of the objects in it, can be read once each. */
      const onlyOnce = (value: unknown, path: string): unknown => {
        if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
        const result: object = Array.isArray(value) ? [] : {}
        for (const [key, inner] of Object.entries(value)) {
          const name = `${path}.${key}`
          const once = onlyOnce(inner, name)
          const get = (): unknown => {
            if (reads.has(name)) throw new Error(`${name} was read twice`)
            reads.add(name)
            return once
          }
          Object.defineProperty(result, key, { get, enumerable: true })
        }
        return result
      }
      const square = { data: new Float32Array(4), shape: [2, 2] }
      const options = {
        layers: [
          { weights: square, bias: new Float32Array(2), activation: { kind: 'leakyRelu', alpha: 1 } },
          {
            weights: square,
            activation: { kind: 'clamp', min: 0, max: 1 },
            residual: { from: 0, add: 'after' },
          },
        ],
        classify: 'softmax',
        layout: 'nhwc',
        inputType: 'float32',
        outputType: 'float32',
      }
      const layers = options.layers.map((layer) => ({ ...layer, transB: 1, alpha: 2, beta: 3 }))
      for (const [make, given] of [
        [(each: unknown) => new PixelMlp(each as PixelMlpOptions), options],
        [(each: unknown) => PixelMlp.fromTorchLinear(each as PixelMlpOptions), options],
        [(each: unknown) => PixelMlp.fromOnnxGemm(each as PixelMlpOptions), { ...options, layers }],
      ] as const) {
        reads.clear()
        expect(make(onlyOnce(given, 'options')).outputShape([4, 4, 2])).to.deep.equal([4, 4, 2])
        expect(reads.size).to.be.at.least(20)
      }
    })

    it('whose getters throw pass that on', () => {
      const mine = new Error('mine')
      const hostile = {
        ...valid,
        get strides(): number {
          throw mine
        },
      }
      expect(() => new Conv2d(hostile)).to.throw(mine)
    })

    it('that are Proxies are read like any object', () => {
      const proxy = new Proxy({ ...valid, padding: new Proxy({ top: 1 }, {}) }, {})
      expect(new Conv2d(proxy).outputShape([4, 4, 1])).to.deep.equal([5, 4, 1])
    })

    it('a shape that changes while it is read is checked as it was read', () => {
      let reads = 0
      const shape = new Proxy([4, 4, 1], {
        get: (target, key): unknown => (key === '0' && reads++ > 0 ? 1e9 : Reflect.get(target, key)),
      })
      expect(small.runSync({ data: dot().data, shape }).shape).to.deep.equal([4, 4, 1])
    })
  })

  describe('errors of run', () => {
    it('carry the stack of the caller', async () => {
      async function theCaller(): Promise<unknown> {
        const image = makeImage()
        const run = slow.run(image)
        const kept = transfer(image.data)
        const error: unknown = await run.catch((thrown: unknown) => thrown)
        expect(kept).to.have.length(length)
        return error
      }
      expect(((await theCaller()) as Error).stack).to.match(/^TypeError: input was detached[^]*theCaller/)
    })
  })

  describe('of threads', () => {
    it('several worker threads convolve at once', async function () {
      const code = `
        const { parentPort } = require('node:worker_threads')
        const { Conv2d, tensor } = require('simdconv')
        const layer = new Conv2d({ filter: tensor(new Float32Array(9).fill(1), [3, 3, 1, 1]) })
        const image = tensor(new Float32Array(64 * 64).fill(1), [64, 64, 1])
        Promise.all(Array.from({ length: 20 }, () => layer.run(image))).then((results) => {
          const right = results.every(({ data }) => data.length === 62 * 62 && data.every((value) => value === 9))
          parentPort.postMessage(right && layer.runSync(image).data[0] === 9)
        })`
      const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true }))
      for (const [right] of (await Promise.all(workers.map((worker) => once(worker, 'message')))) as [
        boolean,
      ][]) {
        expect(right).to.equal(true)
      }
      await Promise.all(workers.map((worker) => worker.terminate()))
    })

    it('a worker thread may end with runs in flight', async () => {
      const code = `
        const { Conv2d, tensor } = require('simdconv')
        const layer = new Conv2d({ filter: tensor(new Float32Array(49 * 64), [7, 7, 8, 8]), padding: 'same' })
        const image = tensor(new Float32Array(128 * 128 * 8), [128, 128, 8])
        for (let i = 0; i < 8; i++) layer.run(image)
        process.exit(3)`
      const [exitCode] = (await once(new Worker(code, { eval: true }), 'exit')) as [number]
      expect(exitCode).to.equal(3)
      expect(small.runSync(dot()).data[0]).to.equal(2)
    })

    it('a worker thread may be terminated in the middle of any call', () => {
      const endless = `
        const { Conv2d, pad, PixelMlp, tensor } = require('simdconv')
        const filter = tensor(new Float32Array(9), [3, 3, 1, 1])
        const weights = tensor(new Float32Array(1), [1, 1])
        const infinite = tensor(new Float32Array(9).fill(Infinity), [3, 3, 1, 1])
        const image = tensor(new Float32Array(100), [10, 10, 1])
        require('node:worker_threads').parentPort.postMessage('begins')
        for (;;) {
          const layer = new Conv2d({ filter })
          layer.describe(image.shape)
          layer.runSync(image)
          layer.run(image)
          layer.dispose()
          const mlp = new PixelMlp({ layers: [{ weights }, { weights }] })
          mlp.describe(image.shape)
          mlp.runSync(image)
          mlp.run(image)
          mlp.dispose()
          pad(image, 1)
          try { new Conv2d({ filter: infinite, border: 'renormalize', algorithm: 'direct' }) } catch {}
        }`
      const parent = `
        const { once } = require('node:events')
        const { setTimeout } = require('node:timers/promises')
        const { Worker } = require('node:worker_threads')
        const round = async (milliseconds) => {
          const worker = new Worker(${JSON.stringify(endless)}, { eval: true })
          await once(worker, 'message')
          await setTimeout(milliseconds)
          return worker.terminate()
        }
        const main = async () => {
          const exitCodes = []
          for (let i = 0; i < 12; i++) exitCodes.push(await round(i % 6))
          console.log(exitCodes.join(' '))
        }
        main()`
      const cwd = join(__dirname, '../..')
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', parent], {
        cwd,
        encoding: 'utf8',
      })
      expect(stderr).to.equal('')
      expect({ status, signal }).to.deep.equal({ status: 0, signal: null })
      expect(stdout.trim()).to.equal(Array(12).fill(1).join(' '))
    })
  })
})
