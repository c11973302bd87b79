/** What a layer of bytes takes and gives, and what it refuses. The numbers are in numeric/uint8.test.ts. */
import { expect } from 'chai'
import { Conv2d, conv2d, conv2dSync, pad, tensor, type Tensor } from 'simdconv'
import {
  expectError,
  expectRejection,
  plainError,
  rangeError,
  typeError,
  type Expected,
} from '../helpers/expect-error'

const filter = tensor(Float32Array.of(2), [1, 1, 1, 1])
const layer = new Conv2d({ filter, inputType: 'uint8', outputType: 'uint8' })
const toFloats = new Conv2d({ filter, inputType: 'uint8' })
const toBytes = new Conv2d({ filter, outputType: 'uint8' })
const ofFloats = new Conv2d({ filter })

type Bytes = Uint8Array | Uint8ClampedArray
const bytes = (): Uint8Array => new Uint8Array(16).fill(100)
const dot = <D extends Bytes>(data: D): Tensor<readonly number[], D> => ({ data, shape: [4, 4, 1] })
const floatDot = (data: Float32Array = new Float32Array(16).fill(1)): Tensor => ({ data, shape: [4, 4, 1] })
const transfer = (array: Bytes | Float32Array): unknown =>
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] })

const type = (message: string): Expected => typeError('ERR_CONV_TYPE', message)
const alias = rangeError(
  'ERR_CONV_ALIAS',
  'output overlaps the memory of input, which is still read while output is written; use another array',
)
const detached = (name: string): Expected =>
  typeError(
    'ERR_CONV_DETACHED',
    `${name} is detached: its memory was transferred away; pass an array that still owns its memory`,
  )
const busy = (name: string, why: string): Expected =>
  plainError(
    'ERR_CONV_BUSY',
    `${name} is in flight: a run() that has not finished ${why}; await that run first`,
  )

