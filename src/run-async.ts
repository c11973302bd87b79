/** One run on the pool, from ticket to settled promise. */
import type { Cancellation } from './cancellation.js'
import type { Elements } from './element-type.js'
import { CallSite, convError } from './errors.js'
import { claim } from './in-flight.js'
import { lengthOf } from './intrinsics.js'
import { native, type NativePlan } from './native.js'

/**
 * Queues a run. The promise settles when the output is complete; it rejects with the signal's reason when the run was
 * taken back before it started, and then the output is untouched. Errors carry the stack of the caller.
 */
export function runOnPool(
  plan: NativePlan,
  input: Elements,
  output: Elements,
  cancellation: Cancellation | undefined,
): Promise<void> {
  const site = new CallSite()
  const length = lengthOf(input)
  return new Promise((resolve, reject) => {
    const release = (): void => {
      releaseInput()
      releaseOutput()
    }
    const ticket = native.run(plan, input, output, (error) => {
      release()
      if (error !== null) reject(site.blame(error))
      else if (lengthOf(input) !== length) reject(site.blame(detachedInFlight('input')))
      else if (lengthOf(output) === 0) reject(site.blame(detachedInFlight('output')))
      else resolve()
    })
    const releaseInput = claim(input, 'reads')
    const releaseOutput = claim(output, 'writes')
    if (cancellation === undefined) return
    cancellation.onAbort = () => {
      if (!native.cancel(ticket)) return
      release()
      reject(cancellation.reason)
    }
  })
}

function detachedInFlight(name: string): Error {
  return convError(
    'ERR_CONV_DETACHED',
    `${name} was detached during run(): its memory was transferred away; keep it until the run has finished`,
  )
}
