/** The ESM entry: the same names, classes and addon as the CommonJS one. */
export * from './index.js'
