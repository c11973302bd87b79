/** What must compile, and what must not. Never run. */
import {
  borderFrom,
  configure,
  Conv2d,
  conv2d,
  conv2dSync,
  cost,
  counters,
  DenseImageLayer,
  equivariance,
  findPeaks,
  globalAveragePool,
  globalMaxPool,
  info,
  isTranslationInvariant,
  locality,
  LocallyConnected2d,
  matchTemplate,
  matchTemplateSync,
  pad,
  restrictTo,
  PixelMlp,
  tensor,
  tieWeights,
  type Activation,
  type Border,
  type Classify,
  type Conv2dOptions,
  type ConvError,
  type ConvErrorCode,
  type Isa,
  type MlpLayer,
  type OnnxGemmLayer,
  type OwnBytes,
  type OwnFloats,
  type Padding,
  type Peak,
  type PixelMlpOptions,
  type PlanDescription,
  type MlpResidual,
  type Result,
  type Tensor,
} from 'simdconv'

const data = new Float32Array(9)

// The shape of a tensor is part of its type.
const filter: Tensor<readonly [3, 3, 1, 1]> = tensor(data, [3, 3, 1, 1])
const anyShape: Tensor = filter
const computed: Tensor<number[]> = tensor(data, [3, 3].map(Number))
// @ts-expect-error another shape
const wrongShape: Tensor<readonly [9]> = tensor(data, [3, 3])
// @ts-expect-error Float64Array
tensor(new Float64Array(9), [9])
// @ts-expect-error refused: numbers
tensor([1, 2, 3], [3])
// @ts-expect-error refused: no shape
tensor(data)
// @ts-expect-error refused: read only
filter.shape[0] = 5
// @ts-expect-error refused: read only
filter.data = data

// Every option, in every form.
const all: Required<Conv2dOptions> = {
  filter: { data, shape: [3, 3, 1, 1] },
  filterLayout: 'oihw',
  bias: data,
  strides: [1, 2],
  dilations: 2,
  groups: 1,
  padding: { top: 1, left: 2 },
  border: { x: 'wrap', y: { mode: 'constant', value: 1 } },
  activation: { kind: 'leakyRelu', alpha: 0.1 },
  layout: 'nchw',
  inputType: 'float32',
  outputType: 'float32',
  flip: true,
  algorithm: 'direct',
  accuracy: 'high',
}
const undefinedIsDefault: Conv2dOptions = { filter, bias: undefined, padding: undefined }
const paddings: Padding[] = [
  'valid',
  'same',
  'same-lower',
  'full',
  3,
  {},
  { top: 1, bottom: 2, left: 3, right: 4 },
]
const borders: Border[] = [
  'edge',
  'zeros',
  'partial',
  { mode: 'constant' },
  { mode: 'constant', value: NaN },
  { mode: 'renormalize', by: 'weight' },
  { mode: 'circular' },
  { x: 'edge', y: 'wrap' },
]
const activations: Activation[] = [
  'relu',
  'leakyRelu',
  { kind: 'leakyRelu' },
  { kind: 'gelu' },
  { kind: 'clamp', min: 0, max: 6 },
]

// @ts-expect-error refused: no filter
new Conv2d({})
// @ts-expect-error unknown option
new Conv2d({ filter, stride: 2 })
// @ts-expect-error three strides
new Conv2d({ filter, strides: [1, 2, 3] })
// @ts-expect-error four numbers
new Conv2d({ filter, padding: [1, 2, 3, 4] })
// @ts-expect-error unknown side
new Conv2d({ filter, padding: { above: 1 } })
// @ts-expect-error refused: ambiguous
new Conv2d({ filter, border: 'mirror' })
// @ts-expect-error refused: one axis
new Conv2d({ filter, border: { x: 'wrap' } })
// @ts-expect-error a value of an edge
new Conv2d({ filter, border: { mode: 'edge', value: 3 } })
// @ts-expect-error a weighting of a constant
new Conv2d({ filter, border: { mode: 'constant', by: 'area' } })
// @ts-expect-error refused: no bounds
new Conv2d({ filter, activation: 'clamp' })
// @ts-expect-error refused: one bound
new Conv2d({ filter, activation: { kind: 'clamp', min: 0 } })
// @ts-expect-error unknown layout
new Conv2d({ filter, layout: 'hwc' })
// @ts-expect-error unknown filter layout
new Conv2d({ filter, filterLayout: 'hwoi' })
// @ts-expect-error unknown algorithm
new Conv2d({ filter, algorithm: 'im2col' })

