/**
 * What lies beyond the edge of an image, as a picture and as a table.
 *
 *   node examples/borders.mjs [OUT.png]     (docs/borders.png when left out; after `npm run build`)
 *
 * The picture shows one photo under each border policy: above, what the kernel reads, made with pad(); below,
 * what a large Gaussian makes of it with padding 'full', twenty pixels beyond the photo on each side. The
 * table shows which pixel of a row stands at each coordinate. docs/borders.md explains both.
 */
import sharp from 'sharp'
import { Conv2d, pad, tensor } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { photoView } from '../dist/cli/views.js'

const MODES = ['constant', 'edge', 'reflect', 'symmetric', 'wrap', 'renormalize']
const PHOTO = new URL('photos/coffee.png', import.meta.url)
const PICTURE = new URL('../docs/borders.png', import.meta.url)

const PHOTO_WIDTH = 200
const KERNEL_SIDE = 41
const SIGMA = 8
const AROUND = KERNEL_SIDE - 1 // padding 'full': every place where the kernel still touches the photo

const BACKGROUND = [255, 255, 255]
const INK = [32, 34, 38]
const FRAME = [0, 200, 255]
const NOTHING = [226, 228, 232]
const GAP = 14
const LABEL_HEIGHT = 26

for (const length of [1, 2, 4]) console.log(`${mapTable(length, 5)}\n`)
const output = process.argv[2] ?? PICTURE.pathname
await drawPicture(await readPhoto(), output)
console.log(output)

/** Which pixel of a row of `length` stands at each coordinate, `reach` beyond both ends. */
function mapTable(length, reach) {
  const row = tensor(Float32Array.of(0, 1, 2, 3).slice(0, length), [length])
  const coordinates = Array.from({ length: length + 2 * reach }, (_, index) => String(index - reach))
  const line = (name, cells) => {
    const part = (from, to) => cells.slice(from, to).map((cell) => cell.padStart(3))
    return [
      name.padEnd(12),
      ...part(0, reach),
      ' |',
      ...part(reach, reach + length),
      ' |',
      ...part(reach + length),
    ]
  }
  const lines = MODES.map((mode) => line(mode, sourcesOf(row, reach, mode)))
  return [line(`n = ${length}`, coordinates), ...lines].map((parts) => parts.join('')).join('\n')
}

/** The letters of a padded row: k is the constant, a dot is a place that is left out. */
function sourcesOf(row, reach, mode) {
  const border = { mode: mode === 'renormalize' ? 'constant' : mode }
  if (border.mode === 'constant') border.value = NaN
  const unread = mode === 'renormalize' ? '.' : 'k'
  return Array.from(pad(row, reach, border).data, (source) =>
    Number.isNaN(source) ? unread : 'abcd'[source],
  )
}

async function readPhoto() {
  const { data, info } = await sharp(PHOTO.pathname)
    .resize(PHOTO_WIDTH)
    .raw()
    .toBuffer({ resolveWithObject: true })
  return tensor(Float32Array.from(data), [info.height, info.width, info.channels])
}

/** Three policies in a row, two rows. */
async function drawPicture(photo, path) {
  const [height, width] = photo.shape
  const cellWidth = width + 2 * AROUND
  const cellHeight = LABEL_HEIGHT + height + 2 * AROUND + GAP / 2 + height + AROUND
  const columns = 3
  const canvas = new Canvas(
    columns * (cellWidth + GAP) + GAP,
    (MODES.length / columns) * (cellHeight + GAP) + GAP,
    BACKGROUND,
  )
  for (const [index, mode] of MODES.entries()) {
    const left = GAP + (index % columns) * (cellWidth + GAP)
    const top = GAP + Math.floor(index / columns) * (cellHeight + GAP)
    canvas.text(mode, left, top, 2, INK)
    drawPadded(canvas, photo, mode, left, top + LABEL_HEIGHT)
    const below = top + LABEL_HEIGHT + height + 2 * AROUND + GAP / 2
    drawBlurred(canvas, photo, mode, left + AROUND / 2, below)
  }
  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).png({ palette: true, effort: 10 }).toFile(path)
}

/** What the kernel reads; renormalize reads nothing outside. */
function drawPadded(canvas, photo, mode, left, top) {
  const [height, width] = photo.shape
  if (mode === 'renormalize') {
    canvas.fill(left, top, width + 2 * AROUND, height + 2 * AROUND, NOTHING)
    canvas.draw(photoView(photo), left + AROUND, top + AROUND)
  } else {
    canvas.draw(photoView(pad(photo, AROUND, mode)), left, top)
  }
  canvas.frame(left + AROUND - 1, top + AROUND - 1, width + 2, height + 2, FRAME)
}

/** What a large Gaussian makes of it. */
function drawBlurred(canvas, photo, mode, left, top) {
  const [height, width, channels] = photo.shape
  const border = mode === 'renormalize' ? { mode, by: 'weight' } : mode
  const layer = new Conv2d({ filter: gaussian(channels), groups: channels, padding: 'full', border })
  canvas.draw(photoView(layer.runSync(photo)), left, top)
  canvas.frame(left + AROUND / 2 - 1, top + AROUND / 2 - 1, width + 2, height + 2, FRAME)
}

/** One Gaussian per channel, of sum 1. */
function gaussian(channels) {
  const middle = (KERNEL_SIDE - 1) / 2
  const profile = Array.from({ length: KERNEL_SIDE }, (_, x) =>
    Math.exp(-((x - middle) ** 2) / (2 * SIGMA ** 2)),
  )
  const total = profile.reduce((sum, weight) => sum + weight, 0)
  const weights = profile.flatMap((y) => profile.flatMap((x) => Array(channels).fill((x * y) / total ** 2)))
  return tensor(Float32Array.from(weights), [KERNEL_SIDE, KERNEL_SIDE, 1, channels])
}
