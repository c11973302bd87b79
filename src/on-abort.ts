/**
 * Listening to a signal that many runs share: one listener for all, so that Node does not warn of a leak, and none when
 * no run is left.
 */

interface Listeners {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

const listenersOf = new WeakMap<AbortSignal, Listeners>()

/** Calls back when the signal aborts, until the returned function is called. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = listenersOf.get(signal) ?? listen(signal)
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0) return
    signal.removeEventListener('abort', listener)
    listenersOf.delete(signal)
  }
}

function listen(signal: AbortSignal): Listeners {
  const callbacks = new Set<() => void>()
  const listener = (): void => {
    for (const callback of callbacks) callback()
  }
  const listeners = { callbacks, listener }
  listenersOf.set(signal, listeners)
  signal.addEventListener('abort', listener)
  return listeners
}
