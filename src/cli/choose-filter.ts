import { closest, didYouMean, list, quote } from '../check.js'
import { usageFailure } from './failure.js'
import { readFilterFile } from './filter-file.js'
import { FILTERS, type Filter } from './filters.js'

/** The filter that `--filter` names: one of ours, or one in a JSON file. */
export async function chooseFilter(name: string): Promise<Filter> {
  const named = FILTERS.find((filter) => filter.name === name)
  if (named) return named
  if (name.toLowerCase().endsWith('.json')) return readFilterFile(name)
  const names = FILTERS.map((filter) => filter.name)
  const suggestion = closest(name, names)
  const wayOut = suggestion
    ? didYouMean(suggestion)
    : `; the filters are ${list(names, 'and')}, or a FILE.json`
  throw usageFailure(`unknown filter ${quote(name)}${wayOut}`, 'filter')
}
