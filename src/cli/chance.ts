/**
 * From which score on a template is there, and not only something like it.
 *
 * Nearly all windows of a scene hold something else, so a map of scores tells by itself how high a template scores by
 * chance: high where it is plain (a slope of grey resembles any other), low where it is rich in detail. Fisher's
 * transform atanh(score) makes the spread of correlations even. Were they normal, six times their root mean square would be
 * passed by one window in 10^9; scores of photos have longer tails. Of 32 crops of 32 to 96 pixels of four photos, with
 * noise and made smaller by a fifth, 3 passed it in one of 96 other photos, all of them of 26 x 26 pixels.
 */
import type { Tensor } from '../index.js'

const DEVIATIONS = 6
/** However rare, a score below this shares less than a quarter of its variance with the template. */
const LEAST = 0.5
/** With fewer windows than this times the pixels of the template, too many of them overlap what is looked for. */
const WINDOWS_PER_PIXEL = 4
const WITHOUT_SPREAD = 0.8

/** How a threshold came about. */
export interface Threshold {
  readonly threshold: number
  /** Of the transformed scores, their root mean square; none where there are too few. */
  readonly spread: number | undefined
}

/** The threshold for one channel of scores, of a template with so many pixels. */
export function thresholdFor({ data, shape }: Tensor, channel: number, pixels: number): Threshold {
  const [height, width, channels] = shape as [number, number, number]
  if (height * width < WINDOWS_PER_PIXEL * pixels) return { threshold: WITHOUT_SPREAD, spread: undefined }
  let squares = 0
  for (let index = channel; index < data.length; index += channels) squares += fisher(data[index]!) ** 2
  const spread = Math.sqrt(squares / (height * width))
  return { threshold: Math.max(LEAST, Math.tanh(DEVIATIONS * spread)), spread }
}

/** Finite also for what is the template itself. */
function fisher(score: number): number {
  return Math.atanh(Math.min(Math.max(score, -0.9999), 0.9999))
}

/** How a threshold came about, in a sentence. */
export function explain({ threshold, spread }: Threshold): string {
  const number = threshold.toFixed(2)
  if (spread === undefined)
    return `${number} is fixed, for the scene has too few windows to tell what a score by chance is.`
  const scatter = `the scores over this scene scatter by ${spread.toFixed(2)} (root mean square of atanh)`
  const six = `${DEVIATIONS} times that is ${Math.tanh(DEVIATIONS * spread).toFixed(2)}`
  return threshold === LEAST
    ? `${number} is the least that counts; ${scatter}, and ${six}.`
    : `${number} is what chance does not reach: ${scatter}, and ${six}.`
}
