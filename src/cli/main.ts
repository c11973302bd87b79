#!/usr/bin/env node
/** The command line: finds the command, runs it, and turns what goes wrong into one line and an exit code. */
import { closest, didYouMean, list, quote } from '../check.js'
import { version } from '../load-addon.js'
import { Failure, fileReason, messageOf, usageFailure } from './failure.js'
import { HELP } from './help.js'

type Run = (words: readonly string[]) => void | Promise<void>

/** The commands; each loads what it needs when it is called. */
const COMMANDS = {
  filter: async () => (await import('./filter-command.js')).runFilter,
  sheet: async () => (await import('./sheet-command.js')).runSheet,
  cost: async () => (await import('./cost-command.js')).runCost,
  find: async () => (await import('./find-command.js')).runFind,
  info: async () => (await import('./info-command.js')).runInfo,
} satisfies Record<string, () => Promise<Run>>

async function main([name, ...words]: readonly string[]): Promise<void> {
  if (name === undefined) throw usageFailure('no command given', '')
  if (isHelp(name)) return print(HELP.main)
  if (name === '--version' || name === '-v') return print(`${version}\n`)
  if (!isCommand(name)) throw usageFailure(`unknown command ${quote(name)}${wayOut(name)}`, '')
  if (words.some(isHelp)) return print(HELP[name])
  const run: Run = await COMMANDS[name]()
  await run(words)
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h'
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name)
}

function wayOut(name: string): string {
  const names = Object.keys(COMMANDS)
  const suggestion = closest(name, names)
  return suggestion ? didYouMean(suggestion) : `; the commands are ${list(names, 'and')}`
}

function print(text: string): void {
  process.stdout.write(text)
}

function complain(message: string): void {
  console.error(`simdconv: ${message}`)
}

/** A reader that has seen enough, such as `head`, ends the program quietly. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  complain(`cannot write to the standard output: ${fileReason(error)}`)
  process.exit(1)
})

main(process.argv.slice(2)).catch((error: unknown) => {
  complain(messageOf(error))
  process.exitCode = error instanceof Failure ? error.exitCode : 1
})
