/**
 * One blur in every form between a fully connected layer and a convolution, and what becomes of it at the border.
 *
 *   node examples/constraints.mjs [OUT.png]     (docs/constraints.png when left out; after `npm run build`)
 *
 * Under each border policy the fully connected form is measured from the convolution; the others are made of it by
 * tieWeights() and restrictTo(). The table shows how far the numbers of each form are from those of the convolution, the
 * picture where. docs/from-dense-to-convolution.md explains both.
 */
import sharp from 'sharp'
import { Conv2d, DenseImageLayer, restrictTo, tensor, tieWeights } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { table } from '../dist/cli/table.js'
import { enlarge, photoView, signedView } from '../dist/cli/views.js'

const BORDERS = ['constant', 'edge', 'reflect', 'wrap']
const FORMS = ['dense', 'local', 'tied', 'tied and local', 'zeros beyond']
const PHOTO = new URL('photos/chelsea.png', import.meta.url)
const PICTURE = new URL('../docs/constraints.png', import.meta.url)

const [HEIGHT, WIDTH] = [28, 42]
const DELTA = 2
const ZOOM = 4
const GAP = 12
const LABEL_HEIGHT = 24
const WHITE = [255, 255, 255]
const INK = [32, 34, 38]

// A blur of whole numbers: sums of 256 times a grey value are exact in floats, whatever their order.
const row = [1, 4, 6, 4, 1]
const filter = tensor(Float32Array.from(row.flatMap((y) => row.map((x) => y * x))), [5, 5, 1, 1])
const photo = await readPhoto()
const results = BORDERS.map((border) => ({ border, ...allForms(border) }))

const lines = results.flatMap(({ border, blurred, outputs }) =>
  FORMS.map((form, index) => {
    const { inside, outside } = differences(outputs[index], blurred)
    return [border, form, inside.toFixed(1), outside.toFixed(1)]
  }),
)
console.log(table(['border', 'form', 'inside', 'at the border'], lines, ['inside', 'at the border']))
const output = process.argv[2] ?? PICTURE.pathname
await drawPicture(output)
console.log(`\n${output}`)

/** The blur as a convolution, and in the forms of FORMS. */
function allForms(border) {
  const options = { filter, padding: 'same', border }
  const blurred = new Conv2d(options).runSync(photo)
  const dense = DenseImageLayer.from(options, photo.shape) // E1
  const local = restrictTo(dense, DELTA) // E1' within delta
  const tied = tieWeights(dense) // E2
  const both = restrictTo(tied, DELTA) // E3
  const zeros = new Conv2d({ ...options, border: 'constant' }) // E3 with the same filter
  const layers = [dense, local.layer, tied.layer, both.layer, zeros]
  return { blurred, outputs: layers.map((layer) => layer.runSync(photo)) }
}

/** The largest differences in grey values, where no window meets the border and where one does. */
function differences(output, expected) {
  const largest = { inside: 0, outside: 0 }
  for (let i = 0; i < HEIGHT; i++) {
    for (let j = 0; j < WIDTH; j++) {
      const isInside = i >= DELTA && j >= DELTA && i < HEIGHT - DELTA && j < WIDTH - DELTA
      const where = isInside ? 'inside' : 'outside'
      const difference = Math.abs(output.data[i * WIDTH + j] - expected.data[i * WIDTH + j]) / 256
      largest[where] = Math.max(largest[where], difference)
    }
  }
  return largest
}

async function readPhoto() {
  const { data } = await sharp(PHOTO.pathname)
    .resize(WIDTH, HEIGHT, { fit: 'fill' })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return tensor(Float32Array.from(data), [HEIGHT, WIDTH, 1])
}

/** A row for each border: the blur, then the difference of each form from it. */
async function drawPicture(path) {
  const cell = { width: WIDTH * ZOOM + GAP, height: HEIGHT * ZOOM + LABEL_HEIGHT + GAP }
  const canvas = new Canvas(
    (FORMS.length + 1) * cell.width + GAP,
    BORDERS.length * cell.height + LABEL_HEIGHT + GAP,
    WHITE,
  )
  for (const [index, form] of ['convolution', ...FORMS].entries()) {
    canvas.text(form, GAP + index * cell.width, GAP, 2, INK)
  }
  for (const [index, { border, blurred, outputs }] of results.entries()) {
    const top = LABEL_HEIGHT + GAP + index * cell.height
    canvas.text(border, GAP, top, 2, INK)
    canvas.draw(enlarge(photoView(scaled(blurred, 1 / 256)), ZOOM), GAP, top + LABEL_HEIGHT)
    for (const [form, result] of outputs.entries()) {
      const difference = tensor(
        result.data.map((value, pixel) => (value - blurred.data[pixel]) / 256),
        result.shape,
      )
      const left = GAP + (form + 1) * cell.width
      canvas.draw(enlarge(signedView(difference, 0), ZOOM), left, top + LABEL_HEIGHT)
    }
  }
  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).png({ palette: true, effort: 10 }).toFile(path)
}

function scaled({ data, shape }, factor) {
  return tensor(
    data.map((value) => value * factor),
    shape,
  )
}