describe('layers of bytes', () => {
  describe('take', () => {
    it('a Uint8Array, a Uint8ClampedArray and a Buffer, wherever they begin', async () => {
      const buffer = Buffer.from(Array<number>(20).fill(100)).subarray(3, 19)
      for (const data of [bytes(), new Uint8ClampedArray(bytes()), buffer, bytes().subarray(0)]) {
        expect([...layer.runSync(dot(data)).data]).to.deep.equal(Array(16).fill(200))
        expect([...(await layer.run(dot(data))).data]).to.deep.equal(Array(16).fill(200))
      }
    })

    it('tensors of them', () => {
      for (const data of [bytes(), new Uint8ClampedArray(16), Buffer.alloc(16)]) {
        const image = tensor(data, [4, 4, 1])
        expect(image.data).to.equal(data)
        expect(layer.runSync(image).shape).to.deep.equal([4, 4, 1])
      }
    })

    it('an output of bytes, a Buffer among them', async () => {
      for (const output of [
        new Uint8Array(16),
        Buffer.alloc(16),
        new Uint8Array(new ArrayBuffer(20), 1, 16),
      ]) {
        expect(layer.runSync(dot(bytes()), { output }).data).to.equal(output)
        expect(output[15]).to.equal(200)
        output.fill(0)
        expect((await layer.run(dot(bytes()), { output })).data).to.equal(output)
        const wrapped = { data: output, shape: [4, 4, 1] }
        expect(layer.runSync(dot(bytes()), { output: wrapped }).data).to.equal(output)
        expect(output[15]).to.equal(200)
      }
    })
  })

  describe('give', () => {
    it('what the output type says, independent of the input type', async () => {
      expect(layer.runSync(dot(bytes())).data).to.be.instanceOf(Uint8Array)
      expect(toFloats.runSync(dot(bytes())).data).to.be.instanceOf(Float32Array)
      expect(toBytes.runSync(floatDot()).data).to.be.instanceOf(Uint8Array)
      expect((await toBytes.run(floatDot())).data).to.be.instanceOf(Uint8Array)
      expect(ofFloats.runSync(floatDot()).data).to.be.instanceOf(Float32Array)
    })

    it('the same in one shot', async () => {
      const options = { filter, inputType: 'uint8', outputType: 'uint8' } as const
      expect([...conv2dSync(dot(bytes()), options).data]).to.deep.equal(Array(16).fill(200))
      expect([...(await conv2d(dot(bytes()), options)).data]).to.deep.equal(Array(16).fill(200))
    })

    it('memory that can be transferred', () => {
      const { data } = layer.runSync(dot(bytes()))
      expect(structuredClone(data, { transfer: [data.buffer] })).to.have.length(16)
    })
  })

  describe('refuse', () => {
    const input = (got: string): Expected =>
      type(`input.data must be a Uint8Array because the layer's inputType is "uint8", got ${got}`)
    const output = (got: string): Expected =>
      type(`output must be a Uint8Array because the layer's outputType is "uint8", got ${got}`)

    it('an element type of another name', () => {
      const options = { filter, inputType: 'u8' as 'uint8' }
      expectError(
        typeError('ERR_CONV_OPTION', 'inputType must be "float32" or "uint8", got "u8"'),
        () => new Conv2d(options),
      )
      expectError(
        type('outputType must be "float32" or "uint8", got null'),
        () => new Conv2d({ filter, outputType: null as unknown as 'uint8' }),
      )
    })

    it('an input of another class', async () => {
      const wrong: readonly (readonly [unknown, string])[] = [
        [new Float32Array(16), 'Float32Array'],
        [new Int8Array(16), 'Int8Array'],
        [new Uint16Array(16), 'Uint16Array'],
        [new DataView(new ArrayBuffer(16)), 'DataView'],
        [new ArrayBuffer(16), 'ArrayBuffer'],
        [undefined, 'undefined'],
        ['bytes', '"bytes"'],
        [new Proxy(bytes(), {}), 'a Proxy'],
        [Object.create(Uint8Array.prototype), 'an object that only inherits from Uint8Array'],
        [Array(16).fill(1), 'an array of 16; make one with Uint8Array.from(values)'],
      ]
      for (const [data, got] of wrong) {
        expectError(input(got), () => layer.runSync(dot(data as Uint8Array)))
        await expectRejection(input(got), () => layer.run(dot(data as Uint8Array)))
      }
    })

    it('bytes for a layer of floats', () => {
      const message = (got: string): string =>
        `input.data must be a Float32Array, got ${got}; a layer whose inputType is "uint8" takes bytes`
      expectError(type(message('Uint8Array')), () => ofFloats.runSync(dot(bytes()) as unknown as Tensor))
      expectError(type(message('Uint8ClampedArray')), () =>
        toBytes.runSync(dot(new Uint8ClampedArray(16)) as unknown as Tensor),
      )
    })

    it('bytes for weights', () => {
      const data = new Uint8Array(1) as unknown as Float32Array
      expectError(
        type('filter.data must be a Float32Array, got Uint8Array'),
        () => new Conv2d({ filter: { data, shape: [1, 1, 1, 1] }, inputType: 'uint8' }),
      )
      expectError(
        type('bias must be a Float32Array, got Uint8Array'),
        () => new Conv2d({ filter, bias: data, inputType: 'uint8' }),
      )
    })

    it('an output of another class', async () => {
      const floats = new Float32Array(16) as unknown as Uint8Array
      expectError(output('Float32Array'), () => layer.runSync(dot(bytes()), { output: floats }))
      expectError(output('Float32Array'), () => toBytes.runSync(floatDot(), { output: floats }))
      await expectRejection(output('Float32Array'), () => layer.run(dot(bytes()), { output: floats }))
      expectError(type('output must be a Float32Array, got Uint8Array'), () =>
        toFloats.runSync(dot(bytes()), { output: bytes() as unknown as Float32Array }),
      )
      expectError(type('output must be a Uint8Array or a tensor { data, shape }, got "bytes"'), () =>
        layer.runSync(dot(bytes()), { output: 'bytes' as unknown as Uint8Array }),
      )
    })

    it('an output that is clamped, and tell how to view it', () => {
      const clamped = new Uint8ClampedArray(16)
      const wayOut =
        'Uint8ClampedArray; give a view of its memory: new Uint8Array(array.buffer, array.byteOffset, array.length)'
      expectError(output(wayOut), () =>
        layer.runSync(dot(bytes()), { output: clamped as unknown as Uint8Array }),
      )
      expectError(type('output must be a Float32Array, got Uint8ClampedArray'), () =>
        toFloats.runSync(dot(bytes()), { output: clamped as unknown as Float32Array }),
      )
      const view = new Uint8Array(clamped.buffer, clamped.byteOffset, clamped.length)
      layer.runSync(dot(bytes()), { output: view })
      expect(clamped[7]).to.equal(200)
    })

    it('arrays of another length', () => {
      const message = (name: string): string =>
        `${name} has 15 elements, expected 16 (4 x 4 x 1, height x width x channels)`
      expectError(rangeError('ERR_CONV_LENGTH', message('input')), () =>
        layer.runSync(dot(new Uint8Array(15))),
      )
      expectError(rangeError('ERR_CONV_LENGTH', message('output')), () =>
        layer.runSync(dot(bytes()), { output: new Uint8Array(15) }),
      )
    })
  })

  describe('guard memory', () => {
    it('that is shared or resizable', async () => {
      const where =
        'a SharedArrayBuffer, which other threads can write to; copy it with new Uint8Array(array)'
      const shared = new Uint8Array(new SharedArrayBuffer(16))
      expectError(type(`input.data must not be on ${where}`), () => layer.runSync(dot(shared)))
      expectError(type(`output must not be on ${where}`), () =>
        layer.runSync(dot(bytes()), { output: shared }),
      )
      const memory = Reflect.construct(ArrayBuffer, [16, { maxByteLength: 32 }]) as ArrayBuffer
      const message =
        'input.data must not be on a resizable ArrayBuffer, which can shrink under a running kernel; copy it with new Uint8Array(array)'
      for (const array of [new Uint8Array(memory), new Uint8ClampedArray(memory)]) {
        expectError(type(message), () => layer.runSync(dot(array)))
        await expectRejection(type(message), () => layer.run(dot(array)))
      }
      expectError(type(message.replace('input.data', 'data')), () => tensor(new Uint8Array(memory), [16]))
    })

    it('that was transferred away', async () => {
      const gone = bytes()
      transfer(gone)
      expectError(detached('input.data'), () => layer.runSync(dot(gone)))
      await expectRejection(detached('input.data'), () => layer.run(dot(gone)))
      expectError(detached('output'), () => layer.runSync(dot(bytes()), { output: gone }))
      expectError(detached('data'), () => tensor(gone, [16]))
      expectError(detached('input.data'), () => pad(dot(gone), 1))
    })

    it('that is transferred away during a run', async () => {
      const data = new Uint8Array(512 * 512)
      const blur = new Conv2d({
        filter: tensor(new Float32Array(31 * 31).fill(1), [31, 31, 1, 1]),
        algorithm: 'direct',
        inputType: 'uint8',
        outputType: 'uint8',
      })
      const run = blur.run({ data, shape: [512, 512, 1] })
      const kept = transfer(data)
      const message =
        'input was detached during run(): its memory was transferred away; keep it until the run has finished'
      await expectRejection(typeError('ERR_CONV_DETACHED', message), () => run)
      expect(kept).to.have.length(512 * 512)
    })

    it('of which input and output share bytes, whatever their types', async () => {
      const memory = new ArrayBuffer(256)
      const floats = (offset: number): Float32Array => new Float32Array(memory, offset, 16) // 64 bytes
      const eight = (offset: number): Uint8Array => new Uint8Array(memory, offset, 16)
      for (const offset of [64 - 15, 64, 64 + 63, 64 + 32]) {
        expectError(alias, () => toFloats.runSync(dot(eight(offset)), { output: floats(64) }))
        expectError(alias, () => toBytes.runSync(floatDot(floats(64)), { output: eight(offset) }))
        await expectRejection(alias, () => toBytes.run(floatDot(floats(64)), { output: eight(offset) }))
      }
      for (const offset of [64 - 16, 128]) {
        toFloats.runSync(dot(eight(offset)), { output: floats(64) })
        toBytes.runSync(floatDot(floats(64)), { output: eight(offset) })
      }
      for (const offset of [85, 86, 115]) {
        expectError(alias, () => layer.runSync(dot(eight(100)), { output: eight(offset) }))
      }
      layer.runSync(dot(eight(100)), { output: eight(84) })
      layer.runSync(dot(eight(100)), { output: eight(116) })
    })

    it('in flight, byte by byte', async () => {
      const memory = new ArrayBuffer(256)
      const eight = (offset: number): Uint8Array => new Uint8Array(memory, offset, 16)
      const clamped = (offset: number): Uint8ClampedArray => new Uint8ClampedArray(memory, offset, 16)
      const writing = layer.run(dot(bytes()), { output: eight(101) })
      for (const offset of [86, 101, 116]) {
        expectError(busy('input', 'writes to it'), () => layer.runSync(dot(clamped(offset))))
        expectError(busy('output', 'is using it'), () => {
          layer.runSync(dot(bytes()), { output: eight(offset) })
        })
      }
      const floats = new Float32Array(memory, 40, 16) // up to byte 104
      expectError(busy('input', 'writes to it'), () => toBytes.runSync(floatDot(floats)))
      layer.runSync(dot(clamped(117)))
      layer.runSync(dot(bytes()), { output: eight(85) })
      await writing
      layer.runSync(dot(clamped(101)))

      const reading = layer.run(dot(clamped(101)))
      layer.runSync(dot(clamped(101)))
      expectError(busy('output', 'is using it'), () => layer.runSync(dot(bytes()), { output: eight(116) }))
      await reading
    })

    it('of arrays that lie', () => {
      class Lie extends Uint8Array {
        override get buffer(): ArrayBuffer {
          return { resizable: false } as unknown as ArrayBuffer
        }
        override get length(): number {
          return 16
        }
      }
      const message = 'input has 4 elements, expected 16 (4 x 4 x 1, height x width x channels)'
      expectError(rangeError('ERR_CONV_LENGTH', message), () => layer.runSync(dot(new Lie(4))))
      const data = bytes()
      const lie = new Lie(data.buffer as ArrayBuffer)
      expectError(alias, () => layer.runSync(dot(data), { output: lie }))
      expect(layer.runSync(dot(lie)).data[15]).to.equal(200)
      const tagged = Object.defineProperty(new Float32Array(16), Symbol.toStringTag, { value: 'Uint8Array' })
      expectError(
        type('input.data must be a Uint8Array because the layer\'s inputType is "uint8", got Float32Array'),
        () => layer.runSync(dot(tagged as unknown as Uint8Array)),
      )
    })
  })
})

