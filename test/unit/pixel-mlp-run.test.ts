/** Running a PixelMlp: inputs, outputs, promises, signals, threads, and what is told of it. */
import { expect } from 'chai'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  configure,
  Conv2d,
  info,
  PixelMlp,
  tensor,
  type MlpLayer,
  type RunOptions,
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

/** Twos: 2 channels in, the sum of both times four in each of 3 channels out. */
const layers = [
  { weights: tensor(new Float32Array(8).fill(1), [2, 4]), activation: 'relu' },
  { weights: tensor(new Float32Array(12).fill(1), [4, 3]) },
] as const satisfies readonly MlpLayer[]
const mlp = new PixelMlp({ layers })
const image = tensor(new Float32Array(30).fill(1), [3, 5, 2])
const eights = Array<number>(45).fill(8)

/** Takes some milliseconds, so that runs can be met in flight. */
const width = 64
const slow = new PixelMlp({
  layers: Array<MlpLayer>(8).fill({
    weights: tensor(new Float32Array(width * width).fill(1 / width), [width, width]),
  }),
})
const length = 128 * 128 * width
const slowImage = (): Tensor => tensor(new Float32Array(length).fill(1), [128, 128, width])

const transfer = (array: Float32Array): unknown =>
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] })

/** Every way to run must refuse in the same way. */
function refuses(name: string, expected: Expected, input: unknown, options?: unknown): void {
  it(name, async () => {
    expectError(expected, () => mlp.runSync(input as Tensor, options as RunOptions))
    await expectRejection(expected, () => mlp.run(input as Tensor, options as RunOptions))
  })
}

