/**
 * Filters of the user's own, read from a JSON file:
 *
 *   { "kernel": [[0, 1, 0], [1, -4, 1], [0, 1, 0]], "divisor": 1, "offset": 128, "name": "laplacian" }
 *
 * `kernel` is a list of rows of numbers; `divisor` (default 1) divides each of them; `offset` (default 0)
 * is added to each result, on the scale from 0 (black) to 255 (white); `name` is for labels. The numbers are
 * computed with as 32-bit floats, and must be finite as such.
 */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Failure, fileReason, messageOf } from './failure.js'
import type { Filter, Kernel } from './filters.js'

const KEYS = ['kernel', 'divisor', 'offset', 'name']

/** Reads a filter from a JSON file; every way to get it wrong has a sentence of its own. */
export async function readFilterFile(path: string): Promise<Filter> {
  return parseFilter(await readText(path), path)
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readFile(path)) // without a byte order mark
  } catch (error) {
    throw new Failure(`cannot read filter ${path}: ${fileReason(error)}`)
  }
}

function parseFilter(text: string, path: string): Filter {
  const refuse = (problem: string): never => {
    throw new Failure(`filter ${path}: ${problem}`)
  }
  const json = parseJson(text, refuse)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return refuse(`the file must hold an object such as {"kernel": [[0, 1], [1, 0]]}, got ${kindOf(json)}`)
  }
  const fields = json as Record<string, unknown>
  const unknown = Object.keys(fields).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) refuse(`unknown key "${unknown}"; the keys are ${KEYS.join(', ')}`)

  const { kernel, divisor = 1, offset = 0, name = basename(path, '.json') } = fields
  if (!isFiniteNumber(divisor) || divisor === 0) {
    return refuse(`divisor must be a number other than 0, got ${kindOf(divisor)}`)
  }
  if (!isFiniteNumber(offset)) return refuse(`offset must be a number, got ${kindOf(offset)}`)
  if (!fitsFloat(offset)) return refuse(`offset is too large for a float of 32 bits, got ${offset}`)
  if (typeof name !== 'string') return refuse(`name must be a string, got ${kindOf(name)}`)
  if (name === '') return refuse('name is empty; leave it out to use the name of the file')
  return {
    name,
    summary: path,
    kernels: [checkKernel(kernel, divisor, refuse)],
    divisor,
    offset,
    signed: false,
  }
}

function parseJson(text: string, refuse: (problem: string) => never): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return refuse(`not JSON: ${messageOf(error)}`)
  }
}

function checkKernel(kernel: unknown, divisor: number, refuse: (problem: string) => never): Kernel {
  if (kernel === undefined) return refuse('the key "kernel" is missing; it is a list of rows of numbers')
  if (!Array.isArray(kernel)) return refuse(`kernel must be a list of rows of numbers, got ${kindOf(kernel)}`)
  if (kernel.length === 0) return refuse('kernel has no rows')
  const rows = kernel as unknown[]
  return rows.map((row, y): number[] => {
    if (!Array.isArray(row)) return refuse(`kernel[${y}] must be a row of numbers, got ${kindOf(row)}`)
    if (row.length === 0) return refuse(`kernel[${y}] is empty`)
    const width = (rows[0] as unknown[]).length
    if (row.length !== width) {
      return refuse(
        `kernel[${y}] has ${row.length} numbers, kernel[0] has ${width}; rows must be equally long`,
      )
    }
    return row.map((weight: unknown, x) => {
      if (!isFiniteNumber(weight)) return refuse(`kernel[${y}][${x}] must be a number, got ${kindOf(weight)}`)
      if (fitsFloat(weight / divisor)) return weight
      const divided = divisor === 1 ? '' : ` / ${divisor}`
      return refuse(`kernel[${y}][${x}] is too large for a float of 32 bits, got ${weight}${divided}`)
    })
  })
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function fitsFloat(value: number): boolean {
  return Number.isFinite(Math.fround(value))
}

/** What a JSON value is, short enough for a sentence. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'number' ? String(value) : JSON.stringify(value) // 1e999 is Infinity, which JSON calls null
}
