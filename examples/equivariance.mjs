/**
 * Where a layer does the same to a thing wherever it stands, where it does not, and when it should not.
 *
 *   node examples/equivariance.mjs [OUT.png]     (docs/equivariance.png when left out; after `npm run build`)
 *
 * Above: a photo shifted in a circle, and the violation maps F(shift X) - shift F(X) of one blur under several borders and
 * strides. Below: a lens darkens the corners of the photo, and a layer with a gain of its own for each pixel undoes it;
 * tied to be translation invariant it cannot. docs/from-dense-to-convolution.md explains both.
 */
import sharp from 'sharp'
import { Conv2d, equivariance, LocallyConnected2d, tensor, tieWeights } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { table } from '../dist/cli/table.js'
import { enlarge, photoView, signedView } from '../dist/cli/views.js'

const PHOTO = new URL('photos/chelsea.png', import.meta.url)
const PICTURE = new URL('../docs/equivariance.png', import.meta.url)

const [HEIGHT, WIDTH] = [160, 240]
const SHIFT = [31, 45] // odd: between the outputs of stride 2
const EVEN_SHIFT = [32, 46]
const GAP = 12
const LABEL_HEIGHT = 24
const WHITE = [255, 255, 255]
const INK = [32, 34, 38]

const photo = await readPhoto()

// ---- shift, then compare ---------------------------------------------------------------------

const blurs = [
  { name: 'wrap', border: 'wrap' },
  { name: 'constant', border: 'constant' },
  { name: 'reflect', border: 'reflect' },
  { name: 'wrap, stride 2, shift 32 46', border: 'wrap', strides: 2, shift: EVEN_SHIFT },
  { name: 'wrap, stride 2, shift 31 45', border: 'wrap', strides: 2 },
].map(({ name, border, strides = 1, shift = SHIFT }) => {
  const layer = new Conv2d({ filter: binomial(), groups: 3, padding: 4, border, strides })
  return { name, ...equivariance(layer, photo, shift) }
})

// ---- a lens ----------------------------------------------------------------------------------

const light = vignette()
const darkened = tensor(
  photo.data.map((value, index) => value * light[Math.floor(index / 3)]),
  photo.shape,
)
const lens = new LocallyConnected2d({ weights: gains() })
const tied = tieWeights(lens)
const ownGain = lens.runSync(darkened)
const oneGain = tied.layer.runSync(darkened)
const place = equivariance(lens, darkened, SHIFT)

const grey = (value) => value.toFixed(1)
console.log(
  table(
    ['layer', 'inside', 'at the border'],
    [...blurs, { name: 'a gain for each pixel', ...place }].map(({ name, inside, border }) => [
      name,
      grey(inside.max),
      grey(border.max),
    ]),
    ['inside', 'at the border'],
  ),
)
console.log(`
grey values from the photo, root mean square
  darkened by the lens           ${grey(distance(darkened))}
  a gain for each pixel          ${grey(distance(ownGain))}
  the same gain for all, tied    ${grey(distance(oneGain))}`)
const output = process.argv[2] ?? PICTURE.pathname
await drawPicture(output)
console.log(`\n${output}`)

/** A blur of whole numbers over 65536: nothing is rounded, so that what is 0 is 0. */
function binomial() {
  const row = [1, 8, 28, 56, 70, 56, 28, 8, 1]
  const weights = row.flatMap((y) => row.flatMap((x) => Array(3).fill((y * x) / 65536)))
  return tensor(Float32Array.from(weights), [9, 9, 1, 3])
}

/** How much light arrives at each pixel: the fourth power of the cosine, as of a wide lens. */
function vignette() {
  return Float32Array.from({ length: HEIGHT * WIDTH }, (_, pixel) => {
    const y = (Math.floor(pixel / WIDTH) - (HEIGHT - 1) / 2) / WIDTH
    const x = ((pixel % WIDTH) - (WIDTH - 1) / 2) / WIDTH
    return 1 / (1 + 3 * (x * x + y * y)) ** 2
  })
}

/** V[i,j,0,0,c,c] = 1 / light: a window of one pixel, each channel to itself. */
function gains() {
  const weights = new Float32Array(HEIGHT * WIDTH * 9)
  for (const [pixel, share] of light.entries()) {
    for (let c = 0; c < 3; c++) weights[pixel * 9 + c * 4] = 1 / share
  }
  return tensor(weights, [HEIGHT, WIDTH, 1, 1, 3, 3])
}

function distance({ data }) {
  const squares = data.reduce((sum, value, index) => sum + (value - photo.data[index]) ** 2, 0)
  return Math.sqrt(squares / data.length)
}

async function readPhoto() {
  const { data } = await sharp(PHOTO.pathname)
    .resize(WIDTH, HEIGHT, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return tensor(Float32Array.from(data), [HEIGHT, WIDTH, 3])
}

async function drawPicture(path) {
  const maps = [...blurs, { name: 'a gain for each pixel', ...place }]
  const pictures = [
    ...maps.map(({ name, map }) => ({ name, picture: signedView(map, 0) })),
    { name: 'seen through the lens', picture: photoView(darkened) },
    { name: 'a gain for each pixel', picture: photoView(ownGain) },
    { name: 'one gain for all: tied', picture: photoView(oneGain) },
  ]
  const cell = { width: WIDTH + GAP, height: HEIGHT + LABEL_HEIGHT + GAP }
  const canvas = new Canvas(3 * cell.width + GAP, 3 * cell.height + GAP, WHITE)
  for (const [index, { name, picture }] of pictures.entries()) {
    const left = GAP + (index % 3) * cell.width
    const top = GAP + Math.floor(index / 3) * cell.height
    canvas.text(name, left, top, 1, INK)
    canvas.draw(enlarge(picture, WIDTH / picture.width), left, top + LABEL_HEIGHT)
  }
  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).png({ palette: true, effort: 10 }).toFile(path)
}
