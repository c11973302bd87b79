/**
 * Memory in flight. A run() that has not finished reads its input and writes its output on other threads; until then
 * nothing of this package may write to the one, or touch the other.
 */
import type { Elements } from './element-type.js'
import { convError } from './errors.js'
import { bufferOf, byteLengthOf, byteOffsetOf } from './intrinsics.js'

/** The bytes of a buffer that an array covers. */
interface Span {
  readonly begin: number
  readonly end: number
}

interface Claim extends Span {
  readonly writes: boolean
}

const claims = new Map<ArrayBufferLike, Set<Claim>>()

/** Whether two arrays share memory. */
export function overlap(a: Elements, b: Elements): boolean {
  return bufferOf(a) === bufferOf(b) && meet(spanOf(a), spanOf(b))
}

function spanOf(array: Elements): Span {
  const begin = byteOffsetOf(array)
  return { begin, end: begin + byteLengthOf(array) }
}

function meet(a: Span, b: Span): boolean {
  return a.begin < b.end && b.begin < a.end
}

/** Refuses to read what an unfinished run writes. */
export function assertReadable(name: string, array: Elements): void {
  if (claims.size > 0 && isClaimed(array, true)) throw busy(name, 'writes to it')
}

/** Refuses to write what an unfinished run reads or writes. */
export function assertWritable(name: string, array: Elements): void {
  if (claims.size > 0 && isClaimed(array, false)) throw busy(name, 'is using it')
}

/** Marks memory as in flight until the returned function is called. */
export function claim(array: Elements, use: 'reads' | 'writes'): () => void {
  const buffer = bufferOf(array)
  const entry: Claim = { ...spanOf(array), writes: use === 'writes' }
  const entries = claims.get(buffer) ?? new Set()
  claims.set(buffer, entries.add(entry))
  return () => {
    entries.delete(entry)
    if (entries.size === 0) claims.delete(buffer)
  }
}

function isClaimed(array: Elements, byWriters: boolean): boolean {
  const span = spanOf(array)
  for (const entry of claims.get(bufferOf(array)) ?? []) {
    if (meet(span, entry) && (entry.writes || !byWriters)) return true
  }
  return false
}

function busy(name: string, why: string): Error {
  return convError(
    'ERR_CONV_BUSY',
    `${name} is in flight: a run() that has not finished ${why}; await that run first`,
  )
}
