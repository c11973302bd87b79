/** Whether a layer does the same wherever a thing is in the image, measured: shift, then compare. */
import { integer, isArray, isObject, options as readOptions, pair, wrongType } from './check.js'
import { Conv2d } from './conv2d.js'
import { LocallyConnected2d, windowsOf } from './locally-connected2d.js'
import { resolveSides, type Sides } from './padding.js'
import { imageShape, shapeOf, type ImageShape } from './shape.js'
import { checkFloats, checkLength, checkShape, maxDimension, parts, tensor, type Tensor } from './tensor.js'

/** Anything that makes an image of an image: height x width x channels, or a batch of them. */
export interface ImageToImage {
  runSync(input: Tensor): Tensor
}

/** Options of equivariance(). */
export interface EquivarianceOptions {
  /**
   * Input pixels from one output pixel to the next: a number or [height, width]. Known of a Conv2d and a
   * LocallyConnected2d; of other layers 1 unless given.
   */
  readonly strides?: number | readonly [height: number, width: number] | undefined
  /**
   * How far the layer's windows reach over each side of the image, in input pixels: a number or { top, bottom, left,
   * right }. Known of a Conv2d and a LocallyConnected2d; of other layers 0 unless given.
   */
  readonly reach?: number | { readonly [side in keyof Sides]?: number | undefined } | undefined
}

/** A violation over some of the output. */
export interface Violation {
  /** The largest magnitude; 0 where nothing was compared. */
  readonly max: number
  /** The root of the mean square. */
  readonly rms: number
  /** How many outputs were compared, channels counted. */
  readonly count: number
}

/** What equivariance() finds. */
export interface Equivariance {
  /** F(shift X) - shift F(X), of the shape of the output; NaN where there is nothing to compare with. */
  readonly map: Tensor
  /** Of the outputs whose windows stay inside the image, before and after the shift. */
  readonly inside: Violation
  /** Of all others that were compared. */
  readonly border: Violation
  /** The shift of the output, in output pixels. */
  readonly outputShift: readonly [rows: number, columns: number]
  /** Whether the shift of the input is a whole number of strides. If not, the nearest shift of the output is compared. */
  readonly onLattice: boolean
}

/**
 * Measures how far a layer F is from translation equivariance, F(shift X) = shift F(X): what the chapter asks of a layer
 * (E2), seen from outside.
 *
 * The image is shifted in a circle, by `shift` rows down and columns to the right: what leaves at one side comes in at
 * the other, so no pixel is lost or made up. Where the output is as large as the image divided by the strides it is
 * shifted in a circle too; otherwise (padding `valid`) outputs without a counterpart are NaN in the map and not counted.
 *
 * | layer | violation |
 * | --- | --- |
 * | Conv2d, border `wrap` | none anywhere |
 * | Conv2d, another border | none inside |
 * | strided | the same, for shifts by whole strides (with `wrap`, of images of whole strides); others violate anywhere |
 * | LocallyConnected2d, DenseImageLayer | anywhere |
 *
 * None is 0 for whole numbers. For other numbers it is rounding, as sums may be in another order at another place, and
 * `accuracy: 'exact'` keeps it within that of a sum.
 *
 * @throws RangeError `ERR_CONV_RANGE`, `ERR_CONV_SHAPE`, TypeError `ERR_CONV_TYPE`, `ERR_CONV_OPTION`; and what the layer
 * throws.
 * @example
 * const layer = new Conv2d({ filter: tensor(Float32Array.of(1, 2, 1), [1, 3, 1, 1]), padding: 'same' })
 * const { map, inside, border } = equivariance(layer, tensor(Float32Array.of(1, 2, 3, 4, 5), [1, 5, 1]), [0, 1])
 * map.data // [-3, 5, 0, 0, -5]: beyond the border are zeros, not the pixels that came in
 * inside.max // 0
 */
export function equivariance(
  layer: ImageToImage,
  input: Tensor,
  shift: readonly [rows: number, columns: number],
  options: EquivarianceOptions = {},
): Equivariance {
  const { strides: givenStrides, reach } = readOptions('options', options, ['strides', 'reach'])
  if (!isObject(layer) || typeof layer.runSync !== 'function')
    throw wrongType('layer', 'a layer with runSync()', layer)
  const given = parts('input', input)
  const shape = checkShape('input.shape', given.shape)
  const data = checkFloats('input.data', given.data)
  checkLength('input', data, shape)
  const image = imageShape('input.shape', shape, 'nhwc')
  const by = checkShift(shift)
  const strides = pair('strides', givenStrides ?? stridesOf(layer, shape), 1, maxDimension)
  const sides = reach === undefined ? reachOf(layer, shape) : resolveSides(reach)

  const before = copyOf(layer.runSync({ data, shape })) // some layers write to the same memory every time
  const after = layer.runSync({ data: shiftImage(data, image, by), shape })
  const out = imageShape('the output', before.shape, 'nhwc')
  const rows = new Axis(image.height, out.height, strides[0], by[0], sides.top, sides.bottom)
  const columns = new Axis(image.width, out.width, strides[1], by[1], sides.left, sides.right)

  const map = new Float32Array(after.data.length)
  const inside = new Sum()
  const border = new Sum()
  const { width, channels } = out
  for (let n = 0, at = 0; n < out.batch; n++) {
    for (let i = 0; i < out.height; i++) {
      for (let j = 0; j < width; j++) {
        const [row, column] = [rows.sources[i]!, columns.sources[j]!]
        const from = ((n * out.height + row) * width + column) * channels
        const sum = rows.inside[i]! && columns.inside[j]! ? inside : border
        for (let c = 0; c < channels; c++, at++) {
          const isCompared = row >= 0 && column >= 0
          map[at] = isCompared ? after.data[at]! - before.data[from + c]! : NaN
          if (isCompared) sum.add(map[at]!)
        }
      }
    }
  }
  return Object.freeze({
    map: tensor(map, shapeOf(out, 'nhwc', shape.length)),
    inside: inside.violation(),
    border: border.violation(),
    outputShift: Object.freeze([rows.shift, columns.shift] as const),
    onLattice: rows.onLattice && columns.onLattice,
  })
}

