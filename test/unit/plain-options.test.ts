/** What is accepted as an options object: plain objects, and nothing that only happens to have no unknown keys. */
import { expect } from 'chai'
import { createContext, runInContext } from 'node:vm'
import { Conv2d, PixelMlp, tensor, type Conv2dOptions, type MlpLayer, type Tensor } from 'simdconv'
import { expectError, expectRejection, typeError } from '../helpers/expect-error'

const layer = new Conv2d({ filter: tensor(Float32Array.of(2), [1, 1, 1, 1]) })
const floats = (): Float32Array => new Float32Array(16).fill(1)
const dot = (): Tensor => tensor(floats(), [4, 4, 1])
const type = (message: string): ReturnType<typeof typeError> => typeError('ERR_CONV_TYPE', message)

describe('an options object', () => {
  const refused: readonly (readonly [got: string, value: unknown, wayOut?: string])[] = [
    ['Map', new Map()],
    ['Set', new Set()],
    ['Date', new Date(0)],
    ['Promise', Promise.resolve()],
    ['AbortController', new AbortController()],
    ['AbortSignal', new AbortController().signal, '; did you mean { signal }?'],
    [
      'Options',
      new (class Options {
        readonly output = floats()
      })(),
    ],
    ['an object', Object.create({ output: floats() })],
    ['a Proxy', new Proxy(new Map(), {})],
  ]
  for (const [got, value, wayOut = ''] of refused) {
    it(`is not ${got}`, async () => {
      await expectRejection(
        type(`options must be a plain object that inherits nothing, got ${got}${wayOut}`),
        () => layer.run(dot(), value as object),
      )
    })
  }

  it('is no array of memory', async () => {
    const message = 'options must be an object, got Float32Array; did you mean { output }?'
    const huge = new Float32Array(2 ** 26)
    expectError(type(message), () => layer.runSync(dot(), huge as object))
    await expectRejection(type(message), () => layer.run(dot(), huge as object))
    expectError(type('options must be an object, got Uint8Array; did you mean { output }?'), () =>
      layer.runSync(dot(), new Uint8Array(2 ** 28) as object),
    )
  })

  it('is no signal, nor is one suggested where there is none', () => {
    const { signal } = new AbortController()
    expectError(type('options must be a plain object that inherits nothing, got AbortSignal'), () =>
      layer.runSync(dot(), signal as object),
    )
  })

  it('is as plain inside of another', () => {
    const filter = tensor(Float32Array.of(1), [1, 1, 1, 1])
    for (const name of ['padding', 'border', 'activation']) {
      const options = { filter, [name]: new Map() } as unknown as Conv2dOptions
      expectError(
        type(`${name} must be a plain object that inherits nothing, got Map`),
        () => new Conv2d(options),
      )
    }
    expectError(type('activation must be a name or an object { kind }, got Uint8Array'), () => {
      new Conv2d({ filter, activation: new Uint8Array(1) as unknown as 'relu' })
    })
  })

  it('is as plain in the layers of a PixelMlp', () => {
    const weights = tensor(Float32Array.of(1), [1, 1])
    class Layer implements MlpLayer {
      readonly weights = weights
    }
    const refused = (name: string, got: string): ReturnType<typeof typeError> =>
      type(`${name} must be a plain object that inherits nothing, got ${got}`)
    expectError(refused('options', 'Map'), () => new PixelMlp(new Map() as never))
    expectError(refused('layers[1]', 'Layer'), () => new PixelMlp({ layers: [{ weights }, new Layer()] }))
    expectError(refused('layers[0]', 'Layer'), () => PixelMlp.fromTorchLinear({ layers: [new Layer()] }))
    const heir = Object.create({ weights }) as MlpLayer
    expectError(refused('layers[0]', 'an object'), () => new PixelMlp({ layers: [heir] }))
    for (const name of ['activation', 'residual']) {
      const layer = { weights, [name]: new Map() }
      expectError(refused(`layers[0].${name}`, 'Map'), () => new PixelMlp({ layers: [layer] }))
    }
    expectError(type('layers[0]: options must be a plain object that inherits nothing, got Map'), () =>
      PixelMlp.fromConv2d([new Map() as never]),
    )
  })

  it('is plain in another realm, and without a prototype', () => {
    const output = floats()
    const foreign = runInContext('({ output })', createContext({ output })) as object
    expect(layer.runSync(dot(), foreign).data).to.equal(output)
    const bare = Object.assign(Object.create(null) as object, { output })
    expect(layer.runSync(dot(), bare).data).to.equal(output)
  })
})
