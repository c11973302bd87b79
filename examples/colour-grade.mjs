/**
 * Learns the look of a photo from one picture before and after it was graded, and gives that look to other photos.
 *
 *   node examples/colour-grade.mjs [OUT.png [STEPS]]     (colour-grade.png, 12000; after `npm run build`)
 *
 * The grade splits the tones: teal shadows, warm highlights, more contrast, and most saturation in the middle. No
 * matrix of colours does that. A network of 3-16-16-3 learns it in seconds, from pixels alone, here in plain JavaScript;
 * PixelMlp then runs it on all pixels of a photo at once. The picture has a column for each photo: as it was, graded by the
 * true function, and by what was learned.
 */
import { performance } from 'node:perf_hooks'
import sharp from 'sharp'
import { PixelMlp, tensor } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { layersOf } from './perceptron/layers.mjs'
import { Network } from './perceptron/network.mjs'
import { uniform } from './perceptron/random.mjs'
import { squaredError, train } from './perceptron/train.mjs'

const TEACHER = 'astronaut.png'
const PUPILS = ['coffee.png', 'chelsea.png']
const HEIGHT = 300 // of each photo in the picture
const [output = 'colour-grade.png', steps = '12000'] = process.argv.slice(2)

const teacher = await readPhoto(TEACHER, { height: HEIGHT })
const pair = { before: teacher.data, after: splitTone(teacher).data }

const [matrix] = learn([3, 3], pair)
const [network, seconds] = learn([3, 16, 16, 3], pair)
console.log(`learned 3-16-16-3 from ${TEACHER} in ${seconds.toFixed(1)} s`)

const bytes = { inputType: 'uint8', outputType: 'uint8' }
const scales = { inScale: 1 / 255, outScale: 255 }
const grade = new PixelMlp({ ...bytes, layers: layersOf(network, scales) })
const matrixGrade = new PixelMlp({ ...bytes, layers: layersOf(matrix, scales) })

const columns = []
for (const name of [TEACHER, ...PUPILS]) {
  const before = await readPhoto(name, { height: HEIGHT })
  const expected = splitTone(before)
  const learned = await grade.run(before)
  const [error, ofMatrix, ofNothing] = [learned, await matrixGrade.run(before), before].map((image) =>
    rootMeanSquare(image.data, expected.data).toFixed(1),
  )
  console.log(
    `${name}: off by ${error} of 255; a matrix that learned alike by ${ofMatrix}, the photo itself by ${ofNothing}`,
  )
  columns.push([before, expected, learned])
}
console.log(await speedOf(grade, PUPILS[0], 6000, 4000))

await drawPicture(columns, ['before', 'graded', 'learned'], output)
console.log(output)

/** The look that is to be learned; that it is known here serves to tell how well. */
function splitTone({ data, shape }) {
  const [shadows, highlights] = [
    [-0.04, 0.08, 0.12], // teal
    [0.1, 0.02, -0.14], // warm
  ]
  const graded = new Uint8ClampedArray(data.length)
  for (let pixel = 0; pixel < data.length; pixel += 3) {
    const rgb = [data[pixel] / 255, data[pixel + 1] / 255, data[pixel + 2] / 255]
    const luminance = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
    const curve = luminance ** 2 * (3 - 2 * luminance) // an S: darker below the middle, brighter above
    const contrasty = 0.4 * luminance + 0.6 * curve
    const saturation = 0.5 + 2.4 * luminance * (1 - luminance)
    for (let channel = 0; channel < 3; channel++) {
      const tint = shadows[channel] * (1 - contrasty) ** 2 + highlights[channel] * contrasty ** 2
      graded[pixel + channel] = 255 * (contrasty + saturation * (rgb[channel] - luminance) + tint)
    }
  }
  return tensor(new Uint8Array(graded.buffer), shape)
}

/** A network that was shown pixels of the pair at random, and the seconds that took. */
function learn(widths, { before, after }) {
  const random = uniform(1)
  const network = new Network(widths, random)
  const [input, target] = [new Float32Array(3), new Float32Array(3)]
  const drawSample = () => {
    const pixel = 3 * Math.floor((random() * before.length) / 3)
    for (let channel = 0; channel < 3; channel++) {
      input[channel] = before[pixel + channel] / 255
      target[channel] = after[pixel + channel] / 255
    }
    return { input, target }
  }
  const start = performance.now()
  train(network, drawSample, squaredError, { steps: Number(steps) })
  return [network, (performance.now() - start) / 1000]
}

async function readPhoto(name, resize) {
  const image = sharp(new URL(`photos/${name}`, import.meta.url).pathname).resize(resize)
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return tensor(data, [info.height, info.width, 3])
}

function rootMeanSquare(actual, expected) {
  let sum = 0
  for (let i = 0; i < expected.length; i++) sum += (actual[i] - expected[i]) ** 2
  return Math.sqrt(sum / expected.length)
}

/** What a large photo takes, the median of a few runs into the same memory. */
async function speedOf(mlp, name, width, height) {
  const photo = await readPhoto(name, { width, height })
  const into = { output: new Uint8Array(photo.data.length) }
  const times = Array.from({ length: 6 }, () => {
    const start = performance.now()
    mlp.runSync(photo, into)
    return performance.now() - start
  })
  const median = times.slice(1).sort((a, b) => a - b)[2] // the first one maps the memory
  const rate = (width * height) / median / 1000
  return `${width} x ${height} pixels in ${median.toFixed(0)} ms, ${rate.toFixed(0)} million a second`
}

/** A column for each photo, a row for each of its versions. */
async function drawPicture(columns, titles, path) {
  const [gap, labelHeight] = [12, 22]
  const rowHeight = HEIGHT + labelHeight + gap
  const width = columns.reduce((sum, [{ shape }]) => sum + shape[1] + gap, gap)
  const canvas = new Canvas(width, titles.length * rowHeight + gap, [255, 255, 255])
  for (const [row, title] of titles.entries()) {
    canvas.text(title, gap, gap + row * rowHeight, 2, [32, 34, 38])
    let left = gap
    for (const { data, shape } of columns.map((versions) => versions[row])) {
      canvas.draw({ data, width: shape[1], height: shape[0] }, left, gap + row * rowHeight + labelHeight)
      left += shape[1] + gap
    }
  }
  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).toFile(path)
}