// The types of images follow from the options.
const bytes = new Uint8Array(9)
const floatImage: Tensor = tensor(data, [3, 3, 1])
const byteImage: Tensor<readonly [3, 3, 1], Uint8Array> = tensor(bytes, [3, 3, 1])
const clampedImage = tensor(new Uint8ClampedArray(9), [3, 3, 1])
const bufferImage = tensor(Buffer.alloc(9), [3, 3, 1])
const fromBytes = new Conv2d({ filter, inputType: 'uint8' })
const toBytes = new Conv2d({ filter, outputType: 'uint8' })
const onBytes = new Conv2d({ filter, inputType: 'uint8', outputType: 'uint8', padding: 'same' })
const spelledOut: Conv2d<'uint8', 'uint8'> = onBytes
const floats: Float32Array = new Conv2d({ filter }).runSync(floatImage).data
const floatsOfBytes: OwnFloats = fromBytes.runSync(byteImage).data
const bytesOfFloats: Uint8Array = toBytes.runSync(floatImage, { output: bytes }).data
const bytesOfBytes: OwnBytes = onBytes.runSync(clampedImage).data
const bytesOfBuffer: Result<'uint8'> = onBytes.runSync(bufferImage, { output: Buffer.alloc(9) })
const bytesLater: Promise<Result<'uint8'>> = onBytes.run(byteImage, { output: byteImage })
const bytesAtOnce: Uint8Array = conv2dSync(byteImage, {
  filter,
  inputType: 'uint8',
  outputType: 'uint8',
}).data
const paddedBytes: Uint8Array = pad(byteImage, 1).data
const paddedFloats: Float32Array = pad(floatImage, 1).data
// @ts-expect-error unknown type
new Conv2d({ filter, inputType: 'uint16' })
// @ts-expect-error floats for a layer of bytes
onBytes.runSync(floatImage)
// @ts-expect-error bytes for a layer of floats
toBytes.runSync(byteImage)
// @ts-expect-error bytes for a layer of floats
new Conv2d({ filter }).runSync({ data: bytes, shape: [3, 3, 1] })
// @ts-expect-error floats for an output of bytes
onBytes.runSync(byteImage, { output: data })
// @ts-expect-error bytes for an output of floats
fromBytes.runSync(byteImage, { output: bytes })
// @ts-expect-error a result is no clamped array
onBytes.runSync(byteImage, { output: new Uint8ClampedArray(9) })
// @ts-expect-error the result is bytes
const notFloats: Float32Array = toBytes.runSync(floatImage).data
// @ts-expect-error the result is floats
const notBytes: Uint8Array = fromBytes.runSync(byteImage).data
// @ts-expect-error weights are floats
new Conv2d({ filter: byteImage, inputType: 'uint8' })
// @ts-expect-error the result is bytes
const notPadded: Float32Array = pad(byteImage, 1).data
export const ofBytes = [
  spelledOut,
  floats,
  floatsOfBytes,
  bytesOfFloats,
  bytesOfBytes,
  bytesOfBuffer,
  bytesLater,
  bytesAtOnce,
  paddedBytes,
  paddedFloats,
  notFloats,
  notBytes,
  notPadded,
]

