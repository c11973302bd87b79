/** The ESM entry: the same names, classes and addon as the CommonJS one. */
export {
  borderFrom,
  configure,
  Conv1d,
  Conv2d,
  conv2d,
  conv2dSync,
  convolve,
  correlate,
  counters,
  DepthwiseConv2d,
  info,
  pad,
  tensor,
} from './index.js'
export type * from './index.js'
