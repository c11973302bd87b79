export const how =
  'oneDNN, direct, in the memory layout that it likes best; going there and back is not counted'

/** @type {import('../lib/compile.mjs').Program} */
export const program = { source: 'onednn.cc', flags: ['-ldnnl'], header: 'dnnl.hpp', debian: 'libdnnl-dev' }
export const programArguments = ['any']
