/** npm run bench -- --layers resnet50 --contenders simdconv,onnxruntime */
import { writeFileSync } from 'node:fs'
import { info } from 'simdconv'
import { benchChart } from './lib/bench-chart.mjs'
import { contenderNames, readContender } from './lib/contenders.mjs'
import { listNames, readLayers } from './lib/layers.mjs'
import { describeMachine, machineLine } from './lib/machine.mjs'
import { measureLayer } from './lib/measure.mjs'
import { positiveInteger, readOptions, run, userPath } from './lib/options.mjs'
import { peakMeterOrReason } from './lib/peak.mjs'
import { startProgress } from './lib/progress.mjs'
import { absentLines, meanTable, resultTable, versionsLine } from './lib/report.mjs'
import { summarize } from './lib/statistics.mjs'

const usage = `npm run bench -- --layers LIST[,LIST] --contenders NAME[,NAME]

  --layers        ${listNames().join(', ')} (default resnet50)
  --contenders    ${contenderNames.join(', ')}
                  (default simdconv,onnxruntime); the others are compared with the first
  --filter        only layers whose name contains this
  --threads       of each contender (default 1)
  --rounds        in which the contenders take turns (default 7)
  --milliseconds  for which each is timed in a round (default 40)
  --json, --svg   files to write`

await run(async () => {
  const options = readOptions({
    layers: { type: 'string', default: 'resnet50' },
    contenders: { type: 'string', default: 'simdconv,onnxruntime' },
    filter: { type: 'string', default: '' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '7' },
    milliseconds: { type: 'string', default: '40' },
    json: { type: 'string' },
    svg: { type: 'string' },
    help: { type: 'boolean' },
  })
  if (options.help) return console.log(usage)
  const { layers: lists = '', filter = '' } = options
  const layers = lists
    .split(',')
    .flatMap(readLayers)
    .filter(({ name }) => name.includes(filter))
  if (layers.length === 0) throw new Error(`no layer of ${lists} has "${filter}" in its name`)
  const names = [...new Set(options.contenders?.split(','))]
  const contenders = await Promise.all(names.map(readContender))
  const settings = {
    threads: positiveInteger('threads', options.threads),
    rounds: positiveInteger('rounds', options.rounds),
    milliseconds: positiveInteger('milliseconds', options.milliseconds),
  }

  const machine = describeMachine(info())
  console.log(machineLine(machine))
  console.log(
    `layers ${lists}, ${count(settings.threads, 'thread')}, ${count(settings.rounds, 'round')} of ${settings.milliseconds} ms for each contender`,
  )
  for (const { name, how } of contenders) console.log(`  ${name}: ${how}`)

  const measurePeak = peakMeterOrReason(machine.isa)
  const progress = startProgress(layers.length * contenders.length * (settings.rounds + 1))
  const results = []
  try {
    for (const layer of layers) {
      progress.say(layer.name)
      results.push(await measureLayer(layer, contenders, measurePeak, settings, progress.step))
    }
  } finally {
    progress.stop()
  }

  const [first] = names
  console.log(`\n${resultTable(results, first, settings.threads)}`)
  console.log(`\n${meanTable(results, names, settings.threads)}`)
  const peaks = results.flatMap(({ peak }) => peak)
  const peak = peaks.length > 0 ? summarize(peaks) : undefined
  if (peak) {
    const [low, middle, high] = [peak.minimum, peak.median, peak.maximum].map((flops) =>
      (flops / 1e9).toFixed(1),
    )
    console.log(
      `\nFMA peak of one thread, ${machine.isa}, in the same run: ${middle} GFLOP/s (${low} to ${high})`,
    )
  }
  console.log(`versions: ${versionsLine(results)}`)
  for (const line of absentLines(results)) console.log(line)

  if (options.json) {
    const report = { machine, settings, contenders, peak, results }
    writeFileSync(userPath(options.json), `${JSON.stringify(report, undefined, 2)}\n`)
  }
  if (options.svg) {
    const title = `${lists}: ${count(settings.threads, 'thread')}`
    writeFileSync(userPath(options.svg), benchChart(title, results, contenders, settings, machine))
  }
})

/** @param {number} number @param {string} thing @returns {string} */
function count(number, thing) {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}
