import { preparePixelMlp } from '../../lib/pixel-mlp.mjs'

export const how = 'PixelMlp.runSync into a reused output; channels innermost'

/** @param {import('../../lib/child.mjs').NetworkJob} job */
export const prepare = (job) => preparePixelMlp(job, 'nhwc')
