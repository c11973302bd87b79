export { program } from './onednn.mjs'

export const how =
  'oneDNN, Winograd, in the memory layout that it likes best; going there and back is not counted'
export const programArguments = ['winograd']
