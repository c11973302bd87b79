/** Reading the numbers of `simdconv find`. */
import { quote } from '../check.js'
import { usageFailure } from './failure.js'

const MOST_VALUES = 100
const SCALES = { least: 0.05, most: 20 }
const ROTATIONS = { least: -360, most: 360 }

/** An octave in sixths around 1: a template between two of them is at most 6 % larger or smaller than one. */
const DEFAULT_SCALES = [-3, -2, -1, 0, 1, 2, 3].map((sixth) => 2 ** (sixth / 6))

/** The sizes in which templates are looked for. */
export function scalesOption(given: string | undefined): readonly number[] {
  return given === undefined ? DEFAULT_SCALES : numbers('--scales', given, SCALES)
}

/** The angles in which templates are looked for, in degrees. */
export function rotationsOption(given: string | undefined): readonly number[] {
  return given === undefined ? [0] : numbers('--rotations', given, ROTATIONS)
}

/** The least score of a place, where it is not left to chance. */
export function thresholdOption(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const threshold = toNumber(given)
  if (threshold >= -1 && threshold <= 1) return threshold
  throw usageFailure(`--threshold must be a number from -1 to 1, got ${quote(given)}`, 'find')
}

/** How many places are told of, for each template. */
export function countOption(given: string): number {
  const count = toNumber(given)
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count
  throw usageFailure(`--count must be an integer from 1 to 1000, got ${quote(given)}`, 'find')
}

/** "0.5,1,2" or "from:to:step". */
function numbers(option: string, given: string, { least, most }: { least: number; most: number }): number[] {
  const parts = given.split(':')
  const values =
    parts.length === 1 ? given.split(',').map(toNumber) : range(option, given, parts.map(toNumber))
  const wrong = values.findIndex((value) => !(value >= least && value <= most))
  if (wrong >= 0)
    throw usageFailure(`${option} must be numbers from ${least} to ${most}, such as 0.5,1,2 or 0.5:2:0.25 (from, to, step), got ${quote(given)}`, 'find') // prettier-ignore
  return [...new Set(values)]
}

function range(option: string, given: string, [from, to, step, ...more]: readonly number[]): number[] {
  const steps = Math.floor((to! - from!) / step! + 1e-9)
  if (more.length > 0 || !(step! > 0) || !(steps >= 0)) {
    throw usageFailure(
      `${option} must go from:to:step upwards, such as 0.5:2:0.25, got ${quote(given)}`,
      'find',
    )
  }
  if (steps >= MOST_VALUES)
    throw usageFailure(
      `${option} must be at most ${MOST_VALUES} numbers, got ${steps + 1} (${quote(given)})`,
      'find',
    )
  return Array.from({ length: steps + 1 }, (_, index) => from! + index * step!)
}

/** NaN for what is no number; an empty text is none. */
function toNumber(text: string): number {
  return text.trim() === '' ? NaN : Number(text)
}
