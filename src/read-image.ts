/** Images that are read in JavaScript: of floats or bytes, checked as the kernels' are. */
import { typeOf, type Elements } from './element-type.js'
import { assertReadable } from './in-flight.js'
import { imageShape, imageWords, type ImageShape } from './shape.js'
import type { Layout } from './spec.js'
import { checkElements, checkLength, checkShape, orBytes, parts, type Tensor } from './tensor.js'

/** An image of floats or bytes. */
export type AnyImage = Tensor<readonly number[], Elements>

/** An image, and where its samples are. */
export interface ReadImage {
  readonly data: Elements
  /** As it was given, of rank 3 or 4. */
  readonly shape: readonly number[]
  readonly image: ImageShape
  readonly strides: Strides
}

/** Elements from a sample to the one of the next image, pixel and channel. */
export interface Strides {
  readonly image: number
  readonly pixel: number
  readonly channel: number
}

/** Reads something that claims to be an image of rank 3 or 4; its data and its shape are read once. */
export function readImage(name: string, value: unknown, layout: Layout): ReadImage {
  const given = parts(name, value)
  const shape = checkShape(`${name}.shape`, given.shape)
  const image = imageShape(`${name}.shape`, shape, layout)
  const data = checkElements(`${name}.data`, given.data, typeOf(given.data), orBytes)
  checkLength(name, data, shape, imageWords(layout, shape.length))
  assertReadable(name, data)
  return { data, shape, image, strides: stridesOf(image, layout) }
}

/** The strides of an image in a layout. */
export function stridesOf({ height, width, channels }: ImageShape, layout: Layout): Strides {
  const pixels = height * width
  return layout === 'nhwc'
    ? { image: pixels * channels, pixel: channels, channel: 1 }
    : { image: pixels * channels, pixel: 1, channel: pixels }
}
