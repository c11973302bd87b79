/**
 * Predicates, and the one place that puts a refused value into words. A check looks at a number as a number first
 * (finite, integer, in range); nothing here converts or writes to what it is given. Keys and elements are read, which
 * can run a getter or the trap of a Proxy; to be described in a message, a value runs nothing.
 */
import { types } from 'node:util'
import { convError, type ConvError, type ConvErrorCode } from './errors.js'

/** An object of unknown content, to be read from and never written to. */
export type Bag = Readonly<Record<string, unknown>>

/** Whether a value has properties to read; arrays, views of memory and functions are not meant by anyone here. */
export function isObject(value: unknown): value is Bag {
  return (
    typeof value === 'object' &&
    value !== null &&
    !ArrayBuffer.isView(value) &&
    !isRevoked(value) &&
    !Array.isArray(value)
  )
}

/** Whether a value has elements to read. */
export function isArray(value: unknown): value is readonly unknown[] {
  return !isRevoked(value) && Array.isArray(value)
}

/** Whether a value is what is left of a revoked Proxy, on which everything throws, even Array.isArray. */
function isRevoked(value: unknown): boolean {
  try {
    Array.isArray(value)
    return false
  } catch {
    return true
  }
}

/** Whether a value is an integer from `minimum` to `maximum`. */
export function isInteger(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum
}

/** An integer from `minimum` to `maximum`, which may be element `index` of `name`; -0 comes back as 0. */
export function integer(
  name: string,
  value: unknown,
  minimum: number,
  maximum: number,
  index?: number,
): number {
  if (isInteger(value, minimum, maximum)) return value + 0
  const fullName = index === undefined ? name : `${name}[${index}]`
  throw wrongNumber(fullName, `an integer from ${minimum} to ${maximum}`, value)
}

/** A number that is neither NaN nor infinite. */
export function finite(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw wrongNumber(name, 'a finite number', value)
}

/** A number of the wrong magnitude is a RangeError; what is no number at all is a TypeError. */
export function wrongNumber(name: string, rule: string, value: unknown): ConvError {
  const code = typeof value === 'number' ? 'ERR_CONV_RANGE' : 'ERR_CONV_TYPE'
  return convError(code, `${name} must be ${rule}, got ${describe(value)}`)
}

/** A number for both axes, or [height, width]. */
export function pair(
  name: string,
  value: unknown,
  minimum: number,
  maximum: number,
): readonly [number, number] {
  if (typeof value === 'number') {
    const both = integer(name, value, minimum, maximum)
    return [both, both]
  }
  if (!isArray(value) || value.length !== 2) throw wrongType(name, 'a number or [height, width]', value)
  return [integer(name, value[0], minimum, maximum, 0), integer(name, value[1], minimum, maximum, 1)]
}

/** True or false, and nothing that is merely truthy. */
export function bool(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw wrongType(name, 'true or false', value)
}

/** One of a list of names. */
export function oneOf<T extends string>(
  name: string,
  value: unknown,
  allowed: readonly T[],
  code: ConvErrorCode = 'ERR_CONV_OPTION',
): T {
  if (allowed.includes(value as T)) return value as T
  const rule = list(allowed.map(quote), 'or')
  if (typeof value !== 'string') throw wrongType(name, rule, value)
  throw convError(
    code,
    `${name} must be ${rule}, got ${describe(value)}${didYouMean(closest(value, allowed))}`,
  )
}

/** The error for a value of the wrong type or class. */
export function wrongType(name: string, rule: string, value: unknown, wayOut = ''): ConvError {
  return convError('ERR_CONV_TYPE', `${name} must be ${rule}, got ${describe(value)}${wayOut}`)
}

/** The error for a value that is no instance of a class of the language or of this package. */
export function wrongClass(name: string, wanted: string, value: unknown, wayOut = '', why = ''): ConvError {
  const article = /^[AEIO]/.test(wanted) ? 'an' : 'a'
  const described = describe(value)
  const got = described === wanted ? `an object that only inherits from ${wanted}` : described
  return convError('ERR_CONV_TYPE', `${name} must be ${article} ${wanted}${why}, got ${got}${wayOut}`)
}

