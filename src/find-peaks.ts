/** The highest places of a map of scores. */
import { bool, integer, oneOf, options as readOptions, pair, wrongNumber } from './check.js'
import { convError } from './errors.js'
import { readImage, type ReadImage } from './read-image.js'
import type { Layout } from './spec.js'
import { maxDimension, times, type Tensor } from './tensor.js'

/** Options of findPeaks(). */
export interface PeakOptions {
  /** At most so many peaks, the best ones. Default 10. */
  readonly count?: number | undefined
  /** The least score of a peak. Default none: every score that is a number will do. */
  readonly threshold?: number | undefined
  /**
   * Two peaks are at least so many rows or so many columns apart; a number for both, or [height, width]. Default 1:
   * anywhere else. Half of a template's size keeps one peak for each thing found.
   */
  readonly minimumDistance?: number | readonly [height: number, width: number] | undefined
  /** True: each channel has peaks of its own. False, the default: a place is one peak, of the channel that scores best. */
  readonly perChannel?: boolean | undefined
  /** Of the scores. Default `nhwc`. */
  readonly layout?: Layout | undefined
}

/** A place that scores higher than those around it. */
export interface Peak {
  readonly score: number
  /** Of the pixel that has this score. */
  readonly row: number
  readonly column: number
  /** In a map of matchTemplate(), the number of the template. */
  readonly channel: number
  /** Where the surface through the scores around the pixel has its top: `row` and `column`, give or take half a pixel. */
  readonly y: number
  readonly x: number
}

/**
 * Finds the best peaks of a map of scores, best first, and no two of them close to each other (non-maximum suppression).
 *
 * The scores are height x width x channels. A peak is a pixel that scores more than its eight neighbours in its channel,
 * of neighbours that score the same the first in reading order. Peaks are taken from the best down; each suppresses those
 * that are closer than `minimumDistance`. Of peaks that score the same the first in reading order is taken, then the one
 * of the first channel: the same map gives the same peaks. A score that is NaN is none, and lower than all others.
 *
 * `y` and `x` are the top of the surface of second degree that has the score, the first and the second differences of the
 * pixel and its neighbours; at the edge of the map, and where the surface has no top, each axis has a parabola of its
 * own, or stays.
 *
 * @throws RangeError `ERR_CONV_RANGE` for a count or distance that is no integer from 1 on, or a threshold that is NaN;
 * `ERR_CONV_SHAPE` for scores that are not height x width x channels; and what tensor() throws for them.
 * @example
 * const scores = tensor(Float32Array.of(0, 1, 3, 2, 0, 0, 5, 0), [1, 8, 1])
 * findPeaks(scores).map(({ x }) => x) // [6, 2.17]: parabolas through 0 5 0 and 1 3 2
 */
export function findPeaks(scores: Tensor, options: PeakOptions = {}): Peak[] {
  const given = readOptions('options', options, [
    'count',
    'threshold',
    'minimumDistance',
    'perChannel',
    'layout',
  ])
  const { minimumDistance = 1, perChannel = false, layout = 'nhwc' } = given
  const count = integer('count', given['count'] ?? 10, 1, maxDimension)
  const threshold = readThreshold(given['threshold'] ?? -Infinity)
  const distance = pair('minimumDistance', minimumDistance, 1, maxDimension)
  const apart = bool('perChannel', perChannel)
  const map = readImage('scores', scores, oneOf('layout', layout, ['nhwc', 'nchw']))
  if (map.shape.length !== 3) {
    throw convError(
      'ERR_CONV_SHAPE',
      `scores.shape must have 3 axes, got 4 (${times(map.shape)}); find the peaks of each image of a batch by themselves`,
    )
  }
  const candidates = localMaxima(map, threshold).sort((a, b) => b.score - a.score)
  return suppress(candidates, map, distance, apart, count).map((place) => refine(place, map))
}

function readThreshold(value: unknown): number {
  if (typeof value === 'number' && value === value) return value
  throw wrongNumber('threshold', 'a number', value)
}

/** A pixel of a channel, and its score. */
interface Place {
  readonly score: number
  readonly row: number
  readonly column: number
  readonly channel: number
}

/** The score of a pixel; NaN beyond the edge. */
function scoreAt({ data, image, strides }: ReadImage, row: number, column: number, channel: number): number {
  if (row < 0 || row >= image.height || column < 0 || column >= image.width) return NaN
  return data[(row * image.width + column) * strides.pixel + channel * strides.channel]!
}

/** In reading order, so that sorting, which is stable, leaves equal ones in it. */
function localMaxima(map: ReadImage, threshold: number): Place[] {
  const { height, width, channels } = map.image
  const places: Place[] = []
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < channels; channel++) {
        const score = scoreAt(map, row, column, channel)
        if (score >= threshold && isMaximum(map, score, row, column, channel))
          places.push({ score, row, column, channel })
      }
    }
  }
  return places
}

/** Whether no neighbour scores more, nor one that comes earlier the same; NaN does neither. */
function isMaximum(map: ReadImage, score: number, row: number, column: number, channel: number): boolean {
  for (let dx = -1; dx <= 1; dx++) {
    if (scoreAt(map, row - 1, column + dx, channel) >= score) return false
    if (scoreAt(map, row + 1, column + dx, channel) > score) return false
  }
  return !(scoreAt(map, row, column - 1, channel) >= score || scoreAt(map, row, column + 1, channel) > score)
}

/** The first `count` places that are far enough from those before them. Those have marked their surroundings. */
function suppress(
  candidates: readonly Place[],
  { image: { height, width, channels } }: ReadImage,
  [distanceY, distanceX]: readonly [number, number],
  perChannel: boolean,
  count: number,
): Place[] {
  const taken = new Uint8Array(height * width * (perChannel ? channels : 1))
  const kept: Place[] = []
  for (const place of candidates) {
    const first = perChannel ? place.channel * height * width : 0
    if (taken[first + place.row * width + place.column] === 1) continue
    kept.push(place)
    if (kept.length === count) break
    const left = Math.max(place.column - distanceX + 1, 0)
    const right = Math.min(place.column + distanceX, width)
    const bottom = Math.min(place.row + distanceY, height)
    for (let row = Math.max(place.row - distanceY + 1, 0); row < bottom; row++)
      taken.fill(1, first + row * width + left, first + row * width + right)
  }
  return kept
}

/** Adds the top of the surface around a place. */
function refine(place: Place, map: ReadImage): Peak {
  const { row, column, channel, score } = place
  const at = (dy: number, dx: number): number => scoreAt(map, row + dy, column + dx, channel)
  const slopeY = (at(1, 0) - at(-1, 0)) / 2
  const slopeX = (at(0, 1) - at(0, -1)) / 2
  const curveY = at(1, 0) - 2 * score + at(-1, 0)
  const curveX = at(0, 1) - 2 * score + at(0, -1)
  const twist = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
  const determinant = curveY * curveX - twist * twist
  const hasTop = curveY < 0 && determinant > 0
  const dy = hasTop ? (twist * slopeX - curveX * slopeY) / determinant : -slopeY / curveY
  const dx = hasTop ? (twist * slopeY - curveY * slopeX) / determinant : -slopeX / curveX
  return Object.freeze({ ...place, y: row + withinHalf(dy), x: column + withinHalf(dx) })
}

/** At most half a pixel; 0 where an axis is level, or has no neighbours. */
function withinHalf(offset: number): number {
  return Number.isFinite(offset) ? Math.min(Math.max(offset, -0.5), 0.5) : 0
}
