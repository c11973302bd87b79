/** npm run bench:outputs: what the memory of a result costs, where it is fresh, recycled or the caller's. */
import { configure, Conv2d, info, tensor } from 'simdconv'
import { makeData } from './lib/data.mjs'
import { readLayers } from './lib/layers.mjs'
import { describeMachine, machineLine } from './lib/machine.mjs'
import { positiveInteger, readOptions, run } from './lib/options.mjs'
import { startProgress } from './lib/progress.mjs'
import { median } from './lib/statistics.mjs'
import { table } from './lib/table.mjs'

const usage = `npm run bench:outputs [-- OPTIONS]

  --threads  that compute (default 1)
  --rounds   in which the three take turns (default 21)
  --runs     in a round, for each (default 20)`

/** Where a result goes, for a layer whose results have `length` elements. */
const memories = {
  'reused output': (/** @type {number} */ length) => {
    const options = { output: new Float32Array(length) }
    return () => options
  },
  recycled: () => () => ({}),
  fresh: (/** @type {number} */ length) => () => ({ output: new Float32Array(length) }),
}

await run(async () => {
  const options = readOptions({
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '21' },
    runs: { type: 'string', default: '20' },
    help: { type: 'boolean' },
  })
  if (options.help) return console.log(usage)
  const rounds = positiveInteger('rounds', options.rounds)
  const runs = positiveInteger('runs', options.runs)
  configure({ threads: positiveInteger('threads', options.threads) })
  console.log(machineLine(describeMachine(info())))
  console.log(`${rounds} rounds of ${runs} results each, nobody keeps them; milliseconds, medians`)

  const layers = readLayers('outputs')
  const progress = startProgress(layers.length * rounds)
  const rows = []
  for (const layer of layers) {
    progress.say(layer.name)
    rows.push(...(await measure(layer, rounds, runs, progress.step)))
  }
  progress.stop()
  console.log(`\n${table(['layer', 'MiB', 'call', ...Object.keys(memories)], rows)}`)
})

/**
 * @param {import('./lib/layers.mjs').Layer} layer
 * @param {number} rounds
 * @param {number} runs
 * @param {() => void} onStep called rounds times
 * @returns {Promise<string[][]>} a row for run() and one for runSync()
 */
async function measure(layer, rounds, runs, onStep) {
  const { batch, height, width, inChannels, outChannels, kernel, stride, pad, dilation, groups } = layer
  const { input, filter } = makeData(layer)
  const image = tensor(input, [batch, height, width, inChannels])
  const conv = new Conv2d({
    filter: tensor(filter, [...kernel, inChannels / groups, outChannels]),
    strides: stride,
    dilations: dilation,
    groups,
    padding: { top: pad[0], bottom: pad[0], left: pad[1], right: pad[1] },
  })
  const length = conv.outputShape(image.shape).reduce((product, axis) => product * axis, 1)
  const contenders = Object.values(memories).map((memory) => ({
    options: memory(length),
    run: /** @type {number[]} */ ([]),
    runSync: /** @type {number[]} */ ([]),
  }))
  for (let round = 0; round < rounds; round++) {
    for (const { options, run, runSync } of contenders) {
      await conv.run(image, options())
      run.push(await time(runs, () => conv.run(image, options())))
      runSync.push(await time(runs, () => void conv.runSync(image, options())))
    }
    onStep()
  }
  const mebibytes = ((4 * length) / 2 ** 20).toFixed(1)
  return ['run', 'runSync'].map((call) => [
    layer.name,
    mebibytes,
    call,
    ...contenders.map((contender) => median(contender[/** @type {'run' | 'runSync'} */ (call)]).toFixed(3)),
  ])
}

/**
 * @param {number} runs
 * @param {() => Promise<unknown> | void} once
 * @returns {Promise<number>} milliseconds of one
 */
async function time(runs, once) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < runs; i++) {
    const ending = once()
    if (ending) await ending // so that runSync() is a loop that does not yield
  }
  return Number(process.hrtime.bigint() - start) / 1e6 / runs
}