describe('PixelMlp runs', () => {
  it('give tensors of their own, frozen', async () => {
    for (const result of [mlp.runSync(image), await mlp.run(image)]) {
      expect(result.shape).to.deep.equal([3, 5, 3])
      expect([...result.data]).to.deep.equal(eights)
      expect(Object.isFrozen(result)).to.equal(true)
    }
  })

  it('write to an output, as an array or a tensor', async () => {
    const output = new Float32Array(45)
    expect(mlp.runSync(image, { output }).data).to.equal(output)
    expect([...output]).to.deep.equal(eights)
    output.fill(0)
    const wrapped = tensor(output, [3, 5, 3])
    expect((await mlp.run(image, { output: wrapped })).data).to.equal(output)
    expect([...output]).to.deep.equal(eights)
  })

  it('write nothing beside the output', () => {
    const memory = new Float32Array(47).fill(-1)
    mlp.runSync(image, { output: memory.subarray(1, 46) })
    expect([...memory]).to.deep.equal([-1, ...eights, -1])
  })

  it('alternate between shapes, forget plans, and make them again', () => {
    for (let round = 0; round < 2; round++) {
      for (let columns = 1; columns < 40; columns++) {
        const input = { data: new Float32Array(6 * columns).fill(1), shape: [3, columns, 2] }
        const { data, shape } = mlp.runSync(input)
        expect(shape).to.deep.equal([3, columns, 3])
        expect([...data]).to.deep.equal(Array(9 * columns).fill(8))
      }
    }
  })

  it('keep copies of the weights', () => {
    const data = new Float32Array(6).fill(1)
    const bias = Float32Array.of(1, 1, 1)
    const made = new PixelMlp({ layers: [{ weights: { data, shape: [2, 3] }, bias }] })
    data.fill(0)
    bias.fill(0)
    expect(made.runSync(image).data[0]).to.equal(3)
  })

  it('take bytes and give bytes', async () => {
    const ofBytes = new PixelMlp({ layers, inputType: 'uint8', outputType: 'uint8' })
    const photo = { data: Buffer.alloc(30, 9), shape: [3, 5, 2] }
    for (const { data } of [ofBytes.runSync(photo), await ofBytes.run(photo)]) {
      expect(data).to.be.instanceOf(Uint8Array)
      expect([...data]).to.deep.equal(Array(45).fill(72))
    }
    const tooLarge = { data: new Uint8ClampedArray(30).fill(200), shape: [3, 5, 2] }
    expect(ofBytes.runSync(tooLarge, { output: Buffer.alloc(45) }).data[44]).to.equal(255)
    expectError(
      typeError(
        'ERR_CONV_TYPE',
        `input.data must be a Uint8Array because the layer's inputType is "uint8", got Float32Array`,
      ),
      () => ofBytes.runSync(image as unknown as typeof photo),
    )
  })

  describe('refuse', () => {
    const words = '3 x 5 x 3, height x width x channels'
    const alias =
      'output overlaps the memory of input, which is still read while output is written; use another array'
    refuses(
      'no input',
      typeError('ERR_CONV_TYPE', 'input must be a tensor { data, shape }, got undefined'),
      undefined,
    )
    refuses(
      'an input shorter than its shape',
      rangeError(
        'ERR_CONV_LENGTH',
        'input has 30 elements, expected 60 (2 x 3 x 5 x 2, batch x height x width x channels)',
      ),
      { data: image.data, shape: [2, 3, 5, 2] },
    )
    refuses(
      'an output that is too short',
      rangeError('ERR_CONV_LENGTH', `output has 44 elements, expected 45 (${words})`),
      image,
      { output: new Float32Array(44) },
    )
    refuses(
      'an output of another shape',
      rangeError('ERR_CONV_SHAPE', 'output.shape is 5 x 3 x 3, expected 3 x 5 x 3'),
      image,
      { output: tensor(new Float32Array(45), [5, 3, 3]) },
    )
    const memory = new Float32Array(74)
    refuses(
      'an output that overlaps the input',
      rangeError('ERR_CONV_ALIAS', alias),
      { data: memory.subarray(0, 30), shape: [3, 5, 2] },
      { output: memory.subarray(29) },
    )
    refuses(
      'unknown options',
      typeError('ERR_CONV_OPTION', 'unknown option "out"; did you mean "output"?'),
      image,
      { out: memory },
    )

    it('to write in place, even where the widths are equal', () => {
      const data = new Float32Array(30)
      const same = new PixelMlp({ layers: [{ weights: tensor(new Float32Array(4), [2, 2]) }] })
      expectError(rangeError('ERR_CONV_ALIAS', alias), () =>
        same.runSync({ data, shape: [3, 5, 2] }, { output: data }),
      )
    })
  })

  describe('in flight', () => {
    const busy = (name: string, why: string): Expected =>
      plainError(
        'ERR_CONV_BUSY',
        `${name} is in flight: a run() that has not finished ${why}; await that run first`,
      )

    it('keep their memory to themselves, among Conv2d too', async () => {
      const input = slowImage()
      const output = new Float32Array(length)
      const run = slow.run(input, { output })
      const part = output.subarray(0, 30)
      await expectRejection(busy('output', 'is using it'), () => slow.run(slowImage(), { output }))
      expectError(busy('input', 'writes to it'), () => mlp.runSync({ data: part, shape: [3, 5, 2] }))
      expectError(busy('output', 'is using it'), () =>
        mlp.runSync(image, { output: input.data.subarray(0, 45) }),
      )
      const conv = new Conv2d({ filter: tensor(new Float32Array(4), [1, 1, 2, 2]) })
      expectError(busy('output', 'is using it'), () => conv.runSync(image, { output: part }))
      expectError(
        busy('layers[1].weights', 'writes to it'),
        () => new PixelMlp({ layers: [layers[0], { weights: tensor(output.subarray(0, 12), [4, 3]) }] }),
      )
      expectError(
        busy('layers[0].bias', 'writes to it'),
        () => new PixelMlp({ layers: [{ ...layers[0], bias: output.subarray(0, 4) }] }),
      )
      expectError(busy('layers[0].weights', 'writes to it'), () =>
        PixelMlp.fromTorchLinear({ layers: [{ weights: tensor(output.subarray(0, 12), [4, 3]) }] }),
      )
      const [first, second] = await Promise.all([run, slow.run(input)])
      expect(first.data[length - 1]).to.equal(1)
      expect(second.data).to.deep.equal(first.data)
    })

    it('notice that memory was transferred away', async () => {
      const input = slowImage()
      const run = slow.run(input)
      const kept = transfer(input.data)
      const message =
        'input was detached during run(): its memory was transferred away; keep it until the run has finished'
      await expectRejection(typeError('ERR_CONV_DETACHED', message), () => run)
      expect(kept).to.have.length(length)
    })

    it('are taken back by their signal while they wait', async () => {
      const { threads } = info()
      configure({ threads: 1 })
      const runs = [slow.run(slowImage()), slow.run(slowImage())]
      const controller = new AbortController()
      const output = new Float32Array(45)
      const waiting = mlp.run(image, { output, signal: controller.signal })
      const reason = new Error('changed my mind')
      controller.abort(reason)
      expect(await waiting.catch((error: unknown) => error)).to.equal(reason)
      expect(output.every((value) => value === 0)).to.equal(true)
      const late = mlp.run(image, { output, signal: AbortSignal.abort(reason) })
      expect(await late.catch((error: unknown) => error)).to.equal(reason)
      await Promise.all(runs)
      configure({ threads })
    })

    it('outlive dispose()', async () => {
      const short = new PixelMlp({ layers })
      const promise = short.run(image)
      short.dispose()
      expect([...(await promise).data]).to.deep.equal(eights)
    })
  })

  it('after dispose() are refused, and twice is fine', async () => {
    const gone = plainError(
      'ERR_CONV_DISPOSED',
      'this layer was disposed of and has no weights any more; make a new one',
    )
    const short = new PixelMlp({ layers })
    short.runSync(image)
    short.dispose()
    short.dispose()
    short[Symbol.dispose]()
    expectError(gone, () => short.runSync(image))
    expectError(gone, () => short.describe([3, 5, 2]))
    await expectRejection(gone, () => short.run(image))
    expect(short.outputShape([3, 5, 2])).to.deep.equal([3, 5, 3])
  })

  it('carry the stack of the caller', async () => {
    async function theCaller(): Promise<unknown> {
      const input = slowImage()
      const run = slow.run(input)
      transfer(input.data)
      return run.catch((thrown: unknown) => thrown)
    }
    expect(((await theCaller()) as Error).stack).to.match(/^TypeError: input was detached[^]*theCaller/)
  })

  it('work in several worker threads at once', async () => {
    const code = `
      const { parentPort } = require('node:worker_threads')
      const { PixelMlp, tensor } = require('simdconv')
      const ones = (...shape) => tensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(1), shape)
      const mlp = new PixelMlp({ layers: [{ weights: ones(3, 16) }, { weights: ones(16, 3) }] })
      const image = ones(64, 64, 3)
      Promise.all(Array.from({ length: 20 }, () => mlp.run(image))).then((results) => {
        const right = results.every(({ data }) => data.length === 64 * 64 * 3 && data.every((value) => value === 48))
        parentPort.postMessage(right && mlp.runSync(image).data[0] === 48)
      })`
    const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true }))
    for (const [right] of (await Promise.all(workers.map((worker) => once(worker, 'message')))) as [
      boolean,
    ][])
      expect(right).to.equal(true)
    await Promise.all(workers.map((worker) => worker.terminate()))
  })

  it('are let go of when a worker thread ends', async () => {
    const code = `
      const { PixelMlp, tensor } = require('simdconv')
      const layer = { weights: tensor(new Float32Array(64 * 64), [64, 64]) }
      const mlp = new PixelMlp({ layers: Array(8).fill(layer) })
      const image = tensor(new Float32Array(128 * 128 * 64), [128, 128, 64])
      for (let i = 0; i < 8; i++) mlp.run(image)
      process.exit(3)`
    const [exitCode] = (await once(new Worker(code, { eval: true }), 'exit')) as [number]
    expect(exitCode).to.equal(3)
    expect(mlp.runSync(image).data[0]).to.equal(8)
  })

  it('as functions without their layer are refused', async () => {
    const error = (got: string): Expected =>
      typeError('ERR_CONV_TYPE', `this must be a PixelMlp, got ${got}; call it as a method of the layer`)
    const methods = PixelMlp.prototype
    const as = (self: unknown): PixelMlp => self as PixelMlp
    const conv = new Conv2d({ filter: tensor(new Float32Array(4), [1, 1, 2, 2]) })
    expectError(error('undefined'), () => methods.runSync.call(as(undefined), image))
    expectError(error('Conv2d'), () => methods.describe.call(as(conv), [3, 5, 2]))
    expectError(error('a Proxy'), () => methods.outputShape.call(new Proxy(mlp, {}), [3, 5, 2]))
    await expectRejection(error('an object'), () => methods.run.call(as({}), image))
    const fake = as(Object.create(methods))
    expectError(error('an object that only inherits from PixelMlp'), () => methods.dispose.call(fake))
    expectError(
      typeError('ERR_CONV_TYPE', 'this must be a Conv2d, got PixelMlp; call it as a method of the layer'),
      () => Conv2d.prototype.runSync.call(mlp as unknown as Conv2d, image),
    )
  })
})

