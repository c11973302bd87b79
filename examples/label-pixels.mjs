/**
 * Tells what each pixel of a photo is, after it was shown a few boxes.
 *
 *   node examples/label-pixels.mjs [OUT.png]     (label-pixels.png when left out; after `npm run build`)
 *
 * A Conv2d gives nine features of each pixel: its colour, and those of a small and of a large neighbourhood. A
 * perceptron of 9-24-6, trained on the pixels in the boxes, gives a score for each label, and PixelMlp the label with
 * the highest one. The picture has the photo with the boxes, and the photo with its labels.
 */
import { performance } from 'node:perf_hooks'
import sharp from 'sharp'
import { Conv2d, PixelMlp, tensor } from 'simdconv'
import { Canvas } from '../dist/cli/canvas.js'
import { Network } from './perceptron/network.mjs'
import { layersOf } from './perceptron/layers.mjs'
import { uniform } from './perceptron/random.mjs'
import { crossEntropy, train } from './perceptron/train.mjs'

const PHOTO = new URL('photos/coffee.png', import.meta.url)
const KERNEL_SIDE = 25

/** Boxes are [left, top, width, height]. */
const LABELS = {
  wood: {
    colour: [205, 145, 70],
    boxes: [
      [480, 100, 110, 50],
      [10, 240, 55, 100],
      [500, 280, 80, 60],
      [90, 70, 40, 30],
      [330, 5, 60, 20],
      [555, 15, 40, 50],
      [20, 350, 60, 40],
      [500, 370, 80, 25],
    ],
  },
  red: {
    colour: [225, 45, 60],
    boxes: [
      [95, 180, 55, 60],
      [420, 180, 35, 80],
      [200, 340, 90, 20],
      [230, 210, 60, 12],
      [140, 270, 40, 30],
    ],
  },
  china: {
    colour: [240, 240, 235],
    boxes: [
      [245, 35, 90, 30],
      [184, 80, 12, 50],
      [385, 70, 12, 50],
      [225, 72, 120, 14],
      [230, 192, 110, 8],
    ],
  },
  coffee: {
    colour: [120, 70, 240],
    boxes: [
      [235, 108, 90, 32],
      [250, 165, 80, 15],
    ],
  },
  spoon: {
    colour: [60, 190, 230],
    boxes: [
      [345, 265, 45, 40],
      [404, 75, 12, 25],
    ],
  },
  dark: {
    colour: [40, 44, 52],
    boxes: [
      [0, 0, 70, 50],
      [100, 300, 14, 20],
      [230, 380, 120, 10],
    ],
  },
}

const [output = 'label-pixels.png', steps = '4000'] = process.argv.slice(2)
const names = Object.keys(LABELS)
const photo = await readPhoto()
const features = featureLayer().runSync(photo)

const start = performance.now()
const network = learn(features)
const seconds = (performance.now() - start) / 1000
console.log(
  `learned ${names.length} labels from ${names.flatMap(pixelsOf).length} pixels in ${seconds.toFixed(1)} s`,
)

const mlp = new PixelMlp({ layers: layersOf(network), classify: 'argmax', outputType: 'uint8' })
const labels = await mlp.run(features)
for (const [index, name] of names.entries()) {
  const share = labels.data.filter((label) => label === index).length / labels.data.length
  const right = pixelsOf(name).filter((pixel) => labels.data[pixel] === index).length / pixelsOf(name).length
  console.log(`${name.padEnd(10)}${percent(share)} of the photo, ${percent(right)} of its own boxes`)
}
await drawPicture(output)
console.log(output)

async function readPhoto() {
  const { data, info } = await sharp(PHOTO.pathname).raw().toBuffer({ resolveWithObject: true })
  return tensor(data, [info.height, info.width, info.channels])
}

/**
 * The features of each colour, with the scales that let them learn alike: how a pixel differs from its neighbourhood, how
 * that one differs from a larger one, and the larger one itself. Bytes become numbers around 0.
 */
