import { info } from '../index.js'
import { parseCommand } from './arguments.js'
import { usageFailure } from './failure.js'
import { listing } from './table.js'

export function runInfo(words: readonly string[]): void {
  const { values, positionals } = parseCommand('info', words, { json: { type: 'boolean', default: false } })
  if (positionals[0] !== undefined) throw usageFailure(`info takes no photo, got ${positionals[0]}`, 'info')
  const facts = info()
  if (values.json) return console.log(JSON.stringify(facts, null, 2))
  console.log(
    listing(
      Object.entries(facts).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : String(value),
      ]),
    ),
  )
}