// Templates, of floats or bytes; one or several.
const scores: Result = matchTemplateSync(byteImage, [floatImage, clampedImage], {
  method: 'ncc',
  layout: 'nhwc',
})
const scoresLater: Promise<Result> = matchTemplate(floatImage, floatImage, { signal: AbortSignal.timeout(1) })
const peaks: Peak[] = findPeaks(scores, {
  count: 3,
  threshold: 0.7,
  minimumDistance: [4, 5],
  perChannel: true,
})
const anywhere: OwnFloats = globalMaxPool(scores, { layout: 'nchw' }).data
const howMuch: Result = globalAveragePool(byteImage)
// @ts-expect-error runs at once
matchTemplateSync(floatImage, floatImage, { signal: AbortSignal.timeout(1) })
// @ts-expect-error unknown method
matchTemplateSync(floatImage, floatImage, { method: 'ssd' })
// @ts-expect-error no templates
matchTemplateSync(floatImage)
// @ts-expect-error a promise is no map of scores
findPeaks(matchTemplate(floatImage, floatImage))
// @ts-expect-error three distances
findPeaks(scores, { minimumDistance: [1, 2, 3] })
// @ts-expect-error refused: read only
findPeaks(scores)[0]!.score = 1
export const found = [scoresLater, peaks, anywhere, howMuch]
// A perceptron per pixel, every option in every form.
const weights: Tensor<readonly [3, 3]> = tensor(data, [3, 3])
const residuals: MlpResidual[] = [{ from: 'input' }, { from: 0, add: 'after' }, { from: 1, add: undefined }]
const classifications: Classify[] = ['none', 'softmax', 'argmax']
const mlpLayer: Required<MlpLayer> = {
  weights,
  bias: data,
  activation: 'gelu',
  residual: { from: 'input', add: 'before' },
}
const mlpOptions: Required<PixelMlpOptions> = {
  layers: [mlpLayer, { weights }, { weights, bias: undefined, activation: undefined, residual: undefined }],
  classify: 'softmax',
  layout: 'nchw',
  inputType: 'float32',
  outputType: 'float32',
}
const mlp = new PixelMlp(mlpOptions)
const mlpOnBytes: PixelMlp<'uint8', 'uint8'> = new PixelMlp({
  layers: [{ weights }],
  inputType: 'uint8',
  outputType: 'uint8',
})
const gemm: OnnxGemmLayer = { weights, transB: 1, alpha: 2, beta: 0.5 }
const mlps: PixelMlp[] = [
  mlp,
  PixelMlp.fromTfjsDense(mlpOptions),
  PixelMlp.fromTorchLinear(mlpOptions),
  PixelMlp.fromOnnxGemm({ layers: [gemm] }),
  PixelMlp.fromOnnxConv({ layers: [{ weights: filter }] }),
  PixelMlp.fromConv2d(PixelMlp.toConv2d(mlpOptions)),
  PixelMlp.fromConv2d([{ filter }, { filter }]),
]
const mlpFromBytes: PixelMlp<'uint8', 'uint8'> = PixelMlp.fromConv2d([
  { filter, inputType: 'uint8' },
  { filter, outputType: 'uint8' },
])
const layersOfMlp: Conv2dOptions[] = PixelMlp.toConv2d(mlpOptions)
const classified: Float32Array = mlp.runSync(floatImage).data
const classifiedBytes: Promise<Result<'uint8'>> = mlpOnBytes.run(byteImage, { output: bytes })
// @ts-expect-error refused: no layers
new PixelMlp({})
// @ts-expect-error one layer alone
new PixelMlp({ layers: mlpLayer })
// @ts-expect-error refused: no weights
new PixelMlp({ layers: [{ bias: data }] })
// @ts-expect-error unknown option
new PixelMlp({ layers: [{ weights, kernel: weights }] })
// @ts-expect-error unknown source
new PixelMlp({ layers: [{ weights, residual: { from: 'output' } }] })
// @ts-expect-error refused: a name
new PixelMlp({ layers: [{ weights, residual: 'input' }] })
// @ts-expect-error unknown classification
new PixelMlp({ layers: [{ weights }], classify: 'argmin' })
// @ts-expect-error an attribute of Gemm
new PixelMlp({ layers: [{ weights, transB: 1 }] })
// @ts-expect-error an attribute that is 0 or 1
PixelMlp.fromOnnxGemm({ layers: [{ weights, transB: true }] })
// @ts-expect-error bytes for a perceptron of floats
mlp.runSync(byteImage)
// @ts-expect-error the result is bytes
const notFloatClasses: Float32Array = mlpOnBytes.runSync(byteImage).data
export const ofMlps = [
  residuals,
  classifications,
  mlps,
  mlpFromBytes,
  layersOfMlp,
  classified,
  classifiedBytes,
  notFloatClasses,
]

