/** npm run bench -- --layers resnet50 --contenders simdconv,onnxruntime */
import { compete } from './lib/compete.mjs'
import * as convolutions from './lib/convolutions.mjs'
import { run } from './lib/options.mjs'

await run(() => compete(convolutions))
