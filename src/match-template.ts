/** Templates in scenes: normalised cross-correlation, of convolutions. */
import { isArray, oneOf, options as readOptions, wrongType } from './check.js'
import { Conv2d } from './conv2d.js'
import { convError } from './errors.js'
import { readImage, stridesOf, type AnyImage, type ReadImage } from './read-image.js'
import { checkOutput, shapeOf } from './shape.js'
import type { Layout } from './spec.js'
import { freezeTensor, times, type Result, type Tensor } from './tensor.js'
import { boxLayer, centre, planesOf, unit, type Centred, type Size } from './window-sums.js'

/** How a template and a window are compared; see matchTemplate(). */
export type MatchMethod = (typeof methods)[number]

const methods = ['zncc', 'ncc'] as const

/** Options of matchTemplateSync(). */
export interface MatchSyncOptions {
  /**
   * `zncc`, the default: blind to brightness and contrast. `ncc`: blind to contrast alone, for templates whose level
   * matters.
   */
  readonly method?: MatchMethod | undefined
  /** Of scene, templates and scores. Default `nhwc`. */
  readonly layout?: Layout | undefined
}

/** Options of matchTemplate(). */
export interface MatchOptions extends MatchSyncOptions {
  /** Takes the match back while its convolutions wait for a thread. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Scores every window of a scene by how much it looks like a template: 1 is the same picture, 0 nothing in common, -1 its
 * negative.
 *
 * The scene is height x width x channels or a batch of those (or as `layout` says), of floats or bytes. A template is
 * height x width x channels; several of one size are looked for in one pass, and are the channels of the result. Score
 * [i, j, d] is that of template d with its top left pixel at row i and column j, so the result has
 * (scene - template + 1) rows and columns.
 *
 * `zncc` is the correlation coefficient of the samples of the window X and those of the template T (Lewis 1995, Fast
 * Normalized Cross-Correlation), each channel without its mean, all channels together:
 *
 *     score = sum (X - mean X) (T - mean T) / sqrt(sum (X - mean X)^2 sum (T - mean T)^2)
 *
 * It does not change when scene or template are made brighter or dimmer, or, all channels alike, richer or poorer in
 * contrast. `ncc` is the same without the means. Both are made of three convolutions: the scene with the templates, and,
 * for what varies in a window, it and its squares with a box.
 *
 * A window without contrast has no picture to compare, and scores 0: one whose samples are all equal, or differ by no more
 * than the roundings of their sums. A window that holds NaN or an infinity scores NaN. Elsewhere the error is at most
 * `(n + 6) 2^-24 sqrt(1 + (m / s)^2)` plus as much as the sums of squares are off, where n counts the samples of a
 * template, s is the standard deviation of the window and m what its mean differs from the scene's; usually it is below
 * 1e-6. Rounding never takes a score out of [-1, 1].
 *
 * Costs the convolution with the templates, two passes of a box, and some 50 ns for each pixel of the scene on this
 * thread. The scene is copied before the promise is returned, and free from then on.
 *
 * @throws never; the promise rejects with what matchTemplateSync() throws, and with the reason of the signal.
 * @example
 * const scores = await matchTemplate(scene, [waldo, wenda])
 * const [best] = findPeaks(scores, { threshold: 0.7 }) // undefined: neither is anywhere
 */
export async function matchTemplate(
  scene: AnyImage,
  templates: AnyImage | readonly AnyImage[],
  options: MatchOptions = {},
): Promise<Result> {
  const { method, layout, signal } = readOptions('options', options, ['method', 'layout', 'signal'])
  using match = new Match(scene, templates, method, layout)
  const run = { signal: signal as AbortSignal | undefined }
  const [products, sums] = await Promise.all([
    match.correlation.run(match.samples, run),
    match.box.run(match.planes, run),
  ])
  return match.score(products, sums)
}

/**
 * Scores every window of a scene by how much it looks like a template, on this thread, with idle ones helping; see
 * matchTemplate().
 *
 * @throws RangeError `ERR_CONV_SHAPE` for templates that differ in size, have other channels than the scene or do not fit
 * into it; RangeError `ERR_CONV_RANGE` for a template that is not finite or, with `zncc`, has no contrast; and what
 * tensor() throws for images, Conv2d for options.
 * @example
 * const scene = tensor(Float32Array.of(0, 0, 10, 30, 20, 0, 0), [1, 7, 1])
 * const template = tensor(Float32Array.of(1, 3, 2), [1, 3, 1])
 * matchTemplateSync(scene, template).data // [0, 0.33, 1, -0.33, -0.87], rounded: it is at column 2
 */
export function matchTemplateSync(
  scene: AnyImage,
  templates: AnyImage | readonly AnyImage[],
  options: MatchSyncOptions = {},
): Result {
  const { method, layout } = readOptions('options', options, ['method', 'layout'])
  using match = new Match(scene, templates, method, layout)
  return match.score(match.correlation.runSync(match.samples), match.box.runSync(match.planes))
}

/** One scene and its templates, between the convolutions. */
class Match {
  /** With the templates, each of length 1. */
  readonly correlation: Conv2d
  /** Sums over windows of their size. */
  readonly box: Conv2d
  readonly samples: Tensor
  readonly planes: Tensor
  readonly #scene: ReadImage
  readonly #templates: Templates
  readonly #removesMean: boolean
  readonly #layout: Layout
  readonly #errors: Centred['errors']

