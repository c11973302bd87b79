/**
 * Convolution by Fourier transforms, for long kernels: overlap-save, in double precision. A grid of two dimensions is
 * laid out as one long row, between whose rows there is room for what the kernel spills over.
 */
import FFT from 'fft.js'
import { end, type Grid, type Window } from './grid.js'

/** How the work is cut into transforms. */
export interface FftPlan {
  /** Of a transform: a power of two. */
  readonly size: number
  /** Of one row in the layout. */
  readonly rowLength: number
  /** Taps of the laid out kernel that one pass takes. */
  readonly piece: number
  /** Which add up. */
  readonly passes: number
  /** In units of one element times one of the log2(size) stages of a transform. */
  readonly cost: number
}

/** fft.js has its tables on the heap of JavaScript: 24 bytes an element, so 100 MB for this size. */
const largestSize = 2 ** 22

/**
 * Percival (2003, theorem 5.1) bounds the error of a convolution by transforms of 2^n elements, relative to the product
 * of the two norms, by about (3 + 3 sqrt(5) + 3 b) n u, with u = 2^-53 and twiddle factors correct to b u. Two blocks
 * travel as the real and imaginary parts of one, and overlap, for another sqrt(2): 21 n u where b is 1.5.
 */
const errorPerStage = 21 * 2 ** -53

/** The cheapest way to cut a convolution, of which a window of the full result is wanted. */
export function planFft(image: Grid, kernel: Grid, { y, x }: Window): FftPlan {
  // A row is as long that what is spilled over its end, onto the next, stays left of the window.
  const rowLength = Math.max(image.width, kernel.width, end(x), image.width + kernel.width - 1 - x.start)
  const taps = (kernel.height - 1) * rowLength + kernel.width
  const piece = Math.min(taps, largestSize / 2)
  const passes = Math.ceil(taps / piece)
  const count = y.length * rowLength
  let best: FftPlan | undefined
  for (let size = 2 ** Math.ceil(Math.log2(piece + 1)); size <= largestSize; size *= 2) {
    const pairs = Math.ceil(count / (size - piece + 1) / 2)
    // The tables and the kernel take about as long as two blocks.
    const cost = passes * (2 + 2 * pairs) * size * Math.log2(size)
    if (best === undefined || cost < best.cost) best = { size, rowLength, piece, passes, cost }
    if (pairs === 1) break
  }
  return best!
}

/** How far a result may be from the true sum before it is rounded to 32 bits, relative to the product of the norms. */
export function fftError({ size, passes }: FftPlan): number {
  return errorPerStage * Math.log2(size) * Math.sqrt(passes)
}

/** The window of image * kernel, each row of it in a row. */
export function convolveByFft(image: Grid, kernel: Grid, window: Window, plan: FftPlan): Float64Array {
  const { size, rowLength, piece } = plan
  const [row, taps] = [layOut(image, rowLength), layOut(kernel, rowLength)]
  const sums = new Float64Array(window.y.length * rowLength)
  const fft = new FFT(size)
  for (let first = 0; first < taps.length; first += piece) {
    const some = taps.subarray(first, first + piece)
    overlapSave(fft, row, some, window.y.start * rowLength - first, sums)
  }
  if (window.x.length === rowLength) return sums
  const { length, start } = window.x
  const cropped = new Float64Array(window.y.length * length)
  for (let y = 0; y < window.y.length; y++) {
    cropped.set(sums.subarray(y * rowLength + start, y * rowLength + start + length), y * length)
  }
  return cropped
}

/** One row after the other, each with zeros up to `rowLength`; after the last there are none. */
function layOut({ data, height, width }: Grid, rowLength: number): Float32Array {
  if (height === 1 || width === rowLength) return data
  const row = new Float32Array((height - 1) * rowLength + width)
  for (let y = 0; y < height; y++) row.set(data.subarray(y * width, (y + 1) * width), y * rowLength)
  return row
}

/**
 * Adds to `sums` the elements of the full convolution of two rows from `start` on. Of the circular convolution of `size`
 * elements of the row, all but the first taps - 1 are those of the linear one. As the taps are real, two blocks go
 * through one transform, as its real and imaginary part.
 */
function overlapSave(
  fft: FFT,
  row: Float32Array,
  taps: Float32Array,
  start: number,
  sums: Float64Array,
): void {
  const { size } = fft
  const step = size - taps.length + 1
  const block = new Float64Array(2 * size)
  const [kernel, spectrum] = [new Float64Array(2 * size), new Float64Array(2 * size)]
  for (let index = 0; index < taps.length; index++) block[2 * index] = taps[index]!
  fft.transform(kernel, block)
  for (let done = 0; done < sums.length; done += 2 * step) {
    const from = start + done - (taps.length - 1)
    for (let part = 0; part < 2; part++) gather(row, from + part * step, block, part)
    fft.transform(spectrum, block)
    multiply(spectrum, kernel)
    fft.inverseTransform(block, spectrum)
    for (let part = 0; part < 2; part++) {
      const first = done + part * step
      const last = Math.min(first + step, sums.length)
      let index = 2 * (taps.length - 1) + part
      for (let to = first; to < last; to++, index += 2) sums[to]! += block[index]!
    }
  }
}

/** Elements from `from` on into the real (0) or imaginary (1) parts of a block; outside the row there are zeros. */
function gather(row: Float32Array, from: number, block: Float64Array, part: number): void {
  for (let index = part, at = from; index < block.length; index += 2, at++) {
    block[index] = at >= 0 && at < row.length ? row[at]! : 0
  }
}

/** Complex numbers by complex numbers, in place. */
function multiply(a: Float64Array, b: Float64Array): void {
  for (let index = 0; index < a.length; index += 2) {
    const re = a[index]!
    const im = a[index + 1]!
    a[index] = re * b[index]! - im * b[index + 1]!
    a[index + 1] = re * b[index + 1]! + im * b[index]!
  }
}
