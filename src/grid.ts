/** Numbers on a grid, a row being one of height 1, and windows of a convolution: what convolve() computes with. */

/** A signal, or an image of one channel. */
export interface Grid {
  readonly data: Float32Array // [height][width]
  readonly height: number
  readonly width: number
}

/** A stretch of an axis. */
export interface Extent {
  readonly start: number
  readonly length: number
}

/** A part of a full convolution. */
export interface Window {
  readonly y: Extent
  readonly x: Extent
}

/** The first index behind an extent. */
export function end({ start, length }: Extent): number {
  return start + length
}

/** Where two extents overlap; the length is 0 where they do not. */
export function intersect(a: Extent, b: Extent): Extent {
  const start = Math.max(a.start, b.start)
  return { start, length: Math.max(0, Math.min(end(a), end(b)) - start) }
}

/** A part of a grid; rows in one piece are not copied. */
export function crop({ data, width }: Grid, y: Extent, x: Extent): Grid {
  if (y.length === 1 || x.length === width) {
    const from = y.start * width + x.start
    return { data: data.subarray(from, from + y.length * x.length), height: y.length, width: x.length }
  }
  const part = new Float32Array(y.length * x.length)
  for (let row = 0; row < y.length; row++) {
    const from = (y.start + row) * width + x.start
    part.set(data.subarray(from, from + x.length), row * x.length)
  }
  return { data: part, height: y.length, width: x.length }
}
