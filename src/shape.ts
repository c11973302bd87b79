/** The arithmetic of a layer on an image: padding by name to numbers, input shape to output shape. Pure; no memory. */
import { convError, type ConvError } from './errors.js'
import type { PaddingSpec, Sides } from './padding.js'
import type { MlpTraits } from './mlp-spec.js'
import { filterWords, type LayerSpec, type Layout } from './spec.js'
import { elements, maxDimension, maxElements, times } from './tensor.js'

/** An image in words: a rank-3 image is a batch of one. */
export interface ImageShape {
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly channels: number
}

/** A layer meets an image. */
export interface Geometry {
  readonly input: ImageShape
  readonly output: ImageShape
  readonly padding: Sides
  /** In the user's layout and rank. */
  readonly inputShape: readonly number[]
  readonly outputShape: readonly number[]
  /** The axes of both, for messages. */
  readonly words: string
}

const words = {
  nhwc: ['batch', 'height', 'width', 'channels'],
  nchw: ['batch', 'channels', 'height', 'width'],
} as const satisfies Readonly<Record<Layout, readonly (keyof ImageShape)[]>>

/** "batch x height x width x channels", in the order of a layout and without the batch at rank 3. */
export function imageWords(layout: Layout, rank: number): string {
  return times(words[layout].slice(4 - rank))
}

/** Reads a shape of rank 3 or 4; `name` is what the shape belongs to. */
export function imageShape(name: string, shape: readonly number[], layout: Layout): ImageShape {
  const rank = shape.length
  if (rank !== 3 && rank !== 4) {
    throw convError(
      'ERR_CONV_SHAPE',
      `${name} must have 3 axes (${imageWords(layout, 3)}) or 4 (${imageWords(layout, 4)}), got ${rank} (${times(shape)})`,
    )
  }
  const axis = (word: keyof ImageShape): number => shape[words[layout].indexOf(word) - (4 - rank)] ?? 1
  return { batch: axis('batch'), height: axis('height'), width: axis('width'), channels: axis('channels') }
}

/** The shape of an image in a layout and rank. */
export function shapeOf(image: ImageShape, layout: Layout, rank: number): readonly number[] {
  return Object.freeze(words[layout].slice(4 - rank).map((word) => image[word]))
}

/** Everything that follows from a layer and the shape of an image; `shape` is a checked copy, and is kept. */
export function resolveGeometry(spec: LayerSpec, name: string, shape: readonly number[]): Geometry {
  const input = imageShape(name, shape, spec.layout)
  if (input.channels !== spec.inChannels) {
    const { filterLayout, filterShape, groups } = spec
    const grouped = groups === 1 ? '' : `, in ${groups} groups`
    const filter = `${times(filterShape)}, ${times(filterWords(filterLayout))}${grouped}`
    throw wrongChannels(spec, `the filter expects ${spec.inChannels} (${filter})`, shape)
  }
  const rows = resolveAxis(spec.padding, {
    word: 'height',
    lines: 'rows',
    ends: ['top', 'bottom'],
    length: input.height,
    kernel: spec.kernelHeight,
    dilation: spec.dilationHeight,
    stride: spec.strideHeight,
  })
  const columns = resolveAxis(spec.padding, {
    word: 'width',
    lines: 'columns',
    ends: ['left', 'right'],
    length: input.width,
    kernel: spec.kernelWidth,
    dilation: spec.dilationWidth,
    stride: spec.strideWidth,
  })
  const output = { batch: input.batch, height: rows.out, width: columns.out, channels: spec.outChannels }
  const padding = { top: rows.before, bottom: rows.after, left: columns.before, right: columns.after }
  return geometryOf(spec.layout, input, output, padding, shape)
}

/** Everything that follows from a perceptron per pixel and the shape of an image, in the same way. */
export function resolvePixels(spec: MlpTraits, name: string, shape: readonly number[]): Geometry {
  const { inChannels, outChannels, layout } = spec
  const input = imageShape(name, shape, layout)
  if (input.channels !== inChannels)
    throw wrongChannels(spec, `layers[0].weights has ${inChannels} inputs`, shape)
  const padding = { top: 0, bottom: 0, left: 0, right: 0 }
  return geometryOf(layout, input, { ...input, channels: outChannels }, padding, shape)
}

