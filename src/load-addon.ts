/**
 * Finds the native addon. Every path is a literal inside a `require`, so that bundlers see what to ship; the first one
 * that fits this platform and loads wins, and when none does the error tells what was tried and why it failed.
 */
/* eslint-disable @typescript-eslint/no-require-imports -- a path that is chosen at run time, but literal for bundlers */
import { convError } from './errors.js'

// On Linux the build for glibc comes first; it does not load where the C library is musl, and the next one does.
const prebuilds: Readonly<Record<string, readonly Candidate[]>> = {
  'linux-x64': [
    ['../prebuilds/linux-x64/simdconv.node', () => require('../prebuilds/linux-x64/simdconv.node') as object],
    [
      '../prebuilds/linux-x64-musl/simdconv.node',
      () => require('../prebuilds/linux-x64-musl/simdconv.node') as object,
    ],
  ],
  'linux-arm64': [
    [
      '../prebuilds/linux-arm64/simdconv.node',
      () => require('../prebuilds/linux-arm64/simdconv.node') as object,
    ],
    [
      '../prebuilds/linux-arm64-musl/simdconv.node',
      () => require('../prebuilds/linux-arm64-musl/simdconv.node') as object,
    ],
  ],
  'darwin-arm64': [
    [
      '../prebuilds/darwin-arm64/simdconv.node',
      () => require('../prebuilds/darwin-arm64/simdconv.node') as object,
    ],
  ],
  'darwin-x64': [
    [
      '../prebuilds/darwin-x64/simdconv.node',
      () => require('../prebuilds/darwin-x64/simdconv.node') as object,
    ],
  ],
  'win32-x64': [
    ['../prebuilds/win32-x64/simdconv.node', () => require('../prebuilds/win32-x64/simdconv.node') as object],
  ],
}
const built: Candidate = [
  '../build/Release/simdconv.node',
  () => require('../build/Release/simdconv.node') as object,
]

/** The version of this package. */
export const version = (require('../package.json') as { version: string }).version

/** A path and how to load it. */
type Candidate = readonly [path: string, load: () => object]

/** Loads the addon, or throws an `ERR_CONV_LOAD` that explains each attempt. */
export function loadAddon(): object {
  const platform = `${process.platform}-${process.arch}`
  const prebuilt = Object.hasOwn(prebuilds, platform) ? prebuilds[platform]! : []
  return loadFirst(platform, [...prebuilt, built])
}

/** Loads the first candidate that loads. */
export function loadFirst(platform: string, candidates: readonly Candidate[]): object {
  const attempts: string[] = []
  for (const [path, load] of candidates) {
    try {
      return load()
    } catch (error) {
      attempts.push(`Tried ${path}: ${reason(error)}.`)
    }
  }
  throw convError(
    'ERR_CONV_LOAD',
    `no native build for ${platform}. ${attempts.join(' ')} Build one with: npm run build`,
  )
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'MODULE_NOT_FOUND') return 'not found'
  return error.message.split('\n', 1)[0]!.replace(/\.$/, '')
}
