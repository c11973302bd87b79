/**
 * Convolution stamps, correlation stamps upside down, and only one of them does not care who is the stamp.
 *
 *   node examples/flip.mjs [OUT.png]     (docs/flip.png when left out; after `npm run build`)
 *
 * f is three dots, g the letter F. docs/convolution.md explains the picture.
 */
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { convolve, correlate, tensor } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { forEachDot } from '../dist/cli/font.js'
import { enlarge, photoView } from '../dist/cli/views.js'

const PICTURE = fileURLToPath(new URL('../docs/flip.png', import.meta.url))
const SIDE = 8 // of a pixel in the picture
const GAP = 16
const LABEL_HEIGHT = 26
const WHITE = [255, 255, 255]
const INK = [32, 34, 38]

const f = gridOf(22, 11, (paint) => {
  paint(2, 1)
  paint(9, 6)
  paint(17, 3)
})
const g = gridOf(5, 7, (paint) => forEachDot('F', paint))

const panels = [
  { name: 'f', grid: f },
  { name: 'convolve(f, g)', grid: convolve(f, g) },
  { name: 'correlate(f, g)', grid: correlate(f, g) },
  { name: 'g', grid: g },
  { name: 'convolve(g, f)', grid: convolve(g, f) },
  { name: 'correlate(g, f)', grid: correlate(g, f) },
]
const [, ab, cd, , ba, dc] = panels.map(({ grid }) => grid.data.join())
console.log(`convolve(f, g) is convolve(g, f): ${ab === ba}`)
console.log(`correlate(f, g) is correlate(g, f): ${cd === dc}`)
console.log(
  `correlate(f, g) is correlate(g, f) turned by 180 degrees: ${cd === dc.split(',').reverse().join()}`,
)
const output = process.argv[2] ?? PICTURE
await drawPicture(output)
console.log(`\n${output}`)

/** A grid of zeros, with a one wherever something is painted. */
function gridOf(width, height, draw) {
  const data = new Float32Array(height * width)
  draw((x, y) => (data[y * width + x] = 1))
  return tensor(data, [height, width])
}

async function drawPicture(path) {
  const [height, width] = panels[1].grid.shape
  const cell = { width: width * SIDE + GAP, height: LABEL_HEIGHT + height * SIDE + GAP }
  const canvas = new Canvas(3 * cell.width + GAP, 2 * cell.height + GAP, WHITE)
  for (const [index, { name, grid }] of panels.entries()) {
    const left = GAP + (index % 3) * cell.width
    const top = GAP + Math.floor(index / 3) * cell.height
    const picture = photoView(
      tensor(
        grid.data.map((value) => 255 - 110 * value),
        [...grid.shape, 1],
      ),
    )
    canvas.text(name, left, top, 2, INK)
    canvas.draw(enlarge(picture, SIDE), left, top + LABEL_HEIGHT)
    const [rows, columns] = grid.shape
    canvas.frame(left - 1, top + LABEL_HEIGHT - 1, columns * SIDE + 2, rows * SIDE + 2, INK)
  }
  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).png({ palette: true, effort: 10 }).toFile(path)
}
