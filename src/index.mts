/** The ESM entry: the same names, classes and addon as the CommonJS one. */
export {
  borderFrom,
  configure,
  Conv2d,
  conv2d,
  conv2dSync,
  cost,
  counters,
  DenseImageLayer,
  equivariance,
  info,
  isTranslationInvariant,
  locality,
  LocallyConnected2d,
  pad,
  restrictTo,
  tensor,
  tieWeights,
} from './index.js'
export type * from './index.js'
