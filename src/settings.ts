/** What holds for the whole process: the instruction set and the threads, set by environment or by call. */
import { describe, integer, list, oneOf, options, wrongType } from './check.js'
import { convError } from './errors.js'
import { version } from './load-addon.js'
import { native, type Isa } from './native.js'
import { algorithms, type Algorithm } from './spec.js'

const maxThreads = 1024
const machine = native.info()
const algorithmNames = Object.freeze([...algorithms])

/** The instruction set that new layers are packed for: the best of this machine, or what SIMDCONV_ISA says. */
export const isa: Isa = readIsa(process.env['SIMDCONV_ISA'])

/** What computes layers that say `auto`, where it can: SIMDCONV_ALGORITHM, for experiments. */
export const preferredAlgorithm: Algorithm = oneOf(
  'SIMDCONV_ALGORITHM',
  process.env['SIMDCONV_ALGORITHM'] || 'auto',
  algorithms,
)

// The pool is shared with other JavaScript threads; one that loads this later leaves alone what was set before.
if (!machine.threadsWereSet) limitThreads(process.env['SIMDCONV_THREADS'])

function readIsa(given: string | undefined): Isa {
  const best = machine.isas[0] ?? 'scalar'
  if (given === undefined || given === '') return best
  const found = machine.isas.find((available) => available === given)
  if (found !== undefined) return found
  const available = list(machine.isas, 'and')
  throw convError(
    'ERR_CONV_ISA',
    `SIMDCONV_ISA is ${describe(given)}; this machine has ${available} (best first)`,
  )
}

function limitThreads(given: string | undefined): void {
  if (given === undefined || given === '') return
  const threads = Number(given)
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads) {
    throw convError(
      'ERR_CONV_RANGE',
      `SIMDCONV_THREADS must be an integer from 1 to ${maxThreads}, got ${describe(given)}`,
    )
  }
  native.setThreads(Math.min(threads, machine.availableThreads))
}

/** How many threads compute. */
interface ThreadSettings {
  /**
   * An integer from 1 to 1024. The default is the smallest of CPU affinity, container quota and SIMDCONV_THREADS, read
   * when the process first loads this package. The thread that calls runSync counts as one.
   */
  readonly threads: number
}

/** How much memory is kept for results. */
interface MemorySettings {
  /**
   * Bytes of recycled memory that are held at most, in results that still live and idle between them. Default 256 MiB;
   * 0 gives idle memory back now, the rest as results die, and recycles no more.
   */
  readonly recycleBytes: number
}

/** What configure() sets: at least one of them. */
export type Settings = (ThreadSettings & Partial<MemorySettings>) | (Partial<ThreadSettings> & MemorySettings)

/**
 * Sets how many threads compute, and how much memory is kept for results: for the whole process with all its worker
 * threads.
 *
 * Results of 2 MiB to 1 GiB without `output` are in recycled memory, which comes back some turns of the event loop after
 * the garbage collector found the result unused. In a loop that never yields nothing comes back; beyond the limit, and in
 * worker threads, results are in ordinary memory, which costs its clearing.
 *
 * @throws RangeError `ERR_CONV_RANGE` for a number that is none of these; TypeError `ERR_CONV_TYPE`, `ERR_CONV_OPTION`.
 * @example
 * configure({ threads: 1, recycleBytes: 64 * 2 ** 20 })
 * info().threads // 1
 */
export function configure(settings: Settings): void {
  const { threads, recycleBytes } = options('settings', settings, ['threads', 'recycleBytes'])
  if (threads === undefined && recycleBytes === undefined)
    throw wrongType('threads', `an integer from 1 to ${maxThreads}`, threads)
  const most = threads === undefined ? undefined : integer('threads', threads, 1, maxThreads)
  if (recycleBytes !== undefined)
    native.setRecycleLimit(integer('recycleBytes', recycleBytes, 0, Number.MAX_SAFE_INTEGER))
  if (most !== undefined) native.setThreads(most)
}

/** What info() tells. */
export interface Info {
  /** Of this package. */
  readonly version: string
  /** In use by new layers. */
  readonly isa: Isa
  /** What this machine has, best first. */
  readonly isas: readonly Isa[]
  /** That compute. */
  readonly threads: number
  /** That this process may use: CPU affinity and container quota. */
  readonly availableThreads: number
  readonly cpu: string
  /** The most memory that is held for results, as configure() set it. */
  readonly recycleBytes: number
  /** Names for the option `algorithm`. */
  readonly algorithms: readonly Algorithm[]
  /** The Node-API version of this Node.js. */
  readonly napi: string
}

/**
 * Tells what computes: versions, instruction sets, threads.
 *
 * @example
 * info().isas // ['avx512', 'avx2', 'scalar']
 */
export function info(): Info {
  const { isas, threads, availableThreads, cpu, recycleBytes } = native.info()
  const napi = process.versions['napi'] ?? ''
  return Object.freeze({
    version,
    isa,
    isas: Object.freeze([...isas]),
    threads,
    availableThreads,
    cpu,
    recycleBytes,
    algorithms: algorithmNames,
    napi,
  })
}

/** What counters() tells. */
export interface Counters {
  /** Runs begun since the process started, runSync() included. */
  readonly runs: number
  /** Of run(), waiting for a thread. */
  readonly queued: number
  /** Of run(), being computed. */
  readonly running: number
  /** Recycled memory in results that live, or that the garbage collector has not got to. */
  readonly resultBytes: number
  /** Recycled memory between two results. */
  readonly idleBytes: number
  /** Results, of all so far, in memory that an earlier one has left. */
  readonly recycled: number
}

/**
 * Tells how busy the pool of this process is, and where the memory of its results is.
 *
 * @example
 * counters() // { runs: 12, queued: 0, running: 0, resultBytes: 8294400, idleBytes: 0, recycled: 0 }
 */
export function counters(): Counters {
  const { runs, queued, running, resultBytes, idleBytes, recycled } = native.counters()
  return Object.freeze({ runs, queued, running, resultBytes, idleBytes, recycled })
}
