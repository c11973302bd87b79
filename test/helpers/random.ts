/** A seeded generator (mulberry32): the same numbers on every machine, so that a failure can be repeated. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 inclusive to 1 exclusive. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** An integer from minimum to maximum, both included. */
  integer(minimum: number, maximum: number): number {
    return minimum + Math.floor(this.next() * (maximum - minimum + 1))
  }

  /** One of a list. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!
  }

  /** Integers from -magnitude to magnitude, exact in every order of summation. */
  integers(length: number, magnitude: number): Float32Array {
    return Float32Array.from({ length }, () => this.integer(-magnitude, magnitude))
  }

  /** Floats from -1 to 1. */
  floats(length: number): Float32Array {
    return Float32Array.from({ length }, () => this.next() * 2 - 1)
  }
}