describe('PixelMlp describe', () => {
  it('tells what was decided', () => {
    const description = mlp.describe([2, 3, 5, 2])
    expect(description).to.deep.include({
      algorithm: 'fused',
      isa: info().isa,
      inputShape: [2, 3, 5, 2],
      outputShape: [2, 3, 5, 3],
      padding: { top: 0, bottom: 0, left: 0, right: 0 },
      macs: 2 * 3 * 5 * (2 * 4 + 4 * 3),
    })
    expect(description.kernel).to.match(/^f32_\w+$/)
    expect(description.packedBytes).to.be.at.least(80)
    expect(description.candidates.filter(({ accepted }) => accepted)).to.have.length(1)
    for (const { accepted, reason } of description.candidates) expect(reason === '').to.equal(accepted)
    expect(Object.isFrozen(description)).to.equal(true)
    expect(Object.isFrozen(description.candidates)).to.equal(true)
  })

  it('says why hidden layers do not fit, with bytes', () => {
    const wide = tensor(new Float32Array(2 ** 20), [1024, 1024])
    const { candidates } = new PixelMlp({ layers: [{ weights: wide }, { weights: wide }] }).describe([
      99, 99, 1024,
    ])
    const [first] = candidates
    expect(first!.accepted).to.equal(false)
    expect(first!.reason).to.match(/\d+ bytes/)
    expect(candidates.some(({ accepted }) => accepted)).to.equal(true)
  })
})