function geometryOf(
  layout: Layout,
  input: ImageShape,
  output: ImageShape,
  padding: Sides,
  inputShape: readonly number[],
): Geometry {
  const rank = inputShape.length
  const outputShape = shapeOf(output, layout, rank)
  checkOutput(outputShape)
  return {
    input,
    output,
    padding: Object.freeze(padding),
    inputShape: Object.freeze(inputShape),
    outputShape,
    words: imageWords(layout, rank),
  }
}

/** Refuses an output that no tensor can hold. */
export function checkOutput(shape: readonly number[]): void {
  if (elements(shape) > maxElements) {
    throw convError(
      'ERR_CONV_RANGE',
      `the output ${times(shape)} has ${elements(shape)} elements, a tensor holds at most ${maxElements}`,
    )
  }
}

/** Refuses an axis that padding makes too long to count. */
export function checkPadded(word: string, length: number, before: number, after: number): void {
  if (length + before + after > maxDimension) {
    throw convError(
      'ERR_CONV_RANGE',
      `the padded ${word} is ${length + before + after} (${length} + ${before} + ${after}), at most ${maxDimension} is possible`,
    )
  }
}

/** One axis of a layer on an image, or on a sequence. */
export interface Axis {
  readonly word: 'height' | 'width' | 'length'
  readonly lines: 'rows' | 'columns' | 'steps'
  readonly ends: readonly ['top', 'bottom'] | readonly ['left', 'right']
  readonly length: number
  readonly kernel: number
  readonly dilation: number
  readonly stride: number
}

/** The padding at both ends of an axis, and how many windows there are between them. */
export function resolveAxis(
  padding: PaddingSpec,
  axis: Axis,
): { readonly before: number; readonly after: number; readonly out: number } {
  const span = (axis.kernel - 1) * axis.dilation + 1
  const [before, after] = resolveEnds(padding, axis, span)
  checkPadded(axis.word, axis.length, before, after)
  const padded = axis.length + before + after
  if (span > padded) throw kernelTooLarge(axis, span, before, after)
  return { before, after, out: Math.floor((padded - span) / axis.stride) + 1 }
}

/** The padding at both ends of an axis. */
function resolveEnds(padding: PaddingSpec, axis: Axis, span: number): readonly [number, number] {
  if (padding === 'valid') return [0, 0]
  if (padding === 'full') return [span - 1, span - 1]
  if (typeof padding === 'object') return [padding[axis.ends[0]], padding[axis.ends[1]]]
  const out = Math.ceil(axis.length / axis.stride)
  const total = Math.max(0, (out - 1) * axis.stride + span - axis.length)
  const less = Math.floor(total / 2)
  return padding === 'same' ? [less, total - less] : [total - less, less]
}

function kernelTooLarge(axis: Axis, span: number, before: number, after: number): ConvError {
  const { word, lines, ends, length, kernel, dilation } = axis
  const dilated = dilation === 1 ? '' : ` with dilation ${dilation}`
  const has =
    before + after === 0
      ? `the input has ${length}`
      : `the padded input has ${length + before + after} (${length} + ${ends[0]} ${before} + ${ends[1]} ${after})`
  return convError('ERR_CONV_SHAPE', `kernel ${word} ${kernel}${dilated} spans ${span} ${lines}; ${has}`)
}

/** `expected` says who expects how many. */
function wrongChannels(
  { layout, inChannels }: { readonly layout: Layout; readonly inChannels: number },
  expected: string,
  shape: readonly number[],
): ConvError {
  const other = layout === 'nhwc' ? 'nchw' : 'nhwc'
  const fits = imageShape('input', shape, other).channels === inChannels
  return convError(
    'ERR_CONV_SHAPE',
    `input has ${imageShape('input', shape, layout).channels} channels, ${expected}${fits ? `; did you mean layout "${other}"?` : ''}`,
  )
}