/** What people call an option elsewhere; where layers of several kinds have one of that meaning, each of its names. */
const synonyms: Readonly<Record<string, string | readonly string[]>> = {
  stride: 'strides',
  dilation: 'dilations',
  group: 'groups',
  pad: 'padding',
  pads: 'padding',
  kernel: ['filter', 'weights'],
  kernels: ['filter', 'weights'],
  weight: ['filter', 'weights'],
  weights: 'filter',
  filter: 'weights',
  skip: 'residual',
  shortcut: 'residual',
  softmax: 'classify',
  argmax: 'classify',
  filters: ['filter', 'weights'],
  kernelLayout: 'filterLayout',
  dataFormat: 'layout',
  dataLayout: 'layout',
  inputLayout: 'layout',
  inputDtype: 'inputType',
  outputDtype: 'outputType',
  biases: 'bias',
  paddingMode: 'border',
  boundary: 'border',
  borderMode: 'border',
  out: 'output',
  abortSignal: 'signal',
  fill: 'value',
  cval: 'value',
}

/** The option that people mean who give this in place of an options object. */
const bareOptions: Readonly<Record<string, string>> = {
  Float32Array: 'output',
  Uint8Array: 'output',
  Buffer: 'output',
  AbortSignal: 'signal',
}

/**
 * An options object whose names are all known. `prefix` is where it sits ("border."); what is not a plain object
 * is refused as `name`. The values are left for the caller to read, once each.
 */
export function options(name: string, value: unknown, known: readonly string[], prefix = ''): Bag {
  if (!isPlain(value)) {
    const meant = bareOptions[describe(value)]
    const wayOut = meant !== undefined && known.includes(meant) ? `; did you mean { ${meant} }?` : ''
    throw wrongType(
      name,
      isObject(value) ? 'a plain object that inherits nothing' : 'an object',
      value,
      wayOut,
    )
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw unknownOption(key, known, prefix)
  }
  return value
}

/** Whether a value is an object of no class: a literal of this realm or another, or without a prototype. */
function isPlain(value: unknown): value is Bag {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || (isObject(prototype) && Object.getPrototypeOf(prototype) === null)
}

function unknownOption(key: string, known: readonly string[], prefix: string): ConvError {
  const meant = Object.hasOwn(synonyms, key) ? [synonyms[key]!].flat() : []
  const suggestion = meant.find((name) => known.includes(name)) ?? closest(key, known)
  const wayOut =
    suggestion === undefined
      ? `; the options are ${list(
          known.map((option) => quote(prefix + option)),
          'and',
        )}`
      : didYouMean(prefix + suggestion)
  return convError('ERR_CONV_OPTION', `unknown option ${quote(prefix + key)}${wayOut}`)
}

/** The end of a sentence, when there is something to suggest. */
export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? '' : `; did you mean ${quote(suggestion)}?`
}

/** The nearest of some names, when it is near enough to be a slip of the finger. */
export function closest(word: string, names: readonly string[]): string | undefined {
  if (word.length > 40) return undefined
  let best: string | undefined
  let bestDistance = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance && distance < name.length) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (a[i] === b[j] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

/** "a", "a or b", "a, b or c". */
export function list(items: readonly string[], conjunction: 'and' | 'or'): string {
  const last = items.at(-1) ?? ''
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${conjunction} ${last}`
}

/** In quotes, and as short as shorten() makes it. */
export function quote(text: string): string {
  return `"${shorten(text)}"`
}

/** Names a value in a message: short, and without running any code of the value's own. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'bigint':
      return `the bigint ${shorten(String(value))}n`
    case 'symbol':
      return 'a symbol'
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : describeObject(value)
    default:
      return Object.is(value, -0) ? '-0' : String(value)
  }
}

function describeObject(value: object): string {
  if (types.isProxy(value)) return isRevoked(value) ? 'a revoked Proxy' : 'a Proxy'
  if (Array.isArray(value)) return `an array of ${value.length}`
  const name = className(value)
  return name === undefined || name === 'Object' ? 'an object' : shorten(name)
}

/** The name of the class, read from data properties only, so that no getter runs. */
function className(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  const constructor = dataProperty(prototype, 'constructor')
  const name = dataProperty(constructor, 'name')
  return typeof name === 'string' && name !== '' ? name : undefined
}

function dataProperty(owner: unknown, key: string): unknown {
  const readable = (typeof owner === 'object' && owner !== null) || typeof owner === 'function'
  if (!readable || types.isProxy(owner)) return undefined
  return Object.getOwnPropertyDescriptor(owner, key)?.value
}

/** On one line, at most 40 characters before line breaks and the like are escaped. */
function shorten(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text).slice(1, -1)
}
