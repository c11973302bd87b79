import { expect } from 'chai'
import { tensor } from 'simdconv'
import { newElements } from '../../dist/tensor'
import { expectError, rangeError, typeError } from '../helpers/expect-error'

const six = (): Float32Array => new Float32Array(6)

describe('tensor', () => {
  it('holds the array itself and a frozen copy of the shape', () => {
    const data = six()
    const shape = [2, 3]
    const made = tensor(data, shape)
    shape[0] = 7
    expect(made.data).to.equal(data)
    expect(made.shape).to.deep.equal([2, 3])
    expect(Object.isFrozen(made) && Object.isFrozen(made.shape)).to.equal(true)
    expect(Object.isFrozen(shape)).to.equal(false)
  })

  it('takes 1 to 8 axes', () => {
    expect(tensor(six(), [6]).shape).to.deep.equal([6])
    expect(tensor(six(), [1, 1, 1, 1, 1, 1, 2, 3]).shape).to.have.length(8)
  })

  describe('refuses data that is', () => {
    const notFloats: readonly (readonly [name: string, data: unknown, got: string])[] = [
      ['a Float64Array', new Float64Array(6), 'Float64Array'],
      ['an Int8Array', new Int8Array(6), 'Int8Array'],
      ['a DataView', new DataView(new ArrayBuffer(24)), 'DataView'],
      ['an ArrayBuffer', new ArrayBuffer(24), 'ArrayBuffer'],
      ['missing', undefined, 'undefined'],
      ['null', null, 'null'],
      ['a string', 'abc', '"abc"'],
      ['a long string', 'x'.repeat(100), `"${'x'.repeat(37)}..."`],
      ['a number', 6, '6'],
      ['a bigint', 6n, 'the bigint 6n'],
      ['a symbol', Symbol('secret'), 'a symbol'],
      ['a function', () => 6, 'a function'],
      ['an object', { length: 6 }, 'an object'],
      ['an object without prototype', Object.create(null), 'an object'],
      ['a Date', new Date(0), 'Date'],
      ['a Proxy of the right thing', new Proxy(six(), {}), 'a Proxy'],
      [
        'dressed up as the right thing',
        Object.create(Float32Array.prototype),
        'an object that only inherits from Float32Array',
      ],
    ]
    for (const [name, data, got] of notFloats) {
      it(name, () => {
        const error = typeError('ERR_CONV_TYPE', `data must be a Float32Array or a Uint8Array, got ${got}`)
        expectError(error, () => tensor(data as Float32Array, [2, 3]))
      })
    }

    it('an array of numbers, and tells how to convert it', () => {
      const message =
        'data must be a Float32Array or a Uint8Array, got an array of 6; make one with Float32Array.from(values)'
      expectError(typeError('ERR_CONV_TYPE', message), () =>
        tensor([1, 2, 3, 4, 5, 6] as unknown as Float32Array, [2, 3]),
      )
    })

    it('hostile when described', () => {
      const hostile = {
        get constructor(): never {
          throw new Error('touched')
        },
        toString(): never {
          throw new Error('touched')
        },
        [Symbol.toPrimitive](): never {
          throw new Error('touched')
        },
        get [Symbol.toStringTag](): never {
          throw new Error('touched')
        },
      }
      for (const data of [hostile, Object.create(hostile) as object]) {
        const error = typeError('ERR_CONV_TYPE', 'data must be a Float32Array or a Uint8Array, got an object')
        expectError(error, () => tensor(data as Float32Array, [2, 3]))
      }
    })

    it('on shared memory', () => {
      const message =
        'data must not be on a SharedArrayBuffer, which other threads can write to; copy it with new Float32Array(array)'
      expectError(typeError('ERR_CONV_TYPE', message), () =>
        tensor(new Float32Array(new SharedArrayBuffer(24)), [2, 3]),
      )
    })

    it('on resizable memory', () => {
      const message =
        'data must not be on a resizable ArrayBuffer, which can shrink under a running kernel; copy it with new Float32Array(array)'
      const resizable = Reflect.construct(ArrayBuffer, [24, { maxByteLength: 48 }]) as ArrayBuffer
      expectError(typeError('ERR_CONV_TYPE', message), () => tensor(new Float32Array(resizable), [2, 3]))
    })

    it('detached', () => {
      const data = six()
      structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] })
      const message =
        'data is detached: its memory was transferred away; pass an array that still owns its memory'
      expectError(typeError('ERR_CONV_DETACHED', message), () => tensor(data, [2, 3]))
    })

    it('too short or too long for its shape', () => {
      expectError(rangeError('ERR_CONV_LENGTH', 'data has 6 elements, expected 8 (2 x 4)'), () =>
        tensor(six(), [2, 4]),
      )
      expectError(rangeError('ERR_CONV_LENGTH', 'data has 6 elements, expected 2 (2)'), () =>
        tensor(six(), [2]),
      )
      expectError(rangeError('ERR_CONV_LENGTH', 'data has 0 elements, expected 2 (2)'), () =>
        tensor(new Float32Array(0), [2]),
      )
    })
  })

  describe('refuses a shape that is', () => {
    const axis = (got: string): string => `shape[1] must be an integer from 1 to 2147483647, got ${got}`
    const wrongNumbers: readonly (readonly [name: string, value: number, got: string])[] = [
      ['zero', 0, '0'],
      ['negative zero', -0, '-0'],
      ['negative', -3, '-3'],
      ['fractional', 1.5, '1.5'],
      ['NaN', NaN, 'NaN'],
      ['infinite', Infinity, 'Infinity'],
      ['huge', 1e300, '1e+300'],
      ['one too large', 2 ** 31, '2147483648'],
    ]
    for (const [name, value, got] of wrongNumbers) {
      it(`${name} on one axis`, () => {
        expectError(rangeError('ERR_CONV_RANGE', axis(got)), () => tensor(six(), [2, value]))
      })
    }
    const noNumbers: readonly (readonly [name: string, value: unknown, got: string])[] = [
      ['a string', '3', '"3"'],
      ['a bigint', 3n, 'the bigint 3n'],
      ['a number object', Object(3), 'Number'],
      ['missing', undefined, 'undefined'],
    ]
    for (const [name, value, got] of noNumbers) {
      it(`${name} on one axis`, () => {
        expectError(typeError('ERR_CONV_TYPE', axis(got)), () => tensor(six(), [2, value as number]))
      })
    }

    it('no array', () => {
      const shape = Int32Array.of(2, 3) as unknown as number[]
      expectError(typeError('ERR_CONV_TYPE', 'shape must be an array of numbers, got Int32Array'), () =>
        tensor(six(), shape),
      )
    })

    it('empty, or of more than 8 axes', () => {
      expectError(rangeError('ERR_CONV_SHAPE', 'shape must have 1 to 8 axes, got 0'), () => tensor(six(), []))
      expectError(rangeError('ERR_CONV_SHAPE', 'shape must have 1 to 8 axes, got 9'), () =>
        tensor(six(), [1, 1, 1, 1, 1, 1, 1, 2, 3]),
      )
    })

    it('of more elements than a tensor holds', () => {
      const message = 'shape 65536 x 65536 x 4 has 17179869184 elements, a tensor holds at most 4294967296'
      expectError(rangeError('ERR_CONV_RANGE', message), () => tensor(six(), [65536, 65536, 4]))
    })

    it('of a product that overflows', () => {
      const huge = 2 ** 31 - 1
      const message = `shape ${Array(8).fill(huge).join(' x ')} has ${huge ** 8} elements, a tensor holds at most 4294967296`
      expectError(rangeError('ERR_CONV_RANGE', message), () => tensor(six(), Array<number>(8).fill(huge)))
    })
  })
})

describe('memory that is not there', () => {
  it('is an error of its own', () => {
    const message =
      'output of 1099511627776 elements (4398046511104 bytes) could not be allocated; use smaller images'
    expectError(rangeError('ERR_CONV_MEMORY', message), () => newElements('output', 2 ** 40, 'float32'))
  })
})
