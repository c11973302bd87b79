/** Convolution by its definition, on the native kernel. */
import { conv2dSync } from './conv2d.js'
import type { OwnFloats } from './element-type.js'
import { crop, end, intersect, type Extent, type Grid, type Window } from './grid.js'

/**
 * Taps of one pass. More would fall out of the cache, and of the precision of a sum in 32 bits: passes add up in doubles.
 */
const mostTaps = 4096

/** The window of image * kernel. */
export function convolveDirectly(image: Grid, kernel: Grid, window: Window): OwnFloats {
  const awkward = kernel.data.some((tap) => !Number.isFinite(tap))
  return awkward ? convolveWithInfinities(image, kernel, window) : convolveFinite(image, kernel, window)
}

function convolveFinite(image: Grid, kernel: Grid, window: Window): OwnFloats {
  if (kernel.data.length <= mostTaps) return onePass(image, kernel, window, 'constant')
  const sums = new Float64Array(window.y.length * window.x.length)
  const width = Math.min(kernel.width, mostTaps)
  const height = Math.min(kernel.height, Math.floor(mostTaps / width))
  for (const y of stretches(kernel.height, height)) {
    for (const x of stretches(kernel.width, width)) {
      const seen = { y: shift(window.y, -y.start), x: shift(window.x, -x.start) }
      const part = crop(kernel, y, x)
      if (!touches(image.height, part.height, seen.y) || !touches(image.width, part.width, seen.x)) continue
      const terms = onePass(image, part, seen, 'constant')
      for (let index = 0; index < sums.length; index++) sums[index]! += terms[index]!
    }
  }
  return new Float32Array(sums)
}

/**
 * Outside the image there is nothing, and not a zero: infinity times that zero would be NaN. The border `renormalize`
 * leaves taps out, and then scales, which an infinity or NaN survives: of it comes where they are, and whatever is
 * finite from a pass without them. Only signs go into the former, so that no sum of finite terms overflows.
 */
function convolveWithInfinities(image: Grid, kernel: Grid, window: Window): OwnFloats {
  const tamed = { ...kernel, data: kernel.data.map((tap) => (Number.isFinite(tap) ? tap : 0)) }
  const result = convolveFinite(image, tamed, window)
  const marks = onePass(signsOf(image), signsOf(kernel), window, 'renormalize')
  for (let index = 0; index < result.length; index++) {
    if (!Number.isFinite(marks[index])) result[index] = marks[index]!
  }
  return result
}

function signsOf(grid: Grid): Grid {
  return { ...grid, data: grid.data.map((value) => (Number.isFinite(value) ? Math.sign(value) : value)) }
}

function onePass(image: Grid, kernel: Grid, { y, x }: Window, border: 'constant' | 'renormalize'): OwnFloats {
  const [rows, columns] = [reach(image.height, kernel.height, y), reach(image.width, kernel.width, x)]
  const { data, height, width } = crop(image, rows.inside, columns.inside)
  const layer = {
    filter: { data: kernel.data, shape: [kernel.height, kernel.width, 1, 1] },
    flip: true,
    padding: { top: rows.before, bottom: rows.after, left: columns.before, right: columns.after },
    border,
    accuracy: 'exact',
  } as const
  return conv2dSync({ data, shape: [height, width, 1] }, layer).data
}

/** What the kernel reads along an axis for a stretch of the full convolution: inside the image, and beyond its ends. */
function reach(
  length: number,
  taps: number,
  wanted: Extent,
): { inside: Extent; before: number; after: number } {
  const read = { start: wanted.start - (taps - 1), length: wanted.length + taps - 1 }
  const inside = intersect(read, { start: 0, length })
  return { inside, before: inside.start - read.start, after: end(read) - end(inside) }
}

function touches(length: number, taps: number, wanted: Extent): boolean {
  return reach(length, taps, wanted).inside.length > 0
}

function shift({ start, length }: Extent, by: number): Extent {
  return { start: start + by, length }
}

function stretches(total: number, length: number): Extent[] {
  const count = Math.ceil(total / length)
  return Array.from({ length: count }, (_, index) => {
    const start = index * length
    return { start, length: Math.min(length, total - start) }
  })
}
