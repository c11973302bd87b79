/**
 * Three colours in, six features out, and a second layer that takes the six for its channels.
 *
 *   node examples/channels.mjs [OUT.png]     (docs/channels.png when left out; after `npm run build`)
 *
 * The weights are made by hand, for what a training would make of them one could not say in a word. docs/channels.md
 * explains the picture.
 */
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { Conv2d, tensor } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { table } from '../dist/cli/table.js'
import { photoView } from '../dist/cli/views.js'

const PHOTO = fileURLToPath(new URL('photos/coffee.png', import.meta.url))
const PICTURE = fileURLToPath(new URL('../docs/channels.png', import.meta.url))

const [HEIGHT, WIDTH] = [160, 240]
const COLUMNS = 4
const GAP = 12
const LABEL_HEIGHT = 24
const WHITE = [255, 255, 255]
const INK = [32, 34, 38]

const RIGHT = [
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
]
const DOWN = [
  [-1, -2, -1],
  [0, 0, 0],
  [1, 2, 1],
]
const MEAN = Array(3).fill(Array(3).fill(1 / 9))
const WIDE_MEAN = Array(9).fill(Array(9).fill(1 / 81))

/** A feature: one grid of weights over the window, times one number for each channel. */
const GREY = [1 / 3, 1 / 3, 1 / 3]
const first = [
  { name: 'brighter right', grid: RIGHT, channels: GREY },
  { name: 'darker right', grid: RIGHT, channels: GREY.map((share) => -share) },
  { name: 'brighter below', grid: DOWN, channels: GREY },
  { name: 'darker below', grid: DOWN, channels: GREY.map((share) => -share) },
  { name: 'red', grid: MEAN, channels: [1, -1.75, -0.5] },
  { name: 'white', grid: MEAN, channels: [-1, 1, 1] },
]
const second = [
  { name: 'edges and grain', grid: WIDE_MEAN, channels: [1, 1, 1, 1, 0, 0] },
  { name: 'red and smooth', grid: WIDE_MEAN, channels: [-0.5, -0.5, -0.5, -0.5, 3, 0] },
]

const photo = await readPhoto()
const layer = layerOf(first)
const features = layer.runSync(photo)
const next = layerOf(second)
const patterns = next.runSync(features)

console.log(
  table(
    ['layer', 'image', 'filter', 'weights'],
    [
      ['the photo', photo.shape.join(' x '), '', ''],
      row('first', features, filterOf(first)),
      row('second', patterns, filterOf(second)),
    ],
    ['weights'],
  ),
)
const output = process.argv[2] ?? PICTURE
await drawPicture(output)
console.log(`\n${output}`)

function row(name, image, filter) {
  return [name, image.shape.join(' x '), filter.shape.join(' x '), String(filter.data.length)]
}

/** The features of a layer as its filter, V[a,b,c,d] = grid d at (a, b) times the share of channel c in d. */
function filterOf(list) {
  const [side, inputs] = [list[0].grid.length, list[0].channels.length]
  const shape = [side, side, inputs, list.length]
  const weights = []
  for (let a = 0; a < side; a++)
    for (let b = 0; b < side; b++)
      for (let c = 0; c < inputs; c++)
        for (const { grid, channels } of list) weights.push(grid[a][b] * channels[c])
  return tensor(Float32Array.from(weights), shape)
}

function layerOf(list) {
  return new Conv2d({ filter: filterOf(list), padding: 'same', border: 'edge', activation: 'relu' })
}

/** One channel of an image, black at 0 and white from `full` on: half of its largest, if nothing else is said. */
function channelView({ data, shape }, channel, full) {
  const [height, width, channels] = shape
  const map = Float32Array.from({ length: height * width }, (_, pixel) => data[pixel * channels + channel])
  const white = full ?? map.reduce((most, value) => Math.max(most, value), 1) / 2
  return photoView(
    tensor(
      map.map((value) => (255 * value) / white),
      [height, width, 1],
    ),
  )
}

async function readPhoto() {
  const { data } = await sharp(PHOTO)
    .resize(WIDTH, HEIGHT, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return tensor(Float32Array.from(data), [HEIGHT, WIDTH, 3])
}

/** The photo and its three channels, the six of the first layer, the two of the second. */
async function drawPicture(path) {
  const view = (image, full) => (name, channel) => ({ name, picture: channelView(image, channel, full) })
  const names = (list, layer) => list.map(({ name }) => `${layer} ${name}`)
  const pictures = [
    { name: 'photo', picture: photoView(photo) },
    ...['red', 'green', 'blue'].map(view(photo, 255)),
    ...names(first, '1').map(view(features)),
    ...names(second, '2').map(view(patterns)),
  ]
  const cell = { width: WIDTH + GAP, height: HEIGHT + LABEL_HEIGHT + GAP }
  const canvas = new Canvas(COLUMNS * cell.width + GAP, 3 * cell.height + GAP, WHITE)
  for (const [index, { name, picture }] of pictures.entries()) {
    const left = GAP + (index % COLUMNS) * cell.width
    const top = GAP + Math.floor(index / COLUMNS) * cell.height
    canvas.text(name, left, top, 2, INK)
    canvas.draw(picture, left, top + LABEL_HEIGHT)
  }
  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).png({ palette: true, effort: 10 }).toFile(path)
}
