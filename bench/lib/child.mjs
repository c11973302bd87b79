/**
 * The process of one JavaScript contender with one layer or network. It obeys lines on its input and answers on its output with
 * lines that begin with "@", so that whatever else a library prints is no answer:
 *
 *     (start)      @ready {"version": "1.2.3", ...}   or   @cannot REASON
 *     check FILE   @done            runs once and writes the output, batch x height x width x channels
 *     time COUNT   @took SECONDS    runs once, then COUNT times by the clock
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Cannot } from './cannot.mjs'

/**
 * @typedef {ReturnType<typeof import('./layers.mjs').readJob> & { threads: number }} Job
 * @typedef {ReturnType<typeof import('./networks.mjs').readJob> & { threads: number }} NetworkJob
 *
 * @typedef {object} Prepared
 * @property {import('./contenders.mjs').Details} details
 * @property {() => void | Promise<unknown>} run
 * @property {() => Float32Array | Uint8Array} output of the last run
 */

const [kind, module, directory, line, threads] = process.argv.slice(2)

/** @param {string} name */
const read = (name) => {
  const bytes = readFileSync(join(directory, `${name}.f32`))
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}

/** @param {string} answer */
const say = (answer) => process.stdout.write(`@${answer}\n`)

/** @param {Prepared} contender @param {number} count @returns {Promise<number>} seconds */
async function time({ run }, count) {
  const first = run()
  const isAsync = first instanceof Promise
  await first
  const start = process.hrtime.bigint()
  if (isAsync) for (let i = 0; i < count; i++) await run()
  else for (let i = 0; i < count; i++) void run()
  return Number(process.hrtime.bigint() - start) / 1e9
}

try {
  const { prepare } = await import(module)
  const { readJob } = await import(`./${kind}s.mjs`)
  /** @type {Prepared} */
  const contender = await prepare({ ...readJob(line, read), threads: Number(threads) })
  say(`ready ${JSON.stringify(contender.details)}`)
  for await (const order of createInterface({ input: process.stdin })) {
    const [verb, argument] = order.split(/ (.*)/)
    if (verb === 'check') {
      await contender.run()
      writeFileSync(argument, contender.output())
      say('done')
    } else if (verb === 'time') {
      say(`took ${await time(contender, Number(argument))}`)
    }
  }
} catch (error) {
  if (!(error instanceof Error)) throw error
  say(
    `cannot ${error instanceof Cannot ? error.message : `${error.name}: ${error.message.split('\n', 1)[0]}`}`,
  )
}
process.exit()
