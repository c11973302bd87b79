/**
 * A photo as numbers, and what a window of 3 x 3 weights makes of them.
 *
 *   node examples/window.mjs [OUT.png]     (docs/window.png when left out; after `npm run build`)
 *
 * Beside the photo: a piece of it, a number for each pixel, and the weighted sums of all its windows, one of them framed
 * on both sides. docs/README.md explains the picture.
 */
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { Conv2d, tensor } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { textWidth } from '../dist/cli/font.js'
import { enlarge, photoView, signedView } from '../dist/cli/views.js'

const PHOTO = fileURLToPath(new URL('photos/chelsea.png', import.meta.url))
const PICTURE = fileURLToPath(new URL('../docs/window.png', import.meta.url))

const [HEIGHT, WIDTH] = [150, 225]
const PIECE = { top: 57, left: 67, height: 7, width: 9 }
const WINDOW = { row: 2, column: 3 } // its top left pixel, in the piece
const WEIGHTS = [
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
]
const SIDE = 48 // of a pixel that shows its number
const GAP = 20
const LABEL_HEIGHT = 24
const WHITE = [255, 255, 255]
const INK = [32, 34, 38]
const FRAME = [0, 200, 255]

const photo = await readPhoto()
const piece = cut(photo, PIECE)
const layer = new Conv2d({ filter: tensor(Float32Array.from(WEIGHTS.flat()), [3, 3, 1, 1]) })
const sums = layer.runSync(piece)

const window = cut(piece, { top: WINDOW.row, left: WINDOW.column, height: 3, width: 3 })
const lines = WEIGHTS.map((weights, a) => {
  const pixels = Array.from(window.data.subarray(3 * a, 3 * a + 3), (value) => String(value).padStart(4))
  return `${pixels.join('')}   times ${weights.map((weight) => String(weight).padStart(3)).join('')}`
})
console.log(`${lines.join('\n')}\n`)
console.log(`sum: ${sums.data[WINDOW.row * sums.shape[1] + WINDOW.column]}`)
const output = process.argv[2] ?? PICTURE
await drawPicture(output)
console.log(`\n${output}`)

async function readPhoto() {
  const { data } = await sharp(PHOTO)
    .resize(WIDTH, HEIGHT, { fit: 'fill' })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return tensor(Float32Array.from(data), [HEIGHT, WIDTH, 1])
}

function cut({ data, shape }, { top, left, height, width }) {
  const rows = Array.from({ length: height }, (_, y) => (top + y) * shape[1] + left)
  return tensor(Float32Array.from(rows.flatMap((start) => [...data.subarray(start, start + width)])), [
    height,
    width,
    1,
  ])
}

async function drawPicture(path) {
  const numbersWidth = PIECE.width * SIDE
  const sumsWidth = sums.shape[1] * SIDE
  const height = GAP + LABEL_HEIGHT + PIECE.height * SIDE + GAP
  const canvas = new Canvas(WIDTH + numbersWidth + sumsWidth + 4 * GAP, height, WHITE)
  const top = GAP + LABEL_HEIGHT

  canvas.text('a photo', GAP, GAP, 2, INK)
  canvas.draw(photoView(photo), GAP, top)
  const { left, height: rows, width: columns } = PIECE
  canvas.frame(GAP + left - 1, top + PIECE.top - 1, columns + 2, rows + 2, FRAME)

  const middle = 2 * GAP + WIDTH
  canvas.text('a piece of it', middle, GAP, 2, INK)
  drawNumbers(canvas, piece, photoView(piece), middle, top)
  frame(canvas, middle + WINDOW.column * SIDE, top + WINDOW.row * SIDE, 3)

  const right = middle + numbersWidth + GAP
  canvas.text('its sums', right, GAP, 2, INK)
  const inset = top + SIDE // a sum stands at the height of the middle of its window
  drawNumbers(canvas, sums, signedView(sums, 0), right, inset)
  frame(canvas, right + WINDOW.column * SIDE, inset + WINDOW.row * SIDE, 1)

  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).png({ palette: true, effort: 10 }).toFile(path)
}

/** Pixels as large squares, each with its number, in white on dark ones and in black on bright ones. */
function drawNumbers(canvas, { data, shape }, picture, left, top) {
  canvas.draw(enlarge(picture, SIDE), left, top)
  for (const [pixel, value] of data.entries()) {
    const [y, x] = [Math.floor(pixel / shape[1]), pixel % shape[1]]
    const [red, green, blue] = picture.data.subarray(3 * pixel, 3 * pixel + 3)
    const text = String(value)
    const indent = Math.floor(SIDE / 2 - textWidth(text))
    const ink = red + green + blue < 330 ? WHITE : INK
    canvas.text(text, left + x * SIDE + indent, top + y * SIDE + 17, 2, ink)
  }
}

function frame(canvas, left, top, pixels) {
  for (let inset = 0; inset < 3; inset++) {
    const side = pixels * SIDE - 2 * inset
    canvas.frame(left + inset, top + inset, side, side, FRAME)
  }
}
