/** npm run bench:borders: the time of each border policy over zeros. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configure, info } from 'simdconv'
import { policies } from './lib/border-policies.mjs'
import { bordersChart } from './lib/borders-chart.mjs'
import { readLayers } from './lib/layers.mjs'
import { describeMachine, machineLine } from './lib/machine.mjs'
import { measureBorders } from './lib/measure-borders.mjs'
import { positiveInteger, readOptions, run, userPath } from './lib/options.mjs'
import { peakMeterOrReason } from './lib/meters.mjs'
import { startProgress } from './lib/progress.mjs'
import { median, ratios, summarize } from './lib/statistics.mjs'
import { table } from './lib/table.mjs'

const command = 'npm run bench:borders'
const usage = `${command} [-- OPTIONS]

  --rounds        in which the policies take turns (default 101)
  --milliseconds  for which each is timed in a round (default 5)
  --json          file to write
  --svg           file to write (default docs/borders-cost.svg)`

await run(async () => {
  const options = readOptions({
    rounds: { type: 'string', default: '101' },
    milliseconds: { type: 'string', default: '5' },
    json: { type: 'string' },
    svg: { type: 'string' },
    help: { type: 'boolean' },
  })
  if (options.help) return console.log(usage)
  const settings = {
    rounds: positiveInteger('rounds', options.rounds),
    milliseconds: positiveInteger('milliseconds', options.milliseconds),
  }
  configure({ threads: 1 })
  const machine = describeMachine(info())
  console.log(machineLine(machine))
  const measurePeak = peakMeterOrReason(machine.isa)

  const layers = readLayers('borders')
  const progress = startProgress(layers.length * settings.rounds)
  const results = []
  try {
    for (const layer of layers) {
      progress.say(layer.name)
      results.push(await measureBorders(layer, measurePeak, settings, progress.step))
    }
  } finally {
    progress.stop()
  }

  const rows = results.map(({ layer, measured }) => [
    layer.name,
    `${(median(measured[0].seconds) * 1000).toFixed(3)} ms`,
    ...measured.slice(1).map(({ seconds }) => median(ratios(seconds, measured[0].seconds)).toFixed(3)),
  ])
  console.log(`\n${table(['times zeros', ...policies.map(({ name }) => name)], rows)}`)
  const peaks = results.flatMap(({ peak }) => peak)
  if (peaks.length > 0) {
    console.log(`\nFMA peak of one thread in the same run: ${(median(peaks) / 1e9).toFixed(1)} GFLOP/s`)
  }

  const chart = options.svg ? userPath(options.svg) : new URL('../docs/borders-cost.svg', import.meta.url)
  writeFileSync(chart, bordersChart(results, command, machine))
  console.log(`chart: ${chart instanceof URL ? fileURLToPath(chart) : chart}`)
  if (options.json) {
    const peak = peaks.length > 0 ? summarize(peaks) : undefined
    writeFileSync(
      userPath(options.json),
      `${JSON.stringify({ machine, settings, peak, results }, undefined, 2)}\n`,
    )
  }
})
