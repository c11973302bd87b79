/** Reading the words of a command line. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { resolveBorder, type Border } from '../border.js'
import { closest, didYouMean, quote } from '../check.js'
import { messageOf, usageFailure } from './failure.js'

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
  const option = /'(.*?)( <value>)?'/.exec(error.message)?.[1] ?? ''
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const suggestion = closest(option.replace(/^-+/, ''), options)
    return `unknown option ${quote(option)}${didYouMean(suggestion && `--${suggestion}`)}`
  }
  return `${option} ${error.message.includes('does not take') ? 'takes no value' : 'needs a value'}`
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

/**
 * The border policy that `--border` names; the engine's own names and its own sentences. Renormalizing is done by
 * weight, so that an even surface keeps its brightness at the edge under any filter.
 */
export function borderOption(given: string, command: string): Border {
  try {
    const { mode } = resolveBorder(given).x
    return mode === 'renormalize' ? { mode, by: 'weight' } : mode
  } catch (error) {
    throw usageFailure(`--${messageOf(error)}`, command)
  }
}
