/** Looking for templates in a scene, in every size and angle. */
import type { Tensor } from '../index.js'
import { findPeaks, globalMaxPool, matchTemplate } from '../index.js'
import { thresholdFor, type Threshold } from './chance.js'
import type { Variant } from './template-variants.js'

/** A place that may be one. */
export interface Find {
  readonly variant: Variant
  readonly score: number
  readonly limit: Threshold
  readonly isHere: boolean
  /** Of the top left corner, in pixels of the scene and parts of them. */
  readonly x: number
  readonly y: number
}

/** What was found, and where it was warm. */
export interface Search {
  /** Of each template the places where it is, best first; where it is not, its best place. */
  readonly finds: readonly (readonly Find[])[]
  /** [height][width]: the best score of all windows with their middle there; -1 where there is none. */
  readonly heat: Float32Array
}

/** Matches the variants; those of one size in one pass. */
export async function search(
  scene: Tensor,
  variants: readonly Variant[],
  templates: number,
  threshold: number | undefined,
  count: number,
): Promise<Search> {
  const [height, width] = scene.shape as [number, number]
  const heat = new Float32Array(height * width).fill(-1)
  const candidates: Find[] = []
  for (const group of bySize(variants)) {
    const scores = await matchTemplate(
      scene,
      group.map(({ pixels }) => pixels),
    )
    warm(heat, width, scores, group[0]!.pixels)
    candidates.push(...candidatesIn(scores, group, threshold, count))
  }
  candidates.sort((a, b) => Number(b.isHere) - Number(a.isHere) || b.score - a.score)
  const finds = Array.from({ length: templates }, (_, template) => {
    const [best, ...others] = candidates.filter(({ variant }) => variant.template === template)
    return best!.isHere ? apart([best!, ...others.filter(({ isHere }) => isHere)], count) : [best!]
  })
  return { finds, heat }
}

function bySize(variants: readonly Variant[]): Iterable<readonly Variant[]> {
  const groups = new Map<string, Variant[]>()
  for (const variant of variants) {
    const size = variant.pixels.shape.join('x')
    groups.set(size, [...(groups.get(size) ?? []), variant])
  }
  return groups.values()
}

/** Of each variant the places above its threshold; where there is none, the best one. */
function candidatesIn(
  scores: Tensor,
  group: readonly Variant[],
  threshold: number | undefined,
  count: number,
): Find[] {
  const [windowHeight, windowWidth] = group[0]!.pixels.shape as [number, number]
  const best = globalMaxPool(scores).data
  return group.flatMap((variant, channel) => {
    const limit =
      threshold === undefined
        ? thresholdFor(scores, channel, windowHeight * windowWidth)
        : { threshold, spread: undefined }
    const isHere = best[channel]! >= limit.threshold
    const peaks = findPeaks(channelOf(scores, channel), {
      count: isHere ? count : 1,
      threshold: isHere ? limit.threshold : -1,
      minimumDistance: [Math.ceil(windowHeight / 2), Math.ceil(windowWidth / 2)],
    })
    return peaks.map(({ score, x, y }) => ({ variant, score, limit, isHere, x, y }))
  })
}

function channelOf({ data, shape }: Tensor, channel: number): Tensor {
  const [height, width, channels] = shape as [number, number, number]
  if (channels === 1) return { data, shape }
  const values = Float32Array.from(
    { length: height * width },
    (_, pixel) => data[pixel * channels + channel]!,
  )
  return { data: values, shape: [height, width, 1] }
}

/** The first finds of a list whose middles lie in no earlier one's window. */
function apart(candidates: readonly Find[], count: number): Find[] {
  const kept: Find[] = []
  for (const find of candidates) {
    if (kept.length === count) break
    if (!kept.some((other) => holds(other, find) || holds(find, other))) kept.push(find)
  }
  return kept
}

/** Whether the middle of a find lies in the window of another. */
function holds(outer: Find, inner: Find): boolean {
  const [outerHeight, outerWidth] = outer.variant.pixels.shape as [number, number]
  const [innerHeight, innerWidth] = inner.variant.pixels.shape as [number, number]
  const fromLeft = inner.x + innerWidth / 2 - outer.x
  const fromTop = inner.y + innerHeight / 2 - outer.y
  return fromLeft >= 0 && fromLeft <= outerWidth && fromTop >= 0 && fromTop <= outerHeight
}

/** Raises the heat to the best score of each window, at the window's middle. */
function warm(heat: Float32Array, width: number, { data, shape }: Tensor, window: Tensor): void {
  const [rows, columns, channels] = shape as [number, number, number]
  const [windowHeight, windowWidth] = window.shape as [number, number]
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const middle = (row + (windowHeight >> 1)) * width + column + (windowWidth >> 1)
      const first = (row * columns + column) * channels
      for (let index = first; index < first + channels; index++)
        if (data[index]! > heat[middle]!) heat[middle] = data[index]!
    }
  }
}
