/** The ESM entry: the same names, classes and addon as the CommonJS one. */
export {
  borderFrom,
  configure,
  Conv2d,
  conv2d,
  conv2dSync,
  counters,
  findPeaks,
  globalAveragePool,
  globalMaxPool,
  info,
  matchTemplate,
  matchTemplateSync,
  pad,
  tensor,
} from './index.js'
export type * from './index.js'