export const inUse = [anyShape, computed, wrongShape, paddings, borders, activations]

export async function run(image: Tensor): Promise<void> {
  using layer = new Conv2d(all)
  const now: Tensor = layer.runSync(image, { output: new Float32Array(9) })
  const later: Result = await layer.run(now, { output: now, signal: AbortSignal.timeout(1) })
  const transferable: ArrayBuffer = later.data.buffer
  structuredClone(pad(later, 1), { transfer: [transferable] })
  const shape: number[] = layer.outputShape(later.shape)
  const description: PlanDescription = layer.describe(shape)
  const isas: readonly Isa[] = [description.isa, ...info().isas]
  // @ts-expect-error runSync cannot be aborted
  layer.runSync(image, { signal: AbortSignal.timeout(1) })
  // @ts-expect-error unknown option
  await layer.run(image, { out: data })
  // @ts-expect-error a bare array is no tensor
  layer.runSync(data)
  // @ts-expect-error a promise is no tensor
  conv2d(image, { filter }).shape
  await conv2d(conv2dSync(image, undefinedIsDefault), { filter }, { signal: AbortSignal.timeout(1) })
  pad(image, 2, borderFrom('scipy', 'reflect'), { layout: 'nchw', output: data })
  // @ts-expect-error refused: a name
  pad(image, 'same')
  // @ts-expect-error unknown library
  borderFrom('photoshop', 'clone')
  configure({ threads: isas.length + counters().queued })
  configure({ recycleBytes: counters().resultBytes })
  // @ts-expect-error no setting
  configure({})
  try {
    layer.dispose()
  } catch (error) {
    const code: ConvErrorCode = (error as ConvError).code
    // @ts-expect-error no such code
    if (code === 'ERR_CONV_NOTHING') throw error
  }
}

// Layers whose weights know their place, and what becomes of them.
export function constrain(image: Tensor): unknown[] {
  const dense = new DenseImageLayer({ weights: filter, bias: data, activation: 'relu' })
  const measured: DenseImageLayer = DenseImageLayer.from({ filter, border: 'wrap' }, [5, 7, 1])
  const local = new LocallyConnected2d({ weights: filter, padding: 'same', imageSize: [5, 7] })
  const fromDense: LocallyConnected2d = restrictTo(dense, 1).layer
  const fromTied: Conv2d = restrictTo(tieWeights(local), 1).layer
  const tiedFilter: Tensor = tieWeights(measured).options.filter
  const holds: boolean = isTranslationInvariant(local, 1e-6)
  const reach: number = locality(tieWeights(measured)).delta
  const { inside } = equivariance(local, image, [1, -2], { strides: [2, 1], reach: { top: 1 } })
  const parameters: number[] = cost({ image: [5, 7], delta: 2 }).map((row) => row.parameters)
  // @ts-expect-error a convolution has one set of weights
  tieWeights(new Conv2d({ filter }))
  // @ts-expect-error a Conv2d does not give its filter back; tieWeights() returns one together with it
  restrictTo(new Conv2d({ filter }), 1)
  // @ts-expect-error no such option
  new DenseImageLayer({ filter })
  return [fromDense, fromTied, tiedFilter, holds, reach, inside.max, parameters]
}
