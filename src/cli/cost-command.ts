import { isInteger, quote } from '../check.js'
import { cost, type Cost, type CostOptions } from '../cost.js'
import type { ConvError } from '../errors.js'
import { parseCommand, required } from './arguments.js'
import { costPlot } from './cost-plot.js'
import { usageFailure } from './failure.js'
import { save } from './save.js'
import { table } from './table.js'

export async function runCost(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommand('cost', words, {
    image: { type: 'string', short: 'i' },
    hidden: { type: 'string', default: '1000' },
    delta: { type: 'string', default: '1' },
    channels: { type: 'string', default: '1,1' },
    bias: { type: 'boolean', default: false },
    plot: { type: 'string', short: 'p' },
    json: { type: 'boolean', default: false },
  })
  if (positionals[0] !== undefined) throw usageFailure(`cost takes no photo, got ${positionals[0]}`, 'cost')
  const options: CostOptions = {
    image: twoNumbers('--image', required(values.image, '--image', 'cost'), 'x', 'HEIGHTxWIDTH'),
    hidden: Number(values.hidden),
    delta: Number(values.delta),
    channels: twoNumbers('--channels', values.channels, ',', 'IN,OUT'),
    bias: values.bias,
  }
  const bill = billOf(options)
  if (values.plot !== undefined) {
    if (!values.plot.toLowerCase().endsWith('.svg')) {
      throw usageFailure(`--plot must be a FILE.svg, got ${values.plot}`, 'cost')
    }
    await save(values.plot, Buffer.from(costPlot(options)))
  }
  console.log(values.json ? JSON.stringify(bill, null, 2) : costTable(bill))
  if (values.plot !== undefined && !values.json) console.log(`\n${values.plot}`)
}

/** The bill, or in the command line's words why there is none. */
function billOf(options: CostOptions): readonly Cost[] {
  try {
    return cost(options)
  } catch (error) {
    throw usageFailure(`--${(error as ConvError).message}`, 'cost')
  }
}

function twoNumbers(
  option: string,
  given: string,
  separator: string,
  form: string,
): readonly [number, number] {
  const [first, second, ...more] = given
    .split(separator)
    .map((word) => (/^\d+$/.test(word) ? Number(word) : NaN))
  const isNumber = (value: unknown): value is number => isInteger(value, 0, Infinity)
  if (isNumber(first) && isNumber(second) && more.length === 0) return [first, second]
  throw usageFailure(`${option} must be ${form}, got ${quote(given)}`, 'cost')
}

function costTable(bill: readonly Cost[]): string {
  return table(
    ['form', 'equation', 'parameters', 'multiply-adds', 'bytes'],
    bill.map(({ name, equation, parameters, macs, bytes }) => [
      name,
      equation,
      inDigits(parameters),
      inDigits(macs),
      inBytes(bytes),
    ]),
    ['parameters', 'multiply-adds', 'bytes'],
  )
}

/** All digits as long as they are all known. */
function inDigits(count: number): string {
  return Number.isSafeInteger(count) ? count.toLocaleString('en-US') : count.toExponential(3)
}

/** "4.00 TB", in powers of 1000. */
function inBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  return power === 0 ? `${bytes} B` : `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]!}`
}
