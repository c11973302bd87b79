const MIN_RUNS = 3
const MAX_RUNS = 51
const BUDGET_MILLISECONDS = 250

/** The median time of a function: one run that does not count, then as many as fit in a quarter of a second. */
export function medianMilliseconds(run: () => void): number {
  run()
  const times: number[] = []
  const start = performance.now()
  while (
    times.length < MIN_RUNS ||
    (times.length < MAX_RUNS && performance.now() - start < BUDGET_MILLISECONDS)
  ) {
    const before = performance.now()
    run()
    times.push(performance.now() - before)
  }
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length / 2)]!
}