function featureLayer() {
  const pixel = Array.from({ length: KERNEL_SIDE ** 2 }, (_, tap) =>
    Number(tap === (KERNEL_SIDE ** 2 - 1) / 2),
  )
  const [small, large] = [gaussian(2), gaussian(6)]
  const kernels = [
    pixel.map((weight, tap) => 8 * (weight - small[tap])),
    small.map((weight, tap) => 8 * (weight - large[tap])),
    large.map((weight) => 4 * weight),
  ]
  const weights = pixel.flatMap((_, tap) =>
    [...kernels, ...kernels, ...kernels].map((kernel) => kernel[tap] / 255),
  )
  return new Conv2d({
    filter: tensor(Float32Array.from(weights), [KERNEL_SIDE, KERNEL_SIDE, 1, 9]),
    bias: Float32Array.of(0, 0, -2, 0, 0, -2, 0, 0, -2),
    groups: 3,
    padding: 'same',
    border: 'symmetric',
    inputType: 'uint8',
  })
}

/** A kernel of sum 1. */
function gaussian(sigma) {
  const middle = (KERNEL_SIDE - 1) / 2
  const weights = Array.from({ length: KERNEL_SIDE ** 2 }, (_, tap) => {
    const [y, x] = [Math.floor(tap / KERNEL_SIDE) - middle, (tap % KERNEL_SIDE) - middle]
    return Math.exp(-(x * x + y * y) / (2 * sigma ** 2))
  })
  const sum = weights.reduce((total, weight) => total + weight)
  return weights.map((weight) => weight / sum)
}

/** The indices of the pixels in the boxes of a label. */
function pixelsOf(name) {
  const [, width] = photo.shape
  return LABELS[name].boxes.flatMap(([left, top, boxWidth, boxHeight]) =>
    Array.from(
      { length: boxWidth * boxHeight },
      (_, index) => (top + Math.floor(index / boxWidth)) * width + left + (index % boxWidth),
    ),
  )
}

/** Every label is as likely as any other, however small its boxes are. */
function learn({ data, shape }) {
  const channels = shape[2]
  const random = uniform(1)
  const network = new Network([channels, 24, names.length], random)
  const pixels = names.map(pixelsOf)
  const drawSample = () => {
    const label = Math.floor(random() * names.length)
    const pixel = pixels[label][Math.floor(random() * pixels[label].length)]
    const target = names.map((_, index) => Number(index === label))
    return { input: data.subarray(pixel * channels, (pixel + 1) * channels), target }
  }
  train(network, drawSample, crossEntropy, { steps: Number(steps) })
  return network
}

/** The photo with the boxes, and beside it the photo in the colours of its labels. */
async function drawPicture(path) {
  const [height, width] = photo.shape
  const [gap, labelHeight] = [12, 22]
  const canvas = new Canvas(2 * width + 3 * gap, height + labelHeight + 2 * gap, [255, 255, 255])
  let left = 2 * gap + width
  for (const [name, { colour }] of Object.entries(LABELS)) {
    canvas.fill(left, gap, 14, 14, colour)
    canvas.text(name, left + 18, gap, 2, [32, 34, 38])
    left += width / names.length
  }
  const top = gap + labelHeight
  canvas.draw({ data: photo.data, width, height }, gap, top)
  for (const { colour, boxes } of Object.values(LABELS)) {
    for (const [x, y, boxWidth, boxHeight] of boxes) {
      canvas.frame(gap + x - 1, top + y - 1, boxWidth + 2, boxHeight + 2, [255, 255, 255])
      canvas.frame(gap + x, top + y, boxWidth, boxHeight, colour)
    }
  }
  const tinted = photo.data.map((byte, index) => {
    const { colour } = LABELS[names[labels.data[Math.floor(index / 3)]]]
    return 0.3 * byte + 0.7 * colour[index % 3]
  })
  canvas.draw({ data: tinted, width, height }, 2 * gap + width, top)
  const raw = { width: canvas.width, height: canvas.height, channels: 3 }
  await sharp(canvas.data, { raw }).toFile(path)
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`.padStart(8)
}
