/**
 * The typed view of the native addon: the only file that knows its shape. Everything here is plain data;
 * what it means to a user is decided in spec.ts and shape.ts, and how it is computed in native/.
 */
import type { Elements, ElementType } from './element-type.js'
import { loadAddon } from './load-addon.js'

/** Name of an instruction set that a user can type. */
export type Isa = 'scalar' | 'avx2' | 'avx512' | 'neon'

/** One axis of a border, aliases resolved. */
export interface NativeAxisBorder {
  readonly mode: 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap' | 'renormalize'
  readonly value: number
}

/** A whole border: a policy for rows, a policy for columns, and the weighting when one renormalizes. */
export interface NativeBorder {
  readonly y: NativeAxisBorder
  readonly x: NativeAxisBorder
  readonly by: 'area' | 'weight'
}

/** An activation with its parameters: `a` is alpha or the minimum, `b` the maximum. */
export interface NativeActivation {
  readonly kind: string
  readonly a: number
  readonly b: number
}

/** All that a layer is before it meets an image. The filter is copied and packed; the arrays are not kept. */
export interface NativeConv2dSpec {
  readonly isa: Isa
  readonly algorithm: string
  readonly filter: Float32Array
  readonly filterLayout: 'hwio' | 'oihw' | 'ohwi' | 'ihwo'
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly inChannels: number
  readonly outChannels: number
  readonly groups: number
  readonly bias: Float32Array | null
  readonly strideHeight: number
  readonly strideWidth: number
  readonly dilationHeight: number
  readonly dilationWidth: number
  readonly border: NativeBorder
  readonly activation: NativeActivation
  readonly layout: 'nhwc' | 'nchw'
  readonly inputType: ElementType
  readonly outputType: ElementType
  readonly flip: boolean
  readonly accuracy: 'exact' | 'high' | 'fast'
}

/** One layer of a per-pixel network. The arrays are copied and packed; they are not kept. */
export interface NativeMlpLayer {
  /** As [in][out]. */
  readonly weights: Float32Array
  readonly inChannels: number
  readonly outChannels: number
  readonly bias: Float32Array | null
  readonly activation: NativeActivation
  /** An earlier layer, whose output is added; -1: the input; -2: none. */
  readonly residualFrom: number
  /** Added after the activation; otherwise before it. */
  readonly residualAfter: boolean
}

/** All that a per-pixel network is before it meets an image. */
export interface NativePixelMlpSpec {
  readonly isa: Isa
  readonly layers: readonly NativeMlpLayer[]
  readonly classify: 'none' | 'softmax' | 'argmax'
  readonly layout: 'nhwc' | 'nchw'
  readonly inputType: ElementType
  readonly outputType: ElementType
}

/** What the plan decided, and what it declined. */
export interface NativePlanDescription {
  readonly algorithm: string
  readonly kernel: string
  readonly isa: Isa
  readonly scratchBytes: number
  readonly packedBytes: number
  readonly macs: number
  readonly outHeight: number
  readonly outWidth: number
  readonly candidates: readonly {
    readonly name: string
    readonly accepted: boolean
    readonly reason: string
    readonly predictedSeconds: number
  }[]
}

/** Packed weights. */
export interface NativeConv2d {
  readonly __brand: 'NativeConv2d'
}

/** The packed weights of a network. */
export interface NativePixelMlp {
  readonly __brand: 'NativePixelMlp'
}

/** Packed weights together with a geometry: ready to run. */
export interface NativePlan {
  readonly __brand: 'NativePlan'
}

/** An error of the addon: `code` is one of the stable codes of errors.ts. */
export interface NativeError extends Error {
  readonly code: string
}

/** The functions that the addon exports. Each checks what could crash it; the facade has checked the rest. */
export interface NativeAddon {
  /** Packs weights. Throws a NativeError when the algorithm declines or memory runs out. */
  createConv2d(spec: NativeConv2dSpec): NativeConv2d
  /** Chooses algorithm, tiles and scratch for one input shape and explicit padding. */
  planConv2d(
    layer: NativeConv2d,
    batch: number,
    height: number,
    width: number,
    top: number,
    bottom: number,
    left: number,
    right: number,
  ): NativePlan
  /**
   * Packs the weights of a network. Refuses widths that do not follow from each other, and an argmax over more than 256
   * channels as bytes.
   */
  createPixelMlp(spec: NativePixelMlpSpec): NativePixelMlp
  planPixelMlp(mlp: NativePixelMlp, batch: number, height: number, width: number): NativePlan
  /** Frees a layer, a network or a plan at once; runs in flight keep what they need. Later uses of it are refused. */
  release(object: NativeConv2d | NativePixelMlp | NativePlan): void
  describePlan(plan: NativePlan): NativePlanDescription
  /** Runs on this thread, with idle pool threads helping. The arrays are of the layer's element types. */
  runSync(plan: NativePlan, input: Elements, output: Elements): void
  /** Queues a run on the pool; `done` is called once on this thread, unless cancel returned true. */
  run(plan: NativePlan, input: Elements, output: Elements, done: (error: NativeError | null) => void): number
  /** Takes a queued run back by its ticket. True: it had not started, and neither runs nor calls `done`. */
  cancel(ticket: number): boolean
  /** Copies an image into a larger one, the surroundings filled by the border's maps. */
  pad(
    input: Elements,
    output: Elements,
    shape: {
      batch: number
      height: number
      width: number
      channels: number
      layout: 'nhwc' | 'nchw'
      type: ElementType
    },
    padding: { top: number; bottom: number; left: number; right: number },
    border: NativeBorder,
  ): void
  /**
   * Recycled memory for a result, as Node-API's external memory: untransferable, free when this JavaScript thread ends,
   * and not cleared. Null when the limit does not allow it.
   */
  takeMemory(byteLength: number): ArrayBuffer | null
  /** Sets the number of threads that compute, for the whole process. */
  setThreads(threads: number): void
  /** Sets how many bytes of memory for results are held, for the whole process. */
  setRecycleLimit(bytes: number): void
  /** `threadsWereSet` tells whether configure() was called, by any JavaScript thread. */
  info(): {
    isas: readonly Isa[]
    threads: number
    threadsWereSet: boolean
    availableThreads: number
    cpu: string
    recycleBytes: number
  }
  counters(): {
    runs: number
    queued: number
    running: number
    resultBytes: number
    idleBytes: number
    recycled: number
  }
}

/** The addon, loaded once per JavaScript environment. */
export const native: NativeAddon = loadAddon() as NativeAddon
