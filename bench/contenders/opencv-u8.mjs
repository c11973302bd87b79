export { program } from './opencv.mjs'

export const how = 'OpenCV: filter2D on bytes into a reused matrix'
export const programArguments = ['u8']
