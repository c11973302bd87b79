export const how = 'OpenCV: filter2D on floats into a reused matrix'

/** @type {import('../lib/compile.mjs').Program} */
export const program = {
  source: 'opencv.cc',
  flags: ['-I/usr/include/opencv4', '-lopencv_imgproc', '-lopencv_core'],
  header: 'opencv2/core.hpp',
  debian: 'libopencv-imgproc-dev',
}
export const programArguments = ['f32']
