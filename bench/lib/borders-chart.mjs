/** Time of each border policy over that of zeros, as bars with their quartiles. */
import { machineLine } from './machine.mjs'
import { median, quantile, ratios } from './statistics.mjs'
import { colours, legend, line, picture, rectangle, text } from '../../dist/cli/svg.js'

const [width, height] = [960, 470]
const [left, right, top, bottom] = [56, 24, 104, 112]
const [bar, space] = [21, 3]
const plot = { width: width - left - right, height: height - top - bottom }

/**
 * @param {readonly import('./measure-borders.mjs').BorderResult[]} results
 * @param {string} command that prints the numbers again
 * @param {import('./machine.mjs').Machine} machine
 * @returns {string}
 */
export function bordersChart(results, command, machine) {
  const groups = results.map(({ layer, measured }) => ({
    name: layer.name,
    bars: measured.map(({ policy, seconds }) => ({ policy, times: ratios(seconds, measured[0].seconds) })),
  }))
  const highest = Math.max(
    1.2,
    ...groups.flatMap(({ bars }) => bars.map(({ times }) => quantile(times, 0.75))),
  )
  const ticks = Math.ceil(highest / 0.2)
  const scale = plot.height / (ticks * 0.2)
  const floor = top + plot.height
  const policies = groups[0].bars.map(({ policy }, index) => ({ name: policy, colour: palette(index) }))

  const shapes = [
    text(24, 34, 'What a border costs', { size: 18, weight: 600 }),
    text(24, 55, 'Time of each policy over zeros: median of the rounds, with quartiles; one thread'),
    ...legend(24, 84, policies),
  ]
  for (let tick = 0; tick <= ticks; tick++) {
    const y = floor - tick * 0.2 * scale
    const isZeros = tick === 5
    shapes.push(line(left, y, width - right, y, isZeros ? '#222222' : '#e4e4e4', isZeros ? '4 3' : undefined))
    shapes.push(text(left - 8, y + 4, (tick * 0.2).toFixed(1), { anchor: 'end', fill: '#555555' }))
  }
  const groupWidth = plot.width / groups.length
  for (const [place, { name, bars }] of groups.entries()) {
    const start = left + place * groupWidth + (groupWidth - bars.length * (bar + space) + space) / 2
    for (const [index, { policy, times }] of bars.entries()) {
      const [x, y] = [start + index * (bar + space), floor - median(times) * scale]
      const [low, high] = [quantile(times, 0.25), quantile(times, 0.75)].map((ratio) => floor - ratio * scale)
      const middle = x + bar / 2
      shapes.push(
        rectangle(x, y, bar, floor - y, palette(index), `${name}, ${policy}: ${median(times).toFixed(3)}`),
      )
      if (low - high > 0.5) shapes.push(line(middle, low, middle, high, '#222222'))
      const label = median(times).toFixed(2)
      shapes.push(
        text(middle, Math.min(y, high) - 4, label, { size: 9.5, anchor: 'middle', fill: '#333333' }),
      )
    }
    shapes.push(text(left + (place + 0.5) * groupWidth, floor + 20, name, { anchor: 'middle' }))
  }
  const peaks = results.flatMap(({ peak }) => peak)
  const peak =
    peaks.length > 0
      ? `; FMA peak of one thread in the same run: ${(median(peaks) / 1e9).toFixed(0)} GFLOP/s`
      : ''
  const small = { size: 11, fill: '#555555' }
  shapes.push(
    text(
      24,
      height - 58,
      'Layers: kernel, channels in and out, @ image size. One image, padded by half a kernel.',
      small,
    ),
    text(
      24,
      height - 38,
      `${command}: ${results[0].measured[0].seconds.length} rounds, policies in turns${peak}`,
      small,
    ),
    text(24, height - 18, machineLine(machine), small),
  )
  return picture(width, height, shapes)
}

/** Grey for zeros, which all others are compared with. @param {number} index @returns {string} */
const palette = (index) => (index === 0 ? '#999999' : colours[(index - 1) % colours.length])
