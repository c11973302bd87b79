/** Speed of each contender on each layer or network, as a share of the FMA peak of its threads. */
import { machineLine } from './machine.mjs'
import { rowsOf, versionsLine } from './report.mjs'
import { median } from './statistics.mjs'
import { colours, legend, line, picture, rectangle, text } from '../../dist/cli/svg.js'

const [width, left, right, top, bottom] = [960, 220, 60, 96, 98]
const [bar, gap] = [11, 12]
const plot = width - left - right

/**
 * @param {string} title
 * @param {readonly import('./measure.mjs').Result[]} results
 * @param {readonly import('./contenders.mjs').Contender[]} contenders
 * @param {import('./measure.mjs').Settings} settings
 * @param {import('./machine.mjs').Machine} machine
 * @returns {string}
 */
export function benchChart(title, results, contenders, settings, machine) {
  const groups = results.map((result) => ({
    name: result.subject.name,
    rows: rowsOf(result, contenders[0].name, settings.threads),
  }))
  const hasPeak = results.every(({ peak }) => peak.length > 0)
  /** @param {import('./report.mjs').Row} row */
  const speed = ({ ofPeak, flops }) => (hasPeak ? (ofPeak ?? 0) : flops / 1e9)
  const all = groups.flatMap(({ rows }) => rows.map(speed))
  const step = roundStep(Math.max(hasPeak ? 1 : 0, ...all) / 6)
  const ticks = Math.ceil(Math.max(hasPeak ? 1 : 0, ...all) / step)
  const scale = plot / (ticks * step)
  const height = top + bottom + groups.reduce((sum, { rows }) => sum + rows.length * bar + gap, 0)
  const colourOf = new Map(contenders.map(({ name }, index) => [name, colours[index % colours.length]]))

  const shapes = [
    text(24, 34, title, { size: 18, weight: 600 }),
    text(
      24,
      55,
      `${hasPeak ? 'Share of the FMA peak' : 'GFLOP/s'}, median of ${settings.rounds} rounds; longer is faster`,
    ),
    ...legend(
      24,
      80,
      contenders.map(({ name }) => ({ name, colour: colourOf.get(name) ?? '' })),
    ),
  ]
  for (let tick = 0; tick <= ticks; tick++) {
    const value = tick * step
    const x = left + value * scale
    const isPeak = hasPeak && Math.abs(value - 1) < 1e-9
    shapes.push(line(x, top, x, height - bottom, isPeak ? '#222222' : '#dddddd', isPeak ? '4 3' : undefined))
    const label = hasPeak ? value.toFixed(1) : `${value}`
    shapes.push(text(x, height - bottom + 18, label, { anchor: 'middle', fill: '#555555' }))
  }
  let y = top + gap / 2
  for (const { name, rows } of groups) {
    shapes.push(text(left - 10, y + (rows.length * bar) / 2 + 4, name, { anchor: 'end' }))
    for (const row of rows) {
      const length = speed(row) * scale
      const label = hasPeak ? speed(row).toFixed(2) : speed(row).toFixed(1)
      const tip = `${row.contender}: ${(row.seconds.median * 1000).toPrecision(3)} ms, ${(row.flops / 1e9).toFixed(1)} GFLOP/s`
      shapes.push(rectangle(left, y, length, bar - 2, colourOf.get(row.contender) ?? '', tip))
      shapes.push(text(left + length + 4, y + bar - 3, label, { size: 9, fill: '#555555' }))
      y += bar
    }
    y += gap
  }
  const peak = hasPeak
    ? `FMA peak of one thread in the same run: ${(median(results.flatMap(({ peak: all }) => all)) / 1e9).toFixed(0)} GFLOP/s. `
    : ''
  shapes.push(
    text(24, height - 32, versionsLine(results), { size: 11, fill: '#555555' }),
    text(24, height - 50, `${peak}Multiplications with padded zeros are counted.`, {
      size: 11,
      fill: '#555555',
    }),
    text(24, height - 14, machineLine(machine), { size: 11, fill: '#555555' }),
  )
  return picture(width, height, shapes)
}

/**
 * The next of 1, 2, 5, 10, ... times a power of ten.
 *
 * @param {number} least
 * @returns {number}
 */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least))
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10)
}
