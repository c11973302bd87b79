import { basename } from 'node:path'
import type { Border, Tensor } from '../index.js'
import { info, tensor } from '../index.js'
import { combineMaps, compileFilter } from './apply.js'
import { borderOption, onePhoto, parseCommand, required } from './arguments.js'
import type { Picture } from './canvas.js'
import { FILTERS, type Filter } from './filters.js'
import { encodePhoto, formatOf, readPhoto } from './image.js'
import { medianMilliseconds } from './measure.js'
import { save } from './save.js'
import { drawSheet, type Tile } from './sheet-layout.js'
import { table } from './table.js'
import { photoView, shrink, signedView } from './views.js'

const COLUMNS = 4
const MAX_TILE_WIDTH = 480
const MAX_TILE_HEIGHT = 480

const HEADING = ['filter', 'kernel', 'output', 'algorithm', 'micro-kernel', 'isa', 'ms', 'MP/s', 'GFLOP/s']
const NUMERIC = ['ms', 'MP/s', 'GFLOP/s']

export async function runSheet(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommand('sheet', words, {
    output: { type: 'string', short: 'o' },
    border: { type: 'string', short: 'b', default: 'edge' },
  })
  const path = onePhoto(positionals, 'sheet')
  const output = required(values.output, '--output', 'sheet')
  const format = formatOf(output, 'sheet')
  const border = borderOption(values.border, 'sheet')

  const { pixels } = await readPhoto(path)
  const tiles = [await photoTile(pixels)]
  const rows: string[][] = []
  for (const filter of FILTERS) {
    const { tile, row } = await filterTile(filter, pixels, border)
    tiles.push(tile)
    rows.push(row)
  }
  const [height, width, channels] = pixels.shape as [number, number, number]
  const name = basename(path)
  const canvas = drawSheet(`${name}, ${width} x ${height}`, 'blue below zero, orange above', tiles, COLUMNS)
  const sheet = tensor(Float32Array.from(canvas.data), [canvas.height, canvas.width, 3])
  await save(output, await encodePhoto({ pixels: sheet, alpha: null, depth: 8 }, format))

  const { version, isa, threads } = info()
  const photo = `${name}: ${width} x ${height}, ${channels === 1 ? 'grey' : 'RGB'}`
  console.log(`${photo}; simdconv ${version}, ${isa}, threads: ${threads}, Node.js ${process.version}\n`)
  console.log(`${table(HEADING, rows, NUMERIC)}\n`)
  console.log(
    'GFLOP/s: operations of the formula; filters of rank 1 ("separable") are computed with fewer.\n',
  )
  console.log(output)
}

async function photoTile(pixels: Tensor): Promise<Tile> {
  const detail = pixels.shape[2] === 1 ? 'grey' : 'RGB'
  return { picture: await fit(photoView(pixels)), name: 'photo', detail }
}

/** Runs a filter over and over; returns its picture and the row of the table that tells of it. */
async function filterTile(
  filter: Filter,
  pixels: Tensor,
  border: Border,
): Promise<{ tile: Tile; row: string[] }> {
  const [height, width, channels] = pixels.shape as [number, number, number]
  using layer = compileFilter(filter, channels, border)
  const maps = await layer.run(pixels)
  const milliseconds = medianMilliseconds(() => layer.runSync(pixels, { output: maps }))
  const plan = layer.describe(pixels.shape)
  const row = [
    filter.name,
    kernelSize(filter),
    maps.shape.join(' x '),
    plan.algorithm,
    plan.kernel,
    plan.isa,
    milliseconds.toFixed(3),
    (((height * width) / milliseconds) * 1e-3).toFixed(0),
    (((2 * plan.macs) / milliseconds) * 1e-6).toFixed(1),
  ]
  return { tile: await viewTile(filter, combineMaps(filter, maps)), row }
}

async function viewTile(filter: Filter, result: Tensor): Promise<Tile> {
  const { name, offset, signed } = filter
  if (!signed) return { picture: await fit(photoView(result)), name, detail: kernelSize(filter) }
  const view = signedView(result, offset)
  const detail = `${kernelSize(filter)}, full at ${view.fullAt.toFixed(0)}`
  return { picture: await fit(view), name, detail }
}

function fit(picture: Picture): Promise<Picture> {
  return shrink(picture, MAX_TILE_WIDTH, MAX_TILE_HEIGHT)
}

/** "3 x 3", or "2 of 3 x 3" for a filter of two kernels. */
function kernelSize({ kernels }: Filter): string {
  const size = `${kernels[0]!.length} x ${kernels[0]![0]!.length}`
  return kernels.length === 1 ? size : `${kernels.length} of ${size}`
}
