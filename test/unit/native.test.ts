/** The addon itself: what the facade never sends is refused, not read. */
import { expect } from 'chai'
import { once } from 'node:events'
import { native, type NativeConv2d, type NativeConv2dSpec, type NativePlan } from '../../dist/native'
import { expectError, rangeError, typeError, type Expected } from '../helpers/expect-error'

const spec: NativeConv2dSpec = {
  isa: native.info().isas[0]!,
  algorithm: 'auto',
  filter: Float32Array.of(1, 10, 100, 1000, 10000, 100000),
  filterLayout: 'hwio',
  kernelHeight: 2,
  kernelWidth: 3,
  inChannels: 1,
  outChannels: 1,
  groups: 1,
  bias: null,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  border: { y: { mode: 'edge', value: 0 }, x: { mode: 'edge', value: 0 }, by: 'area' },
  activation: { kind: 'none', a: 0, b: 0 },
  layout: 'nhwc',
  inputType: 'float32',
  outputType: 'float32',
  flip: false,
  accuracy: 'high',
}
const input = (): Float32Array => new Float32Array(3 * 4).fill(1)
const output = (): Float32Array => new Float32Array(2 * 2)
const right = Array<number>(4).fill(111111)
const makeLayer = (): NativeConv2d => native.createConv2d(spec)
const makePlan = (layer: NativeConv2d): NativePlan => native.planConv2d(layer, 1, 3, 4, 0, 0, 0, 0)
const nothing = (): void => undefined

const refused = (message: string): Expected =>
  typeError('ERR_CONV_TYPE', `the native layer refused a call: ${message}`)
const notNative = refused('a native object was expected')

/** Each call that takes a layer or a plan. */
const uses: Readonly<Record<string, (object: never) => unknown>> = {
  planConv2d: (layer) => native.planConv2d(layer, 1, 3, 4, 0, 0, 0, 0),
  describePlan: (plan) => native.describePlan(plan),
  runSync: (plan) => native.runSync(plan, input(), output()),
  run: (plan) => native.run(plan, input(), output(), nothing),
}

describe('the addon', () => {
  const layer = makeLayer()
  const plan = makePlan(layer)

  it('accepts what the facade sends', () => {
    const result = output()
    native.runSync(plan, input(), result)
    expect([...result]).to.deep.equal(right)
  })

  describe('refuses in the place of a layer or a plan', () => {
    const junk: readonly unknown[] = [
      undefined,
      null,
      0,
      1,
      '',
      'plan',
      true,
      Symbol('plan'),
      7n,
      {},
      [],
      input(),
    ]
    for (const [name, use] of Object.entries(uses)) {
      it(`${name}: what is not native`, () => {
        for (const value of junk) expectError(notNative, () => use(value as never))
      })

      it(`${name}: the other kind`, () => {
        expectError(notNative, () => use((name === 'planConv2d' ? plan : layer) as never))
      })

      it(`${name}: what was released`, () => {
        const gone = name === 'planConv2d' ? makeLayer() : makePlan(layer)
        native.release(gone)
        expectError(notNative, () => use(gone as never))
        native.release(gone)
        expectError(notNative, () => use(gone as never))
      })
    }

    it('release passes over what is not native', () => {
      for (const value of junk) expect(native.release(value as never)).to.equal(undefined)
    })
  })

  describe('release', () => {
    it('of a layer leaves its plans', () => {
      const short = makeLayer()
      const survivor = makePlan(short)
      native.release(short)
      const result = output()
      native.runSync(survivor, input(), result)
      expect([...result]).to.deep.equal(right)
    })

    it('of a plan leaves its runs in flight, and the layer', async () => {
      const short = makePlan(layer)
      const done = new EventTarget()
      const results = Array.from({ length: 50 }, output)
      const ended = once(done, 'all')
      let left = results.length
      for (const result of results) {
        native.run(short, input(), result, (error) => {
          expect(error).to.equal(null)
          if (--left === 0) done.dispatchEvent(new Event('all'))
        })
      }
      native.release(short)
      await ended
      for (const result of results) expect([...result]).to.deep.equal(right)
      makePlan(layer)
    })
  })

  describe('refuses arguments', () => {
    it('of no length but the right one', () => {
      const wrong = refused('an array has 11 elements instead of 12')
      const short = input().subarray(1)
      expectError(wrong, () => native.runSync(plan, short, output()))
      expectError(wrong, () => native.run(plan, short, output(), nothing))
      const long = new Float32Array(5)
      expectError(refused('an array has 5 elements instead of 4'), () => native.runSync(plan, input(), long))
    })

    it('that are no Float32Array', () => {
      for (const value of [undefined, null, 12, {}, new ArrayBuffer(48), new Float64Array(12), [1]]) {
        const error = refused('a Float32Array was expected')
        expectError(error, () => native.runSync(plan, value as never, output()))
        expectError(error, () => native.runSync(plan, input(), value as never))
        expectError(error, () => native.run(plan, value as never, output(), nothing))
        expectError(error, () => native.createConv2d({ ...spec, filter: value as never }))
      }
    })

    it('that are missing', () => {
      const none = ['info', 'counters', 'release']
      for (const [name, call] of Object.entries(native) as [string, () => unknown][]) {
        if (!none.includes(name)) expect(call, name).to.throw(Error)
      }
    })

    it('that are no sizes', () => {
      const error = refused('a size is not a whole number')
      for (const size of [-1, 0.5, NaN, Infinity, 2 ** 53, 'x']) {
        expectError(error, () => native.planConv2d(layer, 1, size as number, 4, 0, 0, 0, 0))
        expectError(error, () => native.createConv2d({ ...spec, strideHeight: size as number }))
        expectError(error, () => native.cancel(size as number))
        expectError(error, () => native.takeMemory(size as number))
        expectError(error, () => native.setRecycleLimit(size as number))
      }
      expect(native.cancel(2 ** 52)).to.equal(false)
    })

    it('whose sizes are out of range', () => {
      expectError(refused('a size is out of range'), () => native.createConv2d({ ...spec, dilationWidth: 0 }))
      expectError(refused('there is no group'), () => native.createConv2d({ ...spec, groups: 0 }))
      expectError(refused('the filter is too large'), () =>
        native.createConv2d({ ...spec, kernelHeight: 2 ** 52, kernelWidth: 2 ** 52 }),
      )
      const tooSmall = rangeError('ERR_CONV_SHAPE', 'the kernel is larger than the padded input')
      expectError(tooSmall, () => native.planConv2d(layer, 1, 1, 4, 0, 0, 0, 0))
    })
  })
})
