/** Reading the words of a command line. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { closest, didYouMean, quote } from '../check.js'
import type { Border } from '../index.js'
import { usageFailure } from './failure.js'

type Options = NonNullable<ParseArgsConfig['options']>

/** Splits the words after the name of a command into options and the rest. */
export function parseCommand<const T extends Options>(
  command: string,
  words: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true })
  } catch (error) {
    throw usageFailure(explain(error as NodeJS.ErrnoException, Object.keys(options)), command)
  }
}

/** What parseArgs refuses, in one sentence. */
function explain(error: NodeJS.ErrnoException, options: readonly string[]): string {
  const [sentence] = error.message.split(/\.?(?: To specify|\n)/, 1) as [string]
  if (error.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return sentence
  const option = /'(.*?)'/.exec(sentence)?.[1] ?? ''
  const suggestion = closest(option.replace(/^-+/, ''), options)
  return `unknown option ${quote(option)}${didYouMean(suggestion && `--${suggestion}`)}`
}

/** The one photo that a command works on. */
export function onePhoto(positionals: readonly string[], command: string): string {
  const [photo, another] = positionals
  if (photo === undefined) throw usageFailure('no photo given', command)
  if (another !== undefined) throw usageFailure(`one photo at a time, got ${photo} and ${another}`, command)
  return photo
}

/** An option without which a command cannot work. */
export function required(value: string | undefined, option: string, command: string): string {
  if (value) return value
  throw usageFailure(`${option} is missing`, command)
}

/** The border policy of a photo; the engine refuses a name that it does not know. */
export function borderOption(mode: string): Border {
  return { mode } as Border
}
