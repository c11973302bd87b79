/** What must compile of convolve(), correlate(), Conv1d and DepthwiseConv2d, and what must not. Never run. */
import {
  Conv1d,
  Conv2d,
  convolve,
  correlate,
  DepthwiseConv2d,
  tensor,
  type Conv1dDescription,
  type Conv1dOptions,
  type ConvolveOptions,
  type DepthwiseConv2dOptions,
  type Filter1dLayout,
  type Layout1d,
  type OwnBytes,
  type OwnFloats,
  type Padding1d,
  type Result,
} from 'simdconv'

const data = new Float32Array(12)
const matrix = tensor(data, [3, 4])
const filter = tensor(data, [3, 2, 2])
const bytes = new Uint8Array(12)

// Arrays give arrays, tensors give tensors.
const floats: OwnFloats = convolve(data, data)
const result: Result = correlate(matrix, { data, shape: [3, 4] }, { mode: 'same', method: 'direct' })
const options: Required<ConvolveOptions> = { mode: 'valid', method: 'fft' }
// @ts-expect-error an array and a tensor
convolve(data, matrix)
// @ts-expect-error arrays of bytes
convolve(bytes, bytes)
// @ts-expect-error arrays of numbers
convolve([1, 2], [3])
// @ts-expect-error a tensor of bytes
correlate(tensor(bytes, [12]), tensor(bytes, [12]))
// @ts-expect-error unknown mode
convolve(data, data, { mode: 'circular' })
// @ts-expect-error unknown method
convolve(data, data, { method: 'winograd' })
// @ts-expect-error unknown option
convolve(data, data, { boundary: 'wrap' })

// Every option of a Conv1d.
const all: Required<Conv1dOptions> = {
  filter,
  filterLayout: 'oiw',
  bias: data,
  strides: 2,
  dilations: 3,
  groups: 1,
  padding: 'causal',
  border: { mode: 'constant', value: 1 },
  activation: 'relu',
  layout: 'ncw',
  inputType: 'float32',
  outputType: 'float32',
  flip: true,
  algorithm: 'auto',
  accuracy: 'exact',
}
const paddings: Padding1d[] = [
  'valid',
  'same',
  'same-lower',
  'full',
  'causal',
  3,
  {},
  { left: 1 },
  { right: 2 },
]
const filterLayouts: Filter1dLayout[] = ['wio', 'oiw', 'owi', 'iwo']
const layouts: Layout1d[] = ['nwc', 'ncw']
const layer = new Conv1d({ filter })
const description: Conv1dDescription = layer.describe([5, 2])
const reach: number = description.padding.left
const onBytes = new Conv1d({ filter, inputType: 'uint8', outputType: 'uint8' })
const computed: OwnBytes = onBytes.runSync(tensor(bytes, [6, 2])).data
const later: Promise<Result<'uint8'>> = onBytes.run(tensor(bytes, [6, 2]), { output: bytes })
// @ts-expect-error refused: a pair of strides
new Conv1d({ filter, strides: [1, 2] })
// @ts-expect-error refused: rows
new Conv1d({ filter, padding: { top: 1 } })
// @ts-expect-error refused: two axes
new Conv1d({ filter, border: { x: 'wrap', y: 'edge' } })
// @ts-expect-error a layout of images
new Conv1d({ filter, layout: 'nhwc' })
// @ts-expect-error a layout of filters of images
new Conv1d({ filter, filterLayout: 'hwio' })
// @ts-expect-error unknown option
new Conv1d({ filter, dilation: 2 })
// @ts-expect-error floats for a layer of bytes
onBytes.runSync(matrix)
// @ts-expect-error a sequence has no top
const ends: { top: number } = description.padding

// A depthwise layer is a Conv2d without groups.
const depthwise: Conv2d = new DepthwiseConv2d({ filter: tensor(data, [1, 2, 3, 2]), filterLayout: 'cmhw' })
const depthwiseOptions: DepthwiseConv2dOptions = {
  filter: tensor(data, [1, 2, 3, 2]),
  border: { x: 'wrap', y: 'edge' },
}
const depthwiseBytes: OwnBytes = new DepthwiseConv2d({ filter: matrix, outputType: 'uint8' }).runSync(
  matrix,
).data
// @ts-expect-error refused: as many groups as channels
new DepthwiseConv2d({ filter: matrix, groups: 2 })
// @ts-expect-error a layout of another layer
new DepthwiseConv2d({ filter: matrix, filterLayout: 'hwio' })

export const used = [
  floats,
  result,
  options,
  all,
  paddings,
  filterLayouts,
  layouts,
  reach,
  computed,
  later,
  ends,
]
export const ofDepthwise = [depthwise, depthwiseOptions, depthwiseBytes]
