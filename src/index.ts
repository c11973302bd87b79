/**
 * simdconv: convolutions for Node.js on a SIMD kernel. This is the whole public surface.
 */
export { tensor, type Result, type Tensor } from './tensor.js'
export type {
  Elements,
  ElementType,
  InputArrays,
  OutputArrays,
  OwnBytes,
  OwnFloats,
  ResultArrays,
} from './element-type.js'
export { Conv2d, conv2d, conv2dSync } from './conv2d.js'
export { PixelMlp } from './pixel-mlp.js'
export type { Classify, MlpLayer, MlpResidual, PixelMlpOptions } from './mlp-spec.js'
export type { OnnxGemmLayer } from './mlp-interop.js'
export type { InputImage, PlanDescription, RunOptions, RunSyncOptions } from './layer.js'
export { DenseImageLayer, type DenseImageLayerOptions } from './dense-image-layer.js'
export { LocallyConnected2d, type LocallyConnected2dOptions } from './locally-connected2d.js'
export type { OneImage, UntiedLayer } from './untied-layer.js'
export {
  isTranslationInvariant,
  locality,
  restrictTo,
  tieWeights,
  type Convolution,
  type ConvolutionOptions,
  type Local,
  type Locality,
  type Residual,
  type Restricted,
  type Tied,
} from './constraints.js'
export {
  equivariance,
  type Equivariance,
  type EquivarianceOptions,
  type ImageToImage,
  type Violation,
} from './equivariance.js'
export { cost, type Cost, type CostOptions } from './cost.js'
export type { Accuracy, Algorithm, Conv2dOptions, FilterLayout, Layout } from './spec.js'
export { Conv1d, type Conv1dDescription } from './conv1d.js'
export type { Conv1dOptions, Filter1dLayout, Layout1d, Padding1d } from './conv1d-spec.js'
export {
  DepthwiseConv2d,
  type DepthwiseConv2dOptions,
  type DepthwiseFilterLayout,
} from './depthwise-conv2d.js'
export type { Padding, Sides } from './padding.js'
export type { Activation } from './activation.js'
export type { AxisBorder, Border, BorderAlias, BorderMode } from './border.js'
export { borderFrom, type Ecosystem } from './border-from.js'
export {
  convolve,
  correlate,
  type ConvolveMethod,
  type ConvolveMode,
  type ConvolveOptions,
} from './convolve.js'
export {
  matchTemplate,
  matchTemplateSync,
  type MatchMethod,
  type MatchOptions,
  type MatchSyncOptions,
} from './match-template.js'
export { findPeaks, type Peak, type PeakOptions } from './find-peaks.js'
export { globalAveragePool, globalMaxPool, type GlobalPoolOptions } from './global-pool.js'
export type { AnyImage } from './read-image.js'
export { pad, type PadOptions, type TypeOf } from './pad.js'
export { configure, counters, info, type Counters, type Info, type Settings } from './settings.js'
export type { ConvError, ConvErrorCode } from './errors.js'
export type { Isa } from './native.js'
