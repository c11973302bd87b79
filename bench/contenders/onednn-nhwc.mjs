export { program } from './onednn.mjs'

export const how = 'oneDNN, direct, channels innermost'
export const programArguments = ['nhwc']
