/** npm run bench:mlp -- --networks mlp --contenders simdconv,onnxruntime,onnxruntime-gemm */
import { compete } from './lib/compete.mjs'
import { run } from './lib/options.mjs'
import * as perceptrons from './lib/perceptrons.mjs'

await run(() => compete(perceptrons))
