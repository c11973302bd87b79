/**
 * Memory in flight. A run() that has not finished reads its input and writes its output on other threads; until then
 * nothing of this package may write to the one, or touch the other.
 */
import { convError } from './errors.js'

interface Claim {
  readonly begin: number
  readonly end: number
  readonly writes: boolean
}

const claims = new Map<ArrayBufferLike, Set<Claim>>()

/** Whether two arrays share memory. */
export function overlap(a: Float32Array, b: Float32Array): boolean {
  return (
    a.buffer === b.buffer &&
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength
  )
}

/** Refuses to read what an unfinished run writes. */
export function assertReadable(name: string, array: Float32Array): void {
  if (claims.size > 0 && isClaimed(array, true)) throw busy(name, 'writes to it')
}

/** Refuses to write what an unfinished run reads or writes. */
export function assertWritable(name: string, array: Float32Array): void {
  if (claims.size > 0 && isClaimed(array, false)) throw busy(name, 'is using it')
}

/** Marks memory as in flight until the returned function is called. */
export function claim(array: Float32Array, use: 'reads' | 'writes'): () => void {
  const { buffer, byteOffset, byteLength } = array
  const entry: Claim = { begin: byteOffset, end: byteOffset + byteLength, writes: use === 'writes' }
  const entries = claims.get(buffer) ?? new Set()
  claims.set(buffer, entries.add(entry))
  return () => {
    entries.delete(entry)
    if (entries.size === 0) claims.delete(buffer)
  }
}

function isClaimed(array: Float32Array, byWriters: boolean): boolean {
  const { buffer, byteOffset, byteLength } = array
  for (const { begin, end, writes } of claims.get(buffer) ?? []) {
    if (byteOffset < end && begin < byteOffset + byteLength && (writes || !byWriters)) return true
  }
  return false
}

function busy(name: string, why: string): Error {
  return convError(
    'ERR_CONV_BUSY',
    `${name} is in flight: a run() that has not finished ${why}; await that run first`,
  )
}
