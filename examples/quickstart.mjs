// Finds the upright edge in a small picture. Run it after `npm run build`: node examples/quickstart.mjs
import { Conv2d, tensor } from 'simdconv'

const pixels = Float32Array.from({ length: 5 * 7 }, (_, index) => (index % 7 < 3 ? 0 : 1)) // dark left, bright right
const image = tensor(pixels, [5, 7, 1]) // height x width x channels
const filter = tensor(Float32Array.of(-1, 0, 1, -2, 0, 2, -1, 0, 1), [3, 3, 1, 1]) // height x width x in x out

const layer = new Conv2d({ filter, padding: 'same', border: 'edge' }) // packs the weights, once
const edges = await layer.run(image) // computes off the JavaScript thread

console.log(edges.shape.join(' x ')) // 5 x 7 x 1
console.log(edges.data.subarray(0, 7).join(' ')) // 0 0 4 4 0 0 0
