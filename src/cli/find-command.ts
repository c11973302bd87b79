import { basename } from 'node:path'
import type { Tensor } from '../index.js'
import { tensor } from '../index.js'
import { parseCommand, required } from './arguments.js'
import { explain } from './chance.js'
import { Failure, usageFailure } from './failure.js'
import { countOption, rotationsOption, scalesOption, thresholdOption } from './find-arguments.js'
import { drawHeatMap } from './heat-map.js'
import { encodePhoto, formatOf, readPhoto } from './image.js'
import { save } from './save.js'
import { search, type Find } from './search.js'
import { table } from './table.js'
import { isFlat, makeVariant, type Variant } from './template-variants.js'

/** The exit code of a search that went well and found nothing; 1 and 2 are failures. */
const NOT_HERE = 3

const HEADING = ['template', 'score', 'threshold', 'x', 'y', 'width', 'height', 'scale', 'turn', 'is']
const NUMERIC = ['score', 'threshold', 'x', 'y', 'width', 'height', 'scale', 'turn']

export async function runFind(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommand('find', words, {
    output: { type: 'string', short: 'o' },
    count: { type: 'string', short: 'n', default: '5' },
    threshold: { type: 'string', short: 't' },
    scales: { type: 'string', short: 's' },
    rotations: { type: 'string', short: 'r' },
  })
  const [scenePath, ...templatePaths] = positionals
  if (scenePath === undefined) throw usageFailure('no scene given', 'find')
  if (templatePaths.length === 0) throw usageFailure(`no template given to find in ${scenePath}`, 'find')
  const output = required(values.output, '--output', 'find')
  const format = formatOf(output, 'find')
  const count = countOption(values.count)
  const threshold = thresholdOption(values.threshold)
  const scales = scalesOption(values.scales)
  const rotations = rotationsOption(values.rotations)

  const photo = await readPhoto(scenePath)
  const templates = await Promise.all(templatePaths.map(readTemplate))
  const isGrey = [photo.pixels, ...templates].some(({ shape }) => shape[2] === 1)
  const scene = isGrey ? toGrey(photo.pixels) : photo.pixels
  const variants: Variant[] = []
  for (const [template, pixels] of templates.entries()) {
    const own = await variantsOf(isGrey ? toGrey(pixels) : pixels, template, scales, rotations, scene)
    if (own.length === 0) throw fitsNowhere(templatePaths[template]!, pixels, scenePath, scene)
    variants.push(...own)
  }
  const result = await search(scene, variants, templates.length, threshold, count)

  const canvas = drawHeatMap(photo.pixels, result)
  const heatMap = tensor(Float32Array.from(canvas.data), [canvas.height, canvas.width, 3])
  await save(output, await encodePhoto({ pixels: heatMap, alpha: null, depth: 8 }, format))

  const names = templatePaths.map((path) => basename(path))
  for (const [template, finds] of result.finds.entries())
    console.log(answer(names[template]!, basename(scenePath), finds, threshold))
  const rows = result.finds.flatMap((finds, template) => finds.map((find) => rowOf(names[template]!, find)))
  console.log(`\n${table(HEADING, rows, NUMERIC)}\n\n${output}`)
  if (!result.finds.some(([best]) => best?.isHere)) process.exitCode = NOT_HERE
}

async function readTemplate(path: string): Promise<Tensor> {
  const { pixels } = await readPhoto(path)
  if (!isFlat(pixels)) return pixels
  throw new Failure(`${path} has one colour only: there is nothing to recognise it by`)
}

/** The template in all sizes and angles in which it fits into the scene. */
async function variantsOf(
  pixels: Tensor,
  template: number,
  scales: readonly number[],
  rotations: readonly number[],
  { shape: [height, width] }: Tensor,
): Promise<Variant[]> {
  const variants: Variant[] = []
  for (const scale of scales) {
    for (const rotation of rotations) {
      const variant = await makeVariant(pixels, template, scale, rotation)
      if (variant === undefined) continue
      const { shape } = variant.pixels
      if (shape[0]! <= height! && shape[1]! <= width!) variants.push(variant)
    }
  }
  return variants
}

function fitsNowhere(path: string, template: Tensor, scenePath: string, scene: Tensor): Failure {
  const size = ({ shape: [height, width] }: Tensor): string => `${width} x ${height}`
  return new Failure(
    `${path} (${size(template)}) fits into ${scenePath} (${size(scene)}) in none of the sizes; give smaller --scales, of at least 4 pixels`,
  )
}

/** Brightness as television weighs it, for a scene or template without colours. */
function toGrey({ data, shape }: Tensor): Tensor {
  const [height, width, channels] = shape as [number, number, number]
  const grey = Float32Array.from({ length: height * width }, (_, pixel) =>
    channels === 1
      ? data[pixel]!
      : 0.299 * data[3 * pixel]! + 0.587 * data[3 * pixel + 1]! + 0.114 * data[3 * pixel + 2]!,
  )
  return tensor(grey, [height, width, 1])
}

/** Whether a template is here, and why. */
function answer(name: string, scene: string, finds: readonly Find[], threshold: number | undefined): string {
  const here = finds.filter(({ isHere }) => isHere)
  const best = finds[0]!
  const places = here.length === 1 ? 'in 1 place' : `in ${here.length} places`
  const verdict =
    here.length > 0
      ? `${name} is in ${scene}, ${places}; the best scores ${best.score.toFixed(2)}.`
      : `${name} is not in ${scene}: the best place scores ${best.score.toFixed(2)}, below ${best.limit.threshold.toFixed(2)}.`
  const why = threshold === undefined ? explain(best.limit) : `${threshold} was given with --threshold.`
  return `${verdict}\n  Threshold: ${why}`
}

function rowOf(name: string, { variant, score, limit, isHere, x, y }: Find): string[] {
  const [height, width] = variant.pixels.shape as [number, number]
  return [
    name,
    score.toFixed(3),
    limit.threshold.toFixed(3),
    x.toFixed(1),
    y.toFixed(1),
    String(width),
    String(height),
    variant.scale.toFixed(2),
    String(variant.rotation),
    isHere ? 'here' : 'not here',
  ]
}
