/** One run on the pool, from ticket to settled promise. */
import { CallSite, convError } from './errors.js'
import { claim } from './in-flight.js'
import { native, type NativePlan } from './native.js'
import { onAbort } from './on-abort.js'

/**
 * Queues a run. The promise settles when the output is complete; it rejects with the signal's reason when the run was
 * taken back before it started, and then the output is untouched. Errors carry the stack of the caller.
 */
export function runOnPool(
  plan: NativePlan,
  input: Float32Array,
  output: Float32Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const site = new CallSite()
  const { length } = input
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      stopListening?.()
      releaseInput()
      releaseOutput()
    }
    const abort = (): void => {
      if (!native.cancel(ticket)) return
      settle()
      reject(signal?.reason as Error)
    }
    const ticket = native.run(plan, input, output, (error) => {
      settle()
      if (error !== null) reject(site.blame(error))
      else if (input.length !== length) reject(site.blame(detachedInFlight('input')))
      else if (output.length === 0) reject(site.blame(detachedInFlight('output')))
      else resolve()
    })
    const releaseInput = claim(input, 'reads')
    const releaseOutput = claim(output, 'writes')
    const stopListening = signal && onAbort(signal, abort)
  })
}

function detachedInFlight(name: string): Error {
  return convError(
    'ERR_CONV_DETACHED',
    `${name} was detached during run(): its memory was transferred away; keep it until the run has finished`,
  )
}
