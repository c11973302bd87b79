/** A dictionary of border names: what other libraries call the policies of border.ts. */
import { closest, describe, didYouMean, list, quote, wrongType } from './check.js'
import { convError } from './errors.js'
import type { Border, BorderMode } from './border.js'

/** What a name means: a policy, a border object, or the reason why it is none. */
type Meaning = BorderMode | { readonly border: Border } | { readonly refused: string }

/** A constant, but only this one. */
const zeros = { border: 'constant' } as const

const statistic: Meaning = { refused: 'computes new values, it is no map from coordinate to coordinate' }

const scipy = {
  reflect: 'symmetric',
  'grid-mirror': 'symmetric',
  mirror: 'reflect',
  nearest: 'edge',
  wrap: 'wrap', // of the filters; for scipy's interpolation "wrap" has period n - 1
  'grid-wrap': 'wrap',
  constant: 'constant',
  'grid-constant': 'constant',
} as const

const numpy = {
  constant: 'constant',
  edge: 'edge',
  reflect: 'reflect',
  symmetric: 'symmetric',
  wrap: 'wrap',
  linear_ramp: statistic,
  maximum: statistic,
  mean: statistic,
  median: statistic,
  minimum: statistic,
  empty: { refused: 'leaves the border undefined' },
} as const

const tensorflow = { constant: 'constant', reflect: 'reflect', symmetric: 'symmetric' } as const

const opencv = {
  border_constant: 'constant',
  border_replicate: 'edge',
  border_reflect: 'symmetric',
  border_reflect_101: 'reflect',
  border_reflect101: 'reflect',
  border_default: 'reflect',
  border_wrap: 'wrap',
  border_transparent: { refused: 'keeps what the output held, it is no map from coordinate to coordinate' },
  border_isolated: { refused: 'is a flag about regions of interest, not a border' },
} as const

const sharp = { background: 'constant', copy: 'edge', repeat: 'wrap', mirror: 'symmetric' } as const

const ecosystems = {
  scipy,
  numpy,
  torch: { zeros, constant: 'constant', reflect: 'reflect', replicate: 'edge', circular: 'wrap' },
  tensorflow,
  keras: tensorflow,
  jax: numpy,
  onnx: { constant: 'constant', reflect: 'reflect', edge: 'edge', wrap: 'wrap' },
  webnn: { constant: 'constant', edge: 'edge', reflection: 'reflect', symmetric: 'symmetric' },
  webgpu: { 'clamp-to-edge': 'edge', repeat: 'wrap', 'mirror-repeat': 'symmetric' },
  opencv,
  sharp,
  libvips: {
    ...sharp,
    black: zeros,
    white: {
      refused: 'depends on the format of the pixels; say { mode: "constant", value: 255 } or what white is',
    },
  },
  matlab: { zeros, symmetric: 'symmetric', replicate: 'edge', circular: 'wrap' },
  halide: {
    constant_exterior: 'constant',
    repeat_edge: 'edge',
    repeat_image: 'wrap',
    mirror_image: 'symmetric',
    mirror_interior: 'reflect',
  },
  vigra: {
    zeropad: zeros,
    repeat: 'edge',
    reflect: 'reflect',
    wrap: 'wrap',
    clip: { border: { mode: 'renormalize', by: 'weight' } },
    avoid: { refused: 'computes no border pixels; say padding "valid"' },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Meaning>>>>

const ecosystemAliases = {
  tf: 'tensorflow',
  pytorch: 'torch',
  cv2: 'opencv',
  vips: 'libvips',
  jnp: 'jax',
} as const

/** A library whose border names are known. */
export type Ecosystem = keyof typeof ecosystems | keyof typeof ecosystemAliases

/**
 * Translates what another library calls a border into the policy of this one.
 *
 * Names are compared without regard to case; OpenCV's may leave out `BORDER_`. `value` is the constant, for names that
 * mean `constant` (default 0).
 *
 * @throws TypeError `ERR_CONV_BORDER` for an ecosystem or name that is not known, with those that are; for a name that is
 * no policy, with the reason; and for a value where the name does not mean a constant.
 * @example
 * borderFrom('scipy', 'reflect') // 'symmetric'
 * borderFrom('opencv', 'BORDER_REFLECT_101') // 'reflect'
 * borderFrom('torch', 'constant', 0.5) // { mode: 'constant', value: 0.5 }
 */
export function borderFrom(ecosystem: Ecosystem, name: string, value?: number): Border {
  const known = namesOf(ecosystem)
  if (typeof (name as unknown) !== 'string') throw wrongType('name', 'a string', name)
  const meaning = lookUp(known, name)
  if (meaning === undefined) {
    const names = list(Object.keys(known).map(quote), 'and')
    const suggestion = didYouMean(closest(name, Object.keys(known)))
    throw convError(
      'ERR_CONV_BORDER',
      `${quote(name)} is no border of ${ecosystem}, which has ${names}${suggestion}`,
    )
  }
  if (typeof meaning === 'object' && 'refused' in meaning) {
    throw convError('ERR_CONV_BORDER', `border ${quote(name)} of ${ecosystem} ${meaning.refused}`)
  }
  if (value === undefined) return typeof meaning === 'string' ? meaning : meaning.border
  if (typeof (value as unknown) !== 'number') throw wrongType('value', 'a number', value)
  if (meaning === 'constant') return { mode: 'constant', value }
  throw convError(
    'ERR_CONV_BORDER',
    `border ${quote(name)} of ${ecosystem} takes no value, got ${describe(value)}; leave it out`,
  )
}

function namesOf(ecosystem: unknown): Readonly<Record<string, Meaning>> {
  if (typeof ecosystem !== 'string') throw wrongType('ecosystem', 'a string', ecosystem)
  const given = ecosystem.toLowerCase()
  const resolved = Object.hasOwn(ecosystemAliases, given)
    ? ecosystemAliases[given as keyof typeof ecosystemAliases]
    : given
  if (Object.hasOwn(ecosystems, resolved)) return ecosystems[resolved as keyof typeof ecosystems]
  const names = Object.keys(ecosystems)
  throw convError(
    'ERR_CONV_BORDER',
    `ecosystem must be ${list(names.map(quote), 'or')}, got ${describe(ecosystem)}${didYouMean(closest(given, names))}`,
  )
}

/** OpenCV's names are also found without their prefix. */
function lookUp(known: Readonly<Record<string, Meaning>>, name: string): Meaning | undefined {
  const lower = name.toLowerCase()
  for (const key of [lower, `border_${lower}`, lower.replace(/^cv(2\.|::)/, '')])
    if (Object.hasOwn(known, key)) return known[key]
  return undefined
}
