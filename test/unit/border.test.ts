import { expect } from 'chai'
import { Conv2d, pad, tensor, type Border, type Conv2dOptions } from 'simdconv'
import { expectError, typeError } from '../helpers/expect-error'

const filter = tensor(Float32Array.of(1, 10, 100), [1, 3, 1, 1])
const row = (...values: number[]): ReturnType<typeof tensor> =>
  tensor(Float32Array.from(values), [values.length])

/** What a row of three looks like with two pixels more at each end. */
const padded = (border: Border): number[] => [...pad(row(1, 2, 3), 2, border).data]

function refuses(name: string, border: unknown, message: string, code = 'ERR_CONV_BORDER'): void {
  it(name, () => {
    expectError(typeError(code, message), () => new Conv2d({ filter, border } as Conv2dOptions))
  })
}

describe('border', () => {
  describe('maps', () => {
    const maps: readonly (readonly [name: Border & string, left: string, right: string])[] = [
      ['constant', '0 0', '0 0'],
      ['zero', '0 0', '0 0'],
      ['zeros', '0 0', '0 0'],
      ['edge', '1 1', '3 3'],
      ['replicate', '1 1', '3 3'],
      ['nearest', '1 1', '3 3'],
      ['clamp', '1 1', '3 3'],
      ['copy', '1 1', '3 3'],
      ['reflect', '3 2', '2 1'],
      ['reflection', '3 2', '2 1'],
      ['reflect101', '3 2', '2 1'],
      ['symmetric', '2 1', '3 2'],
      ['wrap', '2 3', '1 2'],
      ['circular', '2 3', '1 2'],
      ['periodic', '2 3', '1 2'],
    ]
    for (const [name, left, right] of maps) {
      it(`${name}: ${left} | 1 2 3 | ${right}`, () => {
        expect(padded(name).join(' ')).to.equal(`${left} 1 2 3 ${right}`)
        expect(padded({ mode: name } as Border).join(' ')).to.equal(`${left} 1 2 3 ${right}`)
      })
    }

    it('constant of any number', () => {
      expect(padded({ mode: 'constant', value: -1.5 })).to.deep.equal([-1.5, -1.5, 1, 2, 3, -1.5, -1.5])
      expect(padded({ mode: 'constant', value: NaN }).filter(Number.isNaN)).to.have.length(4)
      expect(padded({ mode: 'constant', value: Infinity })[0]).to.equal(Infinity)
    })
  })

  describe('on each axis', () => {
    it('x and y have their own', () => {
      const image = tensor(Float32Array.of(1, 2, 3, 4), [2, 2])
      const both = pad(image, 1, { y: 'wrap', x: { mode: 'constant', value: 9 } })
      expect([...both.data]).to.deep.equal([9, 3, 4, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9, 1, 2, 9])
    })

    it("the corner of two constants is y's", () => {
      const image = tensor(Float32Array.of(1), [1, 1])
      const y = { mode: 'constant', value: 5 } as const
      const x = { mode: 'constant', value: 7 } as const
      expect([...pad(image, 1, { y, x }).data]).to.deep.equal([5, 5, 5, 7, 1, 7, 5, 5, 5])
    })
  })

  describe('renormalize', () => {
    const image = tensor(Float32Array.of(1, 1, 1), [1, 3, 1])
    const run = (border: Border, weights = filter, more: Partial<Conv2dOptions> = {}): number[] => [
      ...new Conv2d({ filter: weights, padding: { left: 1, right: 1 }, border, ...more }).runSync(image).data,
    ]

    it('by area multiplies by taps / taps inside', () => {
      const expected = [(110 * 3) / 2, 111, (11 * 3) / 2]
      expect(run('renormalize')).to.deep.equal(expected)
      expect(run('partial')).to.deep.equal(expected)
      expect(run({ mode: 'renormalize', by: 'area' })).to.deep.equal(expected)
    })

    it('by weight keeps the mean of a constant image', () => {
      for (const value of run({ mode: 'renormalize', by: 'weight' })) expect(value).to.be.closeTo(111, 1e-4)
    })

    it('by weight leaves the sum where the weights inside cancel', () => {
      const cancels = tensor(Float32Array.of(2, 1, -1), [1, 3, 1, 1])
      expect(run({ mode: 'renormalize', by: 'weight' }, cancels)).to.deep.equal([0, 2, 2])
    })

    it('applies before bias and activation', () => {
      const bias = Float32Array.of(-165)
      expect(
        run('renormalize', filter, { bias, activation: { kind: 'leakyRelu', alpha: 0.5 } }),
      ).to.deep.equal([0, -27, (16.5 - 165) / 2])
    })

    it('with no tap inside is the bias', () => {
      const layer = new Conv2d({
        filter,
        padding: { left: 9 },
        border: 'renormalize',
        bias: Float32Array.of(4),
      })
      expect(layer.runSync(image).data[0]).to.equal(4)
    })
  })

  describe('infinite weights', () => {
    const infinite = tensor(Float32Array.of(Infinity, 1), [1, 2, 1, 1])
    const image = tensor(Float32Array.of(1, 2), [1, 2, 1])
    const first = (border: Border): number | undefined =>
      new Conv2d({ filter: infinite, padding: { left: 1 }, border }).runSync(image).data[0]

    it('times a zero border are NaN', () => {
      expect(first('zeros')).to.be.NaN
    })

    it('are left out by renormalize', () => {
      expect(first('renormalize')).to.equal(2)
    })
  })

  describe('refuses', () => {
    const modes = '"constant", "edge", "reflect", "symmetric", "wrap" or "renormalize"'
    refuses(
      'mirror',
      'mirror',
      'border "mirror" is ambiguous: scipy means "reflect" (c b | a b c d | c b), sharp and libvips mean "symmetric" (b a | a b c d | d c); say one of those',
    )
    refuses(
      'repeat',
      'repeat',
      'border "repeat" is ambiguous: sharp and libvips mean "wrap" (c d | a b c d | a b), VIGRA means "edge" (a a | a b c d | d d); say one of those',
    )
    refuses(
      'mirror as a mode of x',
      { x: { mode: 'mirror' }, y: 'edge' },
      'border.x.mode "mirror" is ambiguous: scipy means "reflect" (c b | a b c d | c b), sharp and libvips mean "symmetric" (b a | a b c d | d c); say one of those',
    )
    refuses('a slip', 'reflct', `border must be ${modes}, got "reflct"; did you mean "reflect"?`)
    refuses('something else', 'black hole', `border must be ${modes}, got "black hole"`)
    refuses('a name of Object', 'constructor', `border must be ${modes}, got "constructor"`)
    refuses('a number', 3, 'border must be a name or an object { mode }, got 3', 'ERR_CONV_TYPE')
    refuses('null', null, 'border must be a name or an object { mode }, got null', 'ERR_CONV_TYPE')
    refuses('no mode', {}, 'border.mode must be a name, got undefined', 'ERR_CONV_TYPE')
    refuses('one axis', { x: 'wrap' }, 'border.y is missing; give both axes, as in { x: "wrap", y: "edge" }')
    refuses(
      'the other axis',
      { y: 'wrap' },
      'border.x is missing; give both axes, as in { x: "wrap", y: "edge" }',
    )
    refuses(
      'an unknown field',
      { mode: 'constant', vale: 3 },
      'unknown option "border.vale"; did you mean "border.value"?',
      'ERR_CONV_OPTION',
    )
    refuses(
      'axes and a mode',
      { x: 'wrap', y: 'wrap', mode: 'edge' },
      'unknown option "border.mode"; the options are "border.x" and "border.y"',
      'ERR_CONV_OPTION',
    )
    refuses(
      'value of an edge',
      { mode: 'edge', value: 3 },
      'border.value belongs to mode "constant", not to "edge"; leave it out',
    )
    refuses(
      'value of zeros',
      { mode: 'zeros', value: 3 },
      'border.value belongs to mode "constant", not to "zeros"; leave it out',
    )
    refuses(
      'a value that is no number',
      { mode: 'constant', value: '3' },
      'border.value must be a number, got "3"',
      'ERR_CONV_TYPE',
    )
    refuses(
      'by of an edge',
      { mode: 'edge', by: 'area' },
      'border.by belongs to mode "renormalize", not to "edge"; leave it out',
    )
    refuses(
      'an unknown weighting',
      { mode: 'renormalize', by: 'weights' },
      'border.by must be "area" or "weight", got "weights"; did you mean "weight"?',
    )
    refuses(
      'two weightings',
      { x: 'renormalize', y: { mode: 'renormalize', by: 'weight' } },
      'border.x renormalizes by "area" and border.y by "weight"; there is one weighting for both, say the same',
    )
  })
})
