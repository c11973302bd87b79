export const how = 'oneDNN: a matmul for each layer, relu being part of it; channels innermost'

/** @type {import('../../lib/compile.mjs').Program} */
export const program = {
  source: 'onednn_mlp.cc',
  flags: ['-ldnnl'],
  header: 'dnnl.hpp',
  debian: 'libdnnl-dev',
}