/** What becomes of the outputs along one axis. */
class Axis {
  readonly shift: number
  readonly onLattice: boolean
  /** Where the counterpart of each output is before the shift, or -1. */
  readonly sources: readonly number[]
  /** Whether the windows of each output and of its counterpart are inside the image. */
  readonly inside: readonly boolean[]

  constructor(length: number, out: number, stride: number, by: number, before: number, after: number) {
    this.shift = Math.round(by / stride) + 0
    this.onLattice = by % stride === 0
    // The windows of all outputs span the padded image; the last may end before it.
    const span = length + before + after - (out - 1) * stride
    const isInside = (index: number): boolean =>
      index * stride - before >= 0 && index * stride - before + span <= length
    const isCircle = out * stride === length
    const indices = Array.from({ length: out }, (_, index) => index)
    this.sources = indices.map((index) => {
      const source = index - this.shift
      if (isCircle) return modulo(source, out)
      return source >= 0 && source < out ? source : -1
    })
    this.inside = indices.map((index) => isInside(index) && isInside(index - this.shift))
  }
}

/** Adds up a violation. */
class Sum {
  #max = 0
  #squares = 0
  #count = 0

  add(difference: number): void {
    this.#max = Math.max(this.#max, Math.abs(difference)) // NaN stays
    this.#squares += difference ** 2
    this.#count++
  }

  violation(): Violation {
    const rms = Math.sqrt(this.#squares / Math.max(this.#count, 1))
    return Object.freeze({ max: this.#max, rms, count: this.#count })
  }
}

/** An image shifted in a circle. */
function shiftImage(
  data: Float32Array,
  { batch, height, width, channels }: ImageShape,
  [down, right]: readonly [number, number],
): Float32Array {
  const shifted = new Float32Array(data.length)
  const row = width * channels
  const cut = modulo(right, width) * channels
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < height; i++) {
      const from = (n * height + i) * row
      const to = (n * height + modulo(i + down, height)) * row
      shifted.set(data.subarray(from, from + row - cut), to + cut)
      shifted.set(data.subarray(from + row - cut, from + row), to)
    }
  }
  return shifted
}

function modulo(value: number, length: number): number {
  return ((value % length) + length) % length
}

function checkShift(value: unknown): readonly [number, number] {
  if (!isArray(value) || value.length !== 2) throw wrongType('shift', '[rows, columns]', value)
  return [
    integer('shift', value[0], -maxDimension, maxDimension, 0),
    integer('shift', value[1], -maxDimension, maxDimension, 1),
  ]
}

function copyOf({ data, shape }: Tensor): Tensor {
  return { data: data.slice(), shape }
}

/** The strides of the layers that have some. */
function stridesOf(layer: ImageToImage, shape: readonly number[]): readonly [number, number] {
  if (layer instanceof Conv2d) {
    return [strideAlong(layer, shape, shape.length - 3), strideAlong(layer, shape, shape.length - 2)]
  }
  if (!(layer instanceof LocallyConnected2d)) return [1, 1]
  const { strideHeight, strideWidth } = windowsOf(layer).layer
  return [strideHeight, strideWidth]
}

/** A stride is by how much an image grows from one more output pixel to the next one more. */
function strideAlong(layer: Pick<Conv2d, 'outputShape'>, shape: readonly number[], axis: number): number {
  const outputs = (length: number): number => layer.outputShape(shape.with(axis, length))[axis]!
  const nextAfter = (length: number): number => {
    let next = length + 1
    while (outputs(next) === outputs(length)) next++
    return next
  }
  const first = nextAfter(shape[axis]!)
  return nextAfter(first) - first
}

/** The padding of the layers that have one. */
function reachOf(layer: ImageToImage, shape: readonly number[]): Sides {
  if (layer instanceof Conv2d) return layer.describe(shape).padding
  if (layer instanceof LocallyConnected2d) return windowsOf(layer).geometry.padding
  return { top: 0, bottom: 0, left: 0, right: 0 }
}