  constructor(scene: unknown, templates: unknown, method: unknown = 'zncc', layout: unknown = 'nhwc') {
    this.#removesMean = oneOf('method', method, methods) === 'zncc'
    this.#layout = oneOf('layout', layout, ['nhwc', 'nchw'])
    const given = listTemplates(templates).map(({ name, value }) => readTemplate(name, value, this.#layout))
    this.#scene = readImage('scene', scene, this.#layout)
    checkSizes(this.#scene, given)
    this.#templates = normalise(given, this.#removesMean)
    const { filter, height, width } = this.#templates
    const { samples, planes, errors } = centre(this.#scene, { height, width }, this.#removesMean)
    this.samples = { data: samples, shape: this.#scene.shape }
    this.planes = planes
    this.#errors = errors
    this.correlation = new Conv2d({ filter, layout: this.#layout, accuracy: 'exact' })
    this.box = boxLayer({ height, width })
  }

  /** Products over the lengths of window and template, in the memory of the products. */
  score(products: Result, sums: Result): Result {
    const { batch, height, width, channels } = this.#scene.image
    const { count, height: windowHeight, width: windowWidth } = this.#templates
    const image = {
      batch: 1,
      height: height - windowHeight + 1,
      width: width - windowWidth + 1,
      channels: count,
    }
    const pixels = image.height * image.width
    const strides = stridesOf(image, this.#layout)
    const planes = planesOf(channels, this.#removesMean)
    for (let index = 0; index < batch; index++) {
      const scores = products.data.subarray(index * strides.image, (index + 1) * strides.image)
      const windows = sums.data.subarray(index * planes * pixels, (index + 1) * planes * pixels)
      this.#scoreImage(scores, windows, image, this.#errors[index]!)
    }
    const shape = shapeOf({ ...image, batch }, this.#layout, this.#scene.shape.length)
    return freezeTensor(products.data, shape)
  }

  /** One image, row by row: first the contrast of each window, then the scores of each template. */
  #scoreImage(scores: Float32Array, windows: Float32Array, { height, width }: Size, error: number): void {
    const { count, lengths, offsets, height: windowHeight, width: windowWidth } = this.#templates
    const channels = this.#removesMean ? this.#scene.image.channels : 0
    const pixels = height * width
    const { pixel: step, channel: toNext } = stridesOf(
      { batch: 1, height, width, channels: count },
      this.#layout,
    )
    const means = Array.from({ length: channels }, () => new Float64Array(width))
    const factors = new Float64Array(width)
    for (let row = 0; row < height; row++) {
      measureWindows(windows, row * width, pixels, windowHeight * windowWidth, error, means, factors)
      for (let template = 0; template < count; template++) {
        const first = row * width * step + template * toNext
        scoreWindows(scores, first, step, means, offsets[template]!, factors, lengths[template]!)
      }
    }
  }

  /** Lets go of the packed templates. */
  [Symbol.dispose](): void {
    this.correlation.dispose()
    this.box.dispose()
  }
}

/**
 * For a row of windows of n pixels the mean of each channel, and one over the length of what varies: 0 where nothing does.
 * `planes` are the sums of high and low parts, `pixels` apart; the row begins at `first`.
 */
function measureWindows(
  planes: Float32Array,
  first: number,
  pixels: number,
  n: number,
  error: number,
  means: readonly Float64Array[],
  factors: Float64Array,
): void {
  const share = 1 / n
  const squares = first + 2 * means.length * pixels
  for (let column = 0; column < factors.length; column++) {
    const energy = planes[squares + column]! + planes[squares + pixels + column]!
    let variation = energy
    let slack = 1
    for (let channel = 0; channel < means.length; channel++) {
      const high = first + 2 * channel * pixels + column
      const sum = planes[high]! + planes[high + pixels]!
      const mean = sum * share
      means[channel]![column] = mean
      variation -= sum * mean
      slack += 2 * Math.abs(mean)
    }
    // What may be left of a window without contrast: the errors of the sums, and the rounding of a sample, squared.
    const isFlat = variation <= error * slack + (2 * unit) ** 2 * energy
    factors[column] = isFlat ? 0 : 1 / Math.sqrt(variation)
  }
}

/** From a row of products to the scores of one template. */
function scoreWindows(
  scores: Float32Array,
  first: number,
  step: number,
  means: readonly Float64Array[],
  offsets: Float64Array,
  factors: Float64Array,
  length: number,
): void {
  for (let column = 0, index = first; column < factors.length; column++, index += step) {
    let product = scores[index]!
    for (let channel = 0; channel < means.length; channel++)
      product -= offsets[channel]! * means[channel]![column]!
    const score = product * factors[column]! * length
    scores[index] = score > 1 ? 1 : score < -1 ? -1 : score + 0 // no -0; Math.min() takes 5 ns
  }
}

/** Templates as the filter of a layer. */
interface Templates {
  /** Window height x width x channels x templates. */
  readonly filter: Tensor
  readonly height: number
  readonly width: number
  readonly count: number
  /** Of each template: one over the length of its weights, which is 1 but for their rounding. */
  readonly lengths: Float64Array
  /** Of each template and channel: the sum of the weights, which is 0 but for their rounding. */
  readonly offsets: readonly Float64Array[]
}

interface NamedImage extends ReadImage {
  readonly name: string
}

/** One template or several, by the names that messages give them. */
function listTemplates(given: unknown): { name: string; value: unknown }[] {
  if (!isArray(given)) return [{ name: 'template', value: given }]
  const values = Array.from({ length: given.length }, (_, index) => given[index])
  if (values.length === 0) throw wrongType('templates', 'a tensor or an array of tensors', given)
  return values.map((value, index) => ({ name: `templates[${index}]`, value }))
}

/** A template, which is an image of rank 3. */
function readTemplate(name: string, value: unknown, layout: Layout): NamedImage {
  const template = readImage(name, value, layout)
  if (template.shape.length === 3) return { name, ...template }
  throw convError(
    'ERR_CONV_SHAPE',
    `${name}.shape must have 3 axes, got 4 (${times(template.shape)}); several templates are an array of tensors`,
  )
}

/** Templates have one size and the channels of the scene, and fit into it. */
function checkSizes({ image: scene, shape }: ReadImage, templates: readonly NamedImage[]): void {
  const [first] = templates as [NamedImage]
  for (const { name, image, shape: own } of templates) {
    if (image.channels !== scene.channels) {
      throw convError(
        'ERR_CONV_SHAPE',
        `${name} has ${image.channels} channels, scene has ${scene.channels} (${times(own)} in ${times(shape)}); they must have the same`,
      )
    }
    if (image.height > scene.height || image.width > scene.width) {
      throw convError(
        'ERR_CONV_SHAPE',
        `${name} must fit into scene, got ${image.height} x ${image.width} pixels in ${scene.height} x ${scene.width}`,
      )
    }
    if (image.height !== first.image.height || image.width !== first.image.width) {
      throw convError(
        'ERR_CONV_SHAPE',
        `${name} must be as large as ${first.name}, got ${image.height} x ${image.width} pixels and ${first.image.height} x ${first.image.width}; match each size in a call of its own`,
      )
    }
  }
  const rows = scene.height - first.image.height + 1
  const columns = scene.width - first.image.width + 1
  checkOutput([scene.batch, rows, columns, templates.length])
}

/** Removes the means, if they do not count, and scales each template to length 1. */
function normalise(templates: readonly NamedImage[], removesMean: boolean): Templates {
  const count = templates.length
  const { height, width, channels } = templates[0]!.image
  const pixels = height * width
  const data = new Float32Array(pixels * channels * count)
  const lengths = new Float64Array(count)
  const offsets = Array.from({ length: count }, () => new Float64Array(channels))
  for (const [template, { name, data: given, strides }] of templates.entries()) {
    const sampleAt = (pixel: number, channel: number): number =>
      given[pixel * strides.pixel + channel * strides.channel]!
    const means = measureTemplate(name, sampleAt, pixels, channels, removesMean)
    let squares = 0
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < channels; channel++)
        squares += (sampleAt(pixel, channel) - means[channel]!) ** 2
    }
    let rounded = 0
    for (let channel = 0; channel < channels; channel++) {
      let offset = 0
      for (let pixel = 0; pixel < pixels; pixel++) {
        const weight = Math.fround((sampleAt(pixel, channel) - means[channel]!) / Math.sqrt(squares))
        data[(pixel * channels + channel) * count + template] = weight
        offset += weight
        rounded += weight * weight
      }
      if (!removesMean) continue
      offsets[template]![channel] = offset
      rounded -= (offset * offset) / pixels
    }
    lengths[template] = 1 / Math.sqrt(rounded)
  }
  return {
    filter: { data, shape: [height, width, channels, count] },
    height,
    width,
    count,
    lengths,
    offsets,
  }
}

/** The mean of each channel, or zeros; refuses a template that has nothing to be recognised by. */
function measureTemplate(
  name: string,
  sampleAt: (pixel: number, channel: number) => number,
  pixels: number,
  channels: number,
  removesMean: boolean,
): Float64Array {
  const means = new Float64Array(channels)
  let isFlat = true
  for (let channel = 0; channel < channels; channel++) {
    const level = removesMean ? sampleAt(0, channel) : 0
    let sum = 0
    for (let pixel = 0; pixel < pixels; pixel++) {
      const sample = sampleAt(pixel, channel)
      if (sample - sample !== 0)
        throw convError(
          'ERR_CONV_RANGE',
          `${name} must be finite, got ${sample} at pixel ${pixel} of channel ${channel}`,
        )
      if (sample !== level) isFlat = false
      sum += sample - level
    }
    if (removesMean) means[channel] = level + sum / pixels
  }
  if (!isFlat) return means
  throw convError(
    'ERR_CONV_RANGE',
    removesMean
      ? `${name} must have contrast, got ${pixels === 1 ? '1 pixel' : `${pixels} pixels that are all alike`}; zncc compares pictures, not levels`
      : `${name} must have a sample other than 0, got zeros only`,
  )
}
