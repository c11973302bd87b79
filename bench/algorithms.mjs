/** npm run bench:algorithms: what each algorithm takes, what was predicted, and whether the choice was right. */
import { writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { configure, info } from 'simdconv'
import { describeLayer, readLayers } from './lib/layers.mjs'
import { describeMachine, machineLine } from './lib/machine.mjs'
import { measureAlgorithms } from './lib/measure-algorithms.mjs'
import { positiveInteger, readOptions, run, userPath } from './lib/options.mjs'
import { startProgress } from './lib/progress.mjs'
import { geometricMean, median, ratios } from './lib/statistics.mjs'
import { table } from './lib/table.mjs'

const command = 'npm run bench:algorithms'
const usage = `${command} [-- OPTIONS]

  --layers        lists, files in layers/ without .txt (default resnet50,vgg19)
  --accuracy      high or fast: which algorithms take part (default high)
  --all           those that would not be considered take part, too, wherever they can
  --batch         of every layer (default: the list's)
  --threads       that compute (default 1)
  --rounds        in which the algorithms take turns (default 15)
  --milliseconds  for which each is timed in a round (default 10)
  --json          file to write`

await run(async () => {
  const options = readOptions({
    layers: { type: 'string', default: 'resnet50,vgg19' },
    accuracy: { type: 'string', default: 'high' },
    all: { type: 'boolean' },
    batch: { type: 'string' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '15' },
    milliseconds: { type: 'string', default: '10' },
    json: { type: 'string' },
    help: { type: 'boolean' },
  })
  if (options.help) return console.log(usage)
  const settings = {
    rounds: positiveInteger('rounds', options.rounds),
    milliseconds: positiveInteger('milliseconds', options.milliseconds),
    accuracy: /** @type {import('simdconv').Accuracy} */ (options.accuracy),
    all: Boolean(options.all),
  }
  configure({ threads: positiveInteger('threads', options.threads) })
  const machine = describeMachine(info())
  console.log(machineLine(machine))

  const batch = options.batch === undefined ? undefined : positiveInteger('batch', options.batch)
  const lists = /** @type {string} */ (options.layers).split(',')
  const layers = distinct(
    lists.flatMap(readLayers).map((layer) => ({ ...layer, batch: batch ?? layer.batch })),
  )
  const progress = startProgress(layers.length * settings.rounds)
  const results = []
  try {
    for (const layer of layers) {
      progress.say(layer.name)
      const result = measureAlgorithms(layer, settings, progress.step)
      if (result) results.push(result)
      await setImmediate() // the bar moves
    }
  } finally {
    progress.stop()
  }

  const algorithms = [
    ...new Set(results.flatMap(({ measured }) => measured.map(({ algorithm }) => algorithm))),
  ]
  const losses = results.map(lossOf)
  const rows = results.map(({ layer, chosen, measured }, index) => [
    layer.name,
    describeLayer(layer),
    ...algorithms.map((name) => {
      const found = measured.find(({ algorithm }) => algorithm === name)
      if (!found) return '-'
      const times = [median(found.seconds), found.predicted].map((seconds) => (seconds * 1000).toPrecision(3))
      return `${name === chosen ? '* ' : ''}${times.join(' / ')}`
    }),
    losses[index].toFixed(2),
  ])
  console.log(`\n${table(['layer', '', ...algorithms, 'chosen / best'], rows, 2)}`)
  const near = losses.filter((loss) => loss <= 1.05).length
  console.log(`
milliseconds, measured / predicted; * is the choice
the choice is within 5 % of the best in ${near} of ${losses.length} layers; geometric mean ${geometricMean(losses).toFixed(3)}`)
  if (options.json) {
    writeFileSync(userPath(options.json), `${JSON.stringify({ machine, settings, results }, undefined, 2)}\n`)
  }
})

/**
 * The time of the choice over that of the quickest, in the median of the rounds.
 *
 * @param {import('./lib/measure-algorithms.mjs').AlgorithmResult} result
 * @returns {number}
 */
function lossOf({ chosen, measured }) {
  const of = measured.find(({ algorithm }) => algorithm === chosen)
  return Math.max(...measured.map(({ seconds }) => median(ratios(of?.seconds ?? [], seconds))))
}

/**
 * Lists share layers.
 *
 * @param {readonly import('./lib/layers.mjs').Layer[]} layers
 * @returns {import('./lib/layers.mjs').Layer[]}
 */
function distinct(layers) {
  return [...new Map(layers.map((layer) => [describeLayer(layer), layer])).values()]
}
