/** The plans of a layer: one for each input shape it has met lately. */
import { native, type NativeConv2d, type NativePlan } from './native.js'
import { imageWords, resolveGeometry, type Geometry } from './shape.js'
import type { LayerSpec } from './spec.js'
import { elements } from './tensor.js'

/** A geometry with what the addon made of it; all that a run needs, so that it decides nothing. */
export interface Plan extends Geometry {
  readonly native: NativePlan
  readonly inputLength: number
  /** The axes of input and output, for messages. */
  readonly words: string
}

/** Enough for a network at several sizes; a plan is some kilobytes. */
const capacity = 16

/** A small cache that forgets what was not used for longest. */
export class Plans {
  readonly #spec: LayerSpec
  readonly #layer: NativeConv2d
  readonly #byShape = new Map<string, Plan>()

  /** Starts empty. */
  constructor(spec: LayerSpec, layer: NativeConv2d) {
    this.#spec = spec
    this.#layer = layer
  }

  /** The plan for an input of a checked shape; `name` is what the shape is called in errors. */
  get(name: string, shape: readonly number[]): Plan {
    const key = shape.join()
    const plan = this.#byShape.get(key) ?? this.#make(resolveGeometry(this.#spec, name, shape))
    this.#byShape.delete(key)
    this.#byShape.set(key, plan)
    if (this.#byShape.size > capacity) this.#byShape.delete(this.#byShape.keys().next().value ?? '')
    return plan
  }

  #make(geometry: Geometry): Plan {
    const { inputShape, input, padding } = geometry
    const { batch, height, width } = input
    const { top, bottom, left, right } = padding
    return {
      ...geometry,
      native: native.planConv2d(this.#layer, batch, height, width, top, bottom, left, right),
      inputLength: elements(inputShape),
      words: imageWords(this.#spec.layout, inputShape.length),
    }
  }
}
