import { expect } from 'chai'
import { borderFrom, pad, tensor, type Ecosystem } from 'simdconv'
import { expectError, typeError } from '../helpers/expect-error'

const dictionary = {
  scipy: {
    reflect: 'symmetric',
    'grid-mirror': 'symmetric',
    mirror: 'reflect',
    nearest: 'edge',
    wrap: 'wrap',
    'grid-wrap': 'wrap',
    constant: 'constant',
    'grid-constant': 'constant',
  },
  numpy: { constant: 'constant', edge: 'edge', reflect: 'reflect', symmetric: 'symmetric', wrap: 'wrap' },
  torch: { zeros: 'constant', constant: 'constant', reflect: 'reflect', replicate: 'edge', circular: 'wrap' },
  pytorch: { replicate: 'edge' },
  tensorflow: { CONSTANT: 'constant', REFLECT: 'reflect', SYMMETRIC: 'symmetric' },
  tf: { SYMMETRIC: 'symmetric' },
  keras: { symmetric: 'symmetric' },
  jax: { wrap: 'wrap' },
  onnx: { constant: 'constant', reflect: 'reflect', edge: 'edge', wrap: 'wrap' },
  webnn: { constant: 'constant', edge: 'edge', reflection: 'reflect', symmetric: 'symmetric' },
  webgpu: { 'clamp-to-edge': 'edge', repeat: 'wrap', 'mirror-repeat': 'symmetric' },
  opencv: {
    BORDER_CONSTANT: 'constant',
    BORDER_REPLICATE: 'edge',
    BORDER_REFLECT: 'symmetric',
    BORDER_REFLECT_101: 'reflect',
    BORDER_REFLECT101: 'reflect',
    BORDER_DEFAULT: 'reflect',
    BORDER_WRAP: 'wrap',
    'cv2.BORDER_WRAP': 'wrap',
    'cv::BORDER_WRAP': 'wrap',
    reflect_101: 'reflect',
  },
  cv2: { border_reflect: 'symmetric' },
  sharp: { background: 'constant', copy: 'edge', repeat: 'wrap', mirror: 'symmetric' },
  libvips: { black: 'constant', background: 'constant', copy: 'edge', repeat: 'wrap', mirror: 'symmetric' },
  vips: { mirror: 'symmetric' },
  matlab: { zeros: 'constant', symmetric: 'symmetric', replicate: 'edge', circular: 'wrap' },
  halide: {
    constant_exterior: 'constant',
    repeat_edge: 'edge',
    repeat_image: 'wrap',
    mirror_image: 'symmetric',
    mirror_interior: 'reflect',
  },
  vigra: { zeropad: 'constant', repeat: 'edge', reflect: 'reflect', wrap: 'wrap' },
} as const satisfies Partial<Record<Ecosystem, Record<string, string>>>

describe('borderFrom', () => {
  for (const [ecosystem, names] of Object.entries(dictionary) as [Ecosystem, Record<string, string>][]) {
    for (const [name, ours] of Object.entries(names)) {
      it(`${ecosystem} ${name} is ${ours}`, () => {
        const border = borderFrom(ecosystem, name)
        expect(border).to.equal(ours)
        expect(pad(tensor(Float32Array.of(1), [1]), 1, border).shape).to.deep.equal([3])
      })
    }
  }

  it('takes the constant', () => {
    expect(borderFrom('torch', 'constant', 0.5)).to.deep.equal({ mode: 'constant', value: 0.5 })
    expect(borderFrom('sharp', 'background', 1)).to.deep.equal({ mode: 'constant', value: 1 })
  })

  it('knows that VIGRA clips by weight', () => {
    expect(borderFrom('vigra', 'clip')).to.deep.equal({ mode: 'renormalize', by: 'weight' })
  })

  it('is as indifferent to case as to prefixes', () => {
    expect(borderFrom('OpenCV' as Ecosystem, 'border_Wrap')).to.equal('wrap')
  })

  const refusals: readonly (readonly [ecosystem: string, name: unknown, value: unknown, message: string])[] =
    [
      [
        'numpy',
        'linear_ramp',
        undefined,
        'border "linear_ramp" of numpy computes new values, it is no map from coordinate to coordinate',
      ],
      ['numpy', 'empty', undefined, 'border "empty" of numpy leaves the border undefined'],
      [
        'opencv',
        'BORDER_TRANSPARENT',
        undefined,
        'border "BORDER_TRANSPARENT" of opencv keeps what the output held, it is no map from coordinate to coordinate',
      ],
      [
        'torch',
        'reflekt',
        undefined,
        '"reflekt" is no border of torch, which has "zeros", "constant", "reflect", "replicate" and "circular"; did you mean "reflect"?',
      ],
      [
        'onnx',
        'toString',
        undefined,
        '"toString" is no border of onnx, which has "constant", "reflect", "edge" and "wrap"',
      ],
      [
        'scipi',
        'wrap',
        undefined,
        'ecosystem must be "scipy", "numpy", "torch", "tensorflow", "keras", "jax", "onnx", "webnn", "webgpu", "opencv", "sharp", "libvips", "matlab", "halide" or "vigra", got "scipi"; did you mean "scipy"?',
      ],
      ['torch', 'zeros', 3, 'border "zeros" of torch takes no value, got 3; leave it out'],
      ['torch', 'reflect', 3, 'border "reflect" of torch takes no value, got 3; leave it out'],
    ]
  for (const [ecosystem, name, value, message] of refusals) {
    it(`refuses ${ecosystem} ${String(name)}`, () => {
      expectError(typeError('ERR_CONV_BORDER', message), () =>
        borderFrom(ecosystem as Ecosystem, name as string, value as number),
      )
    })
  }

  it('refuses what is no string, and a value that is no number', () => {
    expectError(typeError('ERR_CONV_TYPE', 'ecosystem must be a string, got 3'), () =>
      borderFrom(3 as unknown as Ecosystem, 'wrap'),
    )
    expectError(typeError('ERR_CONV_TYPE', 'name must be a string, got undefined'), () =>
      borderFrom('scipy', undefined as unknown as string),
    )
    expectError(typeError('ERR_CONV_TYPE', 'value must be a number, got "1"'), () =>
      borderFrom('torch', 'constant', '1' as unknown as number),
    )
  })
})
