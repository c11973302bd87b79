/** The program of a benchmark: reads its options, lets contenders compete, prints and writes what was measured. */
import { writeFileSync } from 'node:fs'
import { info } from 'simdconv'
import { benchChart } from './bench-chart.mjs'
import { contenderNames, readContender } from './contenders.mjs'
import { describeMachine, machineLine } from './machine.mjs'
import { measure } from './measure.mjs'
import { peakMeterOrReason, trafficMeterOrReason } from './meters.mjs'
import { positiveInteger, readOptions, userPath } from './options.mjs'
import { startProgress } from './progress.mjs'
import { absentLines, meanTable, resultTable, versionsLine } from './report.mjs'
import { summarize } from './statistics.mjs'

/**
 * What contenders compete in.
 *
 * @typedef {object} Discipline
 * @property {string} command that runs it
 * @property {'layer' | 'network'} kind of its subjects; layers.mjs and networks.mjs have `readJob`
 * @property {() => string[]} listNames
 * @property {(list: string) => import('./measure.mjs').Subject[]} readList
 * @property {(subject: any) => import('./measure.mjs').Task} taskOf
 * @property {URL} contenderFolder
 * @property {string} defaultList
 * @property {string} defaultContenders
 */

/**
 * @param {Discipline} discipline
 * @returns {string}
 */
function usageOf({ command, kind, listNames, contenderFolder, defaultList, defaultContenders }) {
  const option = `--${kind}s`.padEnd(14)
  return `${command} -- --${kind}s LIST[,LIST] --contenders NAME[,NAME]

  ${option}  ${listNames().join(', ')} (default ${defaultList})
  --contenders    ${contenderNames(contenderFolder).join(', ')}
                  (default ${defaultContenders}); the others are compared with the first
  --filter        only ${kind}s whose name contains this
  --threads       of each contender (default 1)
  --rounds        in which the contenders take turns (default 7)
  --milliseconds  for which each is timed in a round (default 40)
  --json, --svg   files to write`
}

/** @param {Discipline} discipline */
export async function compete(discipline) {
  const { kind } = discipline
  const options = readOptions({
    [`${kind}s`]: { type: 'string', default: discipline.defaultList },
    contenders: { type: 'string', default: discipline.defaultContenders },
    filter: { type: 'string', default: '' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '7' },
    milliseconds: { type: 'string', default: '40' },
    json: { type: 'string' },
    svg: { type: 'string' },
    help: { type: 'boolean' },
  })
  if (options.help) return console.log(usageOf(discipline))
  const { [`${kind}s`]: lists = '', filter = '' } = options
  const subjects = lists
    .split(',')
    .flatMap(discipline.readList)
    .filter(({ name }) => name.includes(filter))
  if (subjects.length === 0) throw new Error(`no ${kind} of ${lists} has "${filter}" in its name`)
  const names = [...new Set(options.contenders?.split(','))]
  const contenders = await Promise.all(names.map((name) => readContender(discipline.contenderFolder, name)))
  const settings = {
    threads: positiveInteger('threads', options.threads),
    rounds: positiveInteger('rounds', options.rounds),
    milliseconds: positiveInteger('milliseconds', options.milliseconds),
  }

  const machine = describeMachine(info())
  console.log(machineLine(machine))
  console.log(
    `${kind}s ${lists}, ${count(settings.threads, 'thread')}, ${count(settings.rounds, 'round')} of ${settings.milliseconds} ms for each contender`,
  )
  for (const { name, how } of contenders) console.log(`  ${name}: ${how}`)

  const meters = { peak: peakMeterOrReason(machine.isa), traffic: trafficMeterOrReason(settings.threads) }
  const progress = startProgress(subjects.length * contenders.length * (settings.rounds + 1))
  const results = []
  try {
    for (const subject of subjects) {
      progress.say(subject.name)
      results.push(await measure(discipline, subject, contenders, meters, settings, progress.step))
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
    const rules = contenders.map(({ name, how }) => ({ name, how }))
    const report = { machine, settings, contenders: rules, peak, results }
    writeFileSync(userPath(options.json), `${JSON.stringify(report, undefined, 2)}\n`)
  }
  if (options.svg) {
    const title = `${lists}: ${count(settings.threads, 'thread')}`
    writeFileSync(userPath(options.svg), benchChart(title, results, contenders, settings, machine))
  }
}

/** @param {number} number @param {string} thing @returns {string} */
function count(number, thing) {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}
