/**
 * Where's Waldo? Draws a crowd, looks for one figure in it, and draws where the scores are high.
 *
 *   node examples/find-waldo.mjs [OUT.png]     (docs/waldo.png when left out; after `npm run build`)
 *
 * The second crowd has no Waldo in it. docs/waldo.md explains what is done and why.
 */
import sharp from 'sharp'
import { conv2d, findPeaks, globalMaxPool, matchTemplate, tensor } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { drawHeatMap } from '../dist/cli/heat-map.js'
import { search } from '../dist/cli/search.js'

const PICTURE = new URL('../docs/waldo.png', import.meta.url)
const [WIDTH, HEIGHT] = [16, 28] // of a figure
const GROUND = [216, 202, 170]
const SKIN = [240, 196, 160]
const COLOURS = [
  [200, 40, 40],
  [40, 90, 180],
  [240, 240, 235],
  [60, 140, 70],
  [230, 190, 60],
  [50, 50, 60],
]
const WALDO = { hat: COLOURS[0], shirt: COLOURS[2], stripes: COLOURS[0], trousers: COLOURS[1] }

const waldo = drawWaldo()
const crowd = drawCrowd({ row: 9, column: 21 })
const withoutHim = drawCrowd()

// The chapter's formula alone: what is brightest looks best.
const filter = tensor(waldo.data, [HEIGHT, WIDTH, 3, 1])
const [brightest] = findPeaks(await conv2d(crowd, { filter }), { count: 1 })
console.log(`convolution alone: the best window is at ${brightest.column}, ${brightest.row}`)

// Normalised: what is alike looks best.
const scores = await matchTemplate(crowd, waldo)
const [found, next] = findPeaks(scores, { count: 2, minimumDistance: [HEIGHT / 2, WIDTH / 2] })
console.log(`normalised: the best window is at ${found.column}, ${found.row} with ${found.score.toFixed(2)}`)
console.log(`the next one scores ${next.score.toFixed(2)}`)

// Anywhere? One number for the whole map.
for (const [name, scene] of Object.entries({ crowd, withoutHim })) {
  const [best] = globalMaxPool(await matchTemplate(scene, waldo)).data
  console.log(`${name}: ${best >= 0.9 ? 'he is here' : 'he is not here'}, ${best.toFixed(2)}`)
}

const output = process.argv[2] ?? PICTURE.pathname
await drawPicture(output)
console.log(output)

/** The figure alone, as a template. */
function drawWaldo() {
  const canvas = new Canvas(WIDTH, HEIGHT, GROUND)
  drawFigure(canvas, 0, 0, WALDO)
  return toTensor(canvas, () => 0)
}

/** Figures in rows, each a little out of line; the camera adds noise, and dims what it sees. */
function drawCrowd(place) {
  const random = generator(2026)
  const canvas = new Canvas(640, 400, GROUND)
  for (let row = 0; row < 13; row++) {
    for (let column = 0; column < 33; column++) {
      const left = column * 19 + Math.floor(random() * 5) - 2
      const top = row * 30 + Math.floor(random() * 7) - 3
      const figure = randomFigure(random)
      const isHim = row === place?.row && column === place?.column
      drawFigure(canvas, left, top, isHim ? WALDO : figure)
    }
  }
  return toTensor(canvas, (value) => 0.7 * value + 30 * (random() - 0.5) - value)
}

/** Someone else: at least two parts are not Waldo's. */
function randomFigure(random) {
  const colour = () => COLOURS[Math.floor(random() * COLOURS.length)]
  const figure = { hat: colour(), shirt: colour(), stripes: colour(), trousers: colour() }
  const others = Object.keys(WALDO).filter((part) => figure[part] !== WALDO[part])
  return others.length >= 2 ? figure : randomFigure(random)
}

function drawFigure(canvas, left, top, { hat, shirt, stripes, trousers }) {
  canvas.fill(left + 5, top, 6, 2, hat)
  canvas.fill(left + 3, top + 2, 10, 2, hat)
  canvas.fill(left + 5, top + 4, 6, 5, SKIN)
  for (let y = 0; y < 10; y++) canvas.fill(left + 2, top + 9 + y, 12, 1, y % 4 < 2 ? shirt : stripes)
  canvas.fill(left + 3, top + 19, 4, 9, trousers)
  canvas.fill(left + 9, top + 19, 4, 9, trousers)
}

function toTensor({ data, width, height }, change) {
  return tensor(
    Float32Array.from(data, (value) => value + change(value)),
    [height, width, 3],
  )
}

/** The crowd as it is, and under it as the detector sees it. */
async function drawPicture(path) {
  const variant = { template: 0, scale: 1, rotation: 0, pixels: waldo }
  const [height, width] = crowd.shape
  const picture = new Canvas(width, 2 * height + 8, [255, 255, 255])
  picture.draw({ data: Uint8ClampedArray.from(crowd.data), width, height }, 0, 0)
  picture.draw(drawHeatMap(crowd, await search(crowd, [variant], 1, 0.9, 1)), 0, height + 8)
  const raw = { width: picture.width, height: picture.height, channels: 3 }
  await sharp(picture.data, { raw }).png({ palette: true, effort: 10 }).toFile(path)
}

/** The same numbers each time, from 0 to 1. */
function generator(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