describe('pad of bytes', () => {
  const row = tensor(Uint8Array.of(1, 2, 255), [3])

  it('gives bytes', () => {
    const result = pad(row, 2, 'reflect')
    expect(result.data).to.be.instanceOf(Uint8Array)
    expect([...result.data]).to.deep.equal([255, 2, 1, 2, 255, 2, 1])
    expect([...pad(row, 1, { mode: 'constant', value: 255 }).data]).to.deep.equal([255, 1, 2, 255, 255])
    expect([...pad(tensor(Buffer.of(7), [1]), 1).data]).to.deep.equal([0, 7, 0])
  })

  it('pads images of both layouts', () => {
    const data = Uint8ClampedArray.from({ length: 2 * 3 * 2 }, (_, index) => index)
    const output = new Uint8Array(4 * 5 * 2)
    const nhwc = pad(tensor(data, [2, 3, 2]), 1, 'edge', { output })
    expect(nhwc.data).to.equal(output)
    expect([...output.subarray(0, 10)]).to.deep.equal([0, 1, 0, 1, 2, 3, 4, 5, 4, 5])
    const nchw = pad(tensor(data, [2, 2, 3]), { left: 1 }, 'wrap', { layout: 'nchw' })
    expect([...nchw.data]).to.deep.equal([2, 0, 1, 2, 5, 3, 4, 5, 8, 6, 7, 8, 11, 9, 10, 11])
  })

  it('refuses what is no byte', () => {
    const message = (got: string): string =>
      `the value of the border must be an integer from 0 to 255, as input is of bytes, got ${got}`
    for (const value of [-1, 256, 0.5, NaN, Infinity]) {
      expectError(rangeError('ERR_CONV_RANGE', message(`${value}`)), () =>
        pad(row, 1, { mode: 'constant', value }),
      )
    }
    expectError(type('output must be a Uint8Array because input is of bytes, got Float32Array'), () =>
      pad(row, 1, 'edge', { output: new Float32Array(5) as unknown as Uint8Array }),
    )
    expectError(type('input.data must be a Float32Array or a Uint8Array, got Int8Array'), () =>
      pad({ data: new Int8Array(3) as unknown as Uint8Array, shape: [3] }, 1),
    )
  })
})
