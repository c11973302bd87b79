/** Listening to the signal of a run, from before it is queued until it has settled. */
import { addAbortListener } from 'node:events'
import { wrongClass } from './check.js'
import { abortedOf, reasonOf } from './intrinsics.js'

/** What listens to one signal: one listener for all runs, so that Node does not warn of a leak. */
interface Listening {
  readonly runs: Set<Cancellation>
  readonly listener: Disposable
}

const listeningTo = new WeakMap<AbortSignal, Listening>()

/** One run's share of a signal. */
export class Cancellation {
  readonly #signal: AbortSignal
  readonly #listening: Listening

  /** Takes the run back; nothing before there is a run. */
  onAbort: (() => void) | undefined

  /** Starts to listen. Code of the user's may run: a signal can have an addEventListener of its own. */
  constructor(given: unknown) {
    if (!isSignal(given)) throw wrongClass('signal', 'AbortSignal', given)
    this.#signal = given
    this.#listening = listeningTo.get(given) ?? listen(given)
    this.#listening.runs.add(this)
  }

  /** Why the signal aborted: by convention an error. */
  get reason(): Error {
    return reasonOf(this.#signal) as Error
  }

  /** Throws the reason when the signal has aborted already. */
  throwIfAborted(): void {
    if (abortedOf(this.#signal)) throw this.reason
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    const { runs, listener } = this.#listening
    runs.delete(this)
    if (runs.size > 0) return
    listeningTo.delete(this.#signal)
    listener[Symbol.dispose]()
  }
}

function isSignal(value: unknown): value is AbortSignal {
  try {
    abortedOf(value as AbortSignal)
    return true
  } catch {
    return false
  }
}

/** Unlike addEventListener, addAbortListener hears what another listener stops with stopImmediatePropagation(). */
function listen(signal: AbortSignal): Listening {
  const runs = new Set<Cancellation>()
  const listener = addAbortListener(signal, () => {
    for (const run of runs) run.onAbort?.()
  })
  const listening = { runs, listener }
  listeningTo.set(signal, listening)
  return listening
}
