/** The plans of a layer: one for each input shape it has met lately. */
import { native, type NativeConv2d, type NativePixelMlp, type NativePlan } from './native.js'
import type { Geometry } from './shape.js'
import { sameShape } from './tensor.js'

/** A geometry with what the addon made of it; all that a run needs, so that it decides nothing. */
export interface Plan extends Geometry {
  readonly native: NativePlan
}

/** Enough for a network at several sizes; a plan is some kilobytes. */
const capacity = 16

/** A small cache that forgets what was not used for longest. It owns the weights and the plans, and frees them. */
export class Plans {
  readonly #packed: NativeConv2d | NativePixelMlp
  readonly #make: (geometry: Geometry) => NativePlan
  readonly #byShape = new Map<string, Plan>()
  #last: Plan | undefined

  /** Starts empty. */
  constructor(packed: NativeConv2d | NativePixelMlp, make: (geometry: Geometry) => NativePlan) {
    this.#packed = packed
    this.#make = make
  }

  /** The geometry of the run before, when its input had this shape. */
  recall(inputShape: readonly number[]): Geometry | undefined {
    const last = this.#last
    return last !== undefined && sameShape(last.inputShape, inputShape) ? last : undefined
  }

  /** The plan for a geometry, which follows from the layer and the input's shape. */
  get(geometry: Geometry): Plan {
    if (geometry === this.#last) return this.#last
    const key = geometry.inputShape.join()
    const plan = this.#byShape.get(key) ?? { ...geometry, native: this.#make(geometry) }
    this.#byShape.delete(key)
    this.#byShape.set(key, plan)
    this.#last = plan
    if (this.#byShape.size > capacity) this.#forgetOldest()
    return plan
  }

  /** Frees all of it; the collector of garbage would come only in a later turn of the event loop. */
  release(): void {
    for (const plan of this.#byShape.values()) native.release(plan.native)
    native.release(this.#packed)
  }

  #forgetOldest(): void {
    for (const [key, plan] of this.#byShape) {
      this.#byShape.delete(key)
      native.release(plan.native)
      return
    }
  }
}
