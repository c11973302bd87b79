import { basename } from 'node:path'
import { combineMaps, compileFilter } from './apply.js'
import { borderOption, onePhoto, parseCommand, required } from './arguments.js'
import { chooseFilter } from './choose-filter.js'
import { encodePhoto, formatOf, readPhoto } from './image.js'
import { save } from './save.js'

export async function runFilter(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommand('filter', words, {
    filter: { type: 'string', short: 'f' },
    output: { type: 'string', short: 'o' },
    border: { type: 'string', short: 'b', default: 'edge' },
  })
  const path = onePhoto(positionals, 'filter')
  const output = required(values.output, '--output', 'filter')
  const format = formatOf(output, 'filter')
  const border = borderOption(values.border, 'filter')
  const filter = await chooseFilter(required(values.filter, '--filter', 'filter'))

  const photo = await readPhoto(path)
  const [height, width, channels] = photo.pixels.shape as [number, number, number]
  using layer = compileFilter(filter, channels, border)
  const pixels = combineMaps(filter, await layer.run(photo.pixels))

  await save(output, await encodePhoto({ ...photo, pixels }, format))
  console.log(`${filter.name} of ${basename(path)} (${width} x ${height}): ${output}`)
}
