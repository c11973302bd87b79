const WARM_UPS = 3
const MIN_RUNS = 5
const MAX_RUNS = 51
const BUDGET_MILLISECONDS = 250

/** The median time of a function: some runs that do not count, then as many as fit in a quarter of a second. */
export function medianMilliseconds(run: () => void): number {
  for (let index = 0; index < WARM_UPS; index++) run()
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
