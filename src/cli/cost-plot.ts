/** The bill as a picture: how the parameters of each form grow with the image, on two logarithmic scales. */
import { cost, type Cost, type CostOptions } from '../cost.js'
import { colours, dot, line, path, picture, text } from './svg.js'

const WIDTH = 880
const HEIGHT = 460
const PLOT = { left: 64, right: 560, top: 56, bottom: 410 } as const
const LABEL_HEIGHT = 17

const INK = '#222222'
const GRID = '#e4e4e4'
const FAINT = '#666666'

/** Images from a hundredth of the given one to ten times it, along each side. */
const SCALES = Array.from({ length: 31 }, (_, index) => 10 ** (index / 10 - 2))

/** A chart in SVG. */
export function costPlot(options: CostOptions): string {
  const [height, width] = options.image
  const samples = SCALES.map((scale) => {
    const image = [atLeastOne(height * scale), atLeastOne(width * scale)] as const
    return { pixels: image[0] * image[1], bill: cost({ ...options, image }) }
  })
  const bill = cost(options)
  const all = samples.flatMap((sample) => sample.bill.map(({ parameters }) => parameters))
  const x = logScale(samples[0]!.pixels, samples.at(-1)!.pixels, PLOT.left, PLOT.right)
  const y = logScale(Math.min(...all), Math.max(...all), PLOT.bottom, PLOT.top)
  const here = x.of(height * width)

  const shapes = [
    text(PLOT.left, 24, `Parameters of one layer, by the size of the image`, { size: 15, weight: 600 }),
    text(PLOT.left, 42, subtitle(options), { fill: FAINT }),
    ...x.decades.map((pixels) => line(x.of(pixels), PLOT.top, x.of(pixels), PLOT.bottom, GRID)),
    ...y.decades.map((count) => line(PLOT.left, y.of(count), PLOT.right, y.of(count), GRID)),
    ...x.decades.map((pixels) => text(x.of(pixels), PLOT.bottom + 18, power(pixels), { anchor: 'middle' })),
    ...y.decades.map((count) => text(PLOT.left - 8, y.of(count) + 4, power(count), { anchor: 'end' })),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 38, 'pixels of the image', {
      anchor: 'middle',
      fill: FAINT,
    }),
    line(here, PLOT.top, here, PLOT.bottom, FAINT, '4 4'),
  ]
  for (const [index, { name, parameters }] of bill.entries()) {
    const curve = samples.map(
      (sample) => [x.of(sample.pixels), y.of(sample.bill[index]!.parameters)] as const,
    )
    shapes.push(path(curve, colours[index]!))
    shapes.push(dot(here, y.of(parameters), colours[index]!, `${name}: ${parameters}`))
  }
  const ends = samples.at(-1)!.bill.map(({ parameters }) => y.of(parameters))
  for (const [index, baseline] of apart(ends).entries()) {
    const { name, parameters } = bill[index]!
    shapes.push(text(PLOT.right + 10, baseline + 4, name, { fill: INK, weight: 600 }))
    shapes.push(text(WIDTH - 12, baseline + 4, rounded(parameters), { anchor: 'end', fill: FAINT }))
    shapes.push(line(PLOT.right, ends[index]!, PLOT.right + 8, baseline, colours[index]!))
  }
  return picture(WIDTH, HEIGHT, shapes)
}

function subtitle({ image, channels = [1, 1] }: CostOptions): string {
  const counts = channels.map((count) => `${count} channel${count === 1 ? '' : 's'}`)
  return `From ${counts[0]!} to ${counts[1]!}; dots and numbers are for an image of ${image.join(' x ')}`
}

function atLeastOne(length: number): number {
  return Math.max(1, Math.round(length))
}

interface Scale {
  readonly of: (value: number) => number
  /** Powers of ten that a line is drawn for. */
  readonly decades: readonly number[]
}

function logScale(least: number, most: number, from: number, to: number): Scale {
  const first = Math.floor(Math.log10(least))
  const last = Math.max(Math.ceil(Math.log10(most)), first + 1)
  const every = Math.ceil((last - first) / 10)
  const decades = Array.from(
    { length: Math.floor((last - first) / every) + 1 },
    (_, n) => 10 ** (first + n * every),
  )
  return { of: (value) => from + ((Math.log10(value) - first) / (last - first)) * (to - from), decades }
}

/** Heights of labels, moved apart where they would overlap; in the order in which they are given. */
function apart(heights: readonly number[]): readonly number[] {
  const order = heights.map((height, index) => ({ height, index })).sort((a, b) => a.height - b.height)
  const placed: number[] = []
  let next = -Infinity
  for (const { height, index } of order) {
    placed[index] = Math.max(height, next)
    next = placed[index] + LABEL_HEIGHT
  }
  return placed
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function power(value: number): string {
  const exponent = String(Math.round(Math.log10(value)))
  return `10${Array.from(exponent, (digit) => superscripts[Number(digit)]!).join('')}`
}

/** "9", "3,996,001", "1.0 x 10¹²". */
function rounded(count: Cost['parameters']): string {
  if (count < 1e7) return count.toLocaleString('en-US')
  const exponent = Math.floor(Math.log10(count))
  return `${(count / 10 ** exponent).toFixed(1)} x ${power(10 ** exponent)}`
}
