/// <reference lib="esnext.disposable" preserve="true" />
/** The multilayer perceptron that is run on each pixel: what a convolution is with delta = 0. */
import { isObject, wrongClass } from './check.js'
import type { ElementType } from './element-type.js'
import type { ConvError } from './errors.js'
import {
  Layer,
  type InputImage,
  type PlanDescription,
  type RunOptions,
  type RunSyncOptions,
} from './layer.js'
import {
  fromConv2dChain,
  fromGemm,
  fromOutIn,
  fromOutIn11,
  toConv2dChain,
  type OnnxGemmLayer,
} from './mlp-interop.js'
import { resolveMlp, type PixelMlpOptions } from './mlp-spec.js'
import { native, type NativePixelMlp, type NativePlan } from './native.js'
import { Plans } from './plans.js'
import { isa } from './settings.js'
import { resolvePixels, type Geometry } from './shape.js'
import type { Conv2dOptions } from './spec.js'
import type { Result } from './tensor.js'

/**
 * A multilayer perceptron that is run on the channels of each pixel by itself:
 * `H[i,j] = f_n(... f_1(X[i,j] V_1 + u_1) ... V_n + u_n)`. It is the convolution whose kernel reaches delta = 0 pixels
 * far, and equals a chain of 1 x 1 Conv2d; but it runs all layers on a few pixels before it goes on to the next, so
 * that hidden layers stay in cache and memory is read and written once.
 *
 * Input and output are batch x height x width x channels, or height x width x channels for one image. The constructor
 * copies and packs the weights once; run() and runSync() then allocate nothing but their result, and not even that with
 * `output`. Scratch depends on the widths and not on the image; describe() tells where hidden layers are.
 *
 * Weights are in x out, as in the formula. The named constructors take those of other libraries: fromTfjsDense(),
 * fromTorchLinear(), fromOnnxGemm(), fromOnnxConv(), fromConv2d().
 *
 * @throws TypeError, RangeError or Error with one of the codes of ConvErrorCode; the message names the layer, the option,
 * its value and what it must be.
 * @example
 * const [weights, more] = [tensor(new Float32Array(48), [3, 16]), tensor(new Float32Array(32), [16, 2])]
 * const mlp = new PixelMlp({ layers: [{ weights, activation: 'relu' }, { weights: more }], classify: 'argmax' })
 * mlp.runSync(tensor(new Float32Array(90), [5, 6, 3])).shape // [5, 6, 1]
 */
export class PixelMlp<I extends ElementType = 'float32', O extends ElementType = 'float32'> {
  readonly #layer: Layer<O>

  /** Packs the weights; see PixelMlpOptions for what can be given, and its defaults. */
  constructor(options: PixelMlpOptions<I, O>) {
    const { layers, ...traits } = resolveMlp(options)
    const { classify, layout, inputType, outputType } = traits
    const packed = native.createPixelMlp({ isa, layers, classify, layout, inputType, outputType })
    const resolve = (name: string, shape: readonly number[]): Geometry => resolvePixels(traits, name, shape)
    const plans = new Plans(packed, (geometry) => makePlan(packed, geometry))
    this.#layer = new Layer({ inputType, outputType, resolve }, plans)
  }

  /**
   * From the kernels of tfjs and Keras `dense` layers, which are in x out: what the constructor takes, under a name that
   * says so.
   *
   * @example
   * const [kernel, bias] = model.getLayer('hidden').getWeights()
   * PixelMlp.fromTfjsDense({ layers: [{ weights: tensor(kernel.dataSync(), kernel.shape), bias: bias.dataSync() }] })
   */
  static fromTfjsDense<I extends ElementType = 'float32', O extends ElementType = 'float32'>(
    options: PixelMlpOptions<I, O>,
  ): PixelMlp<I, O> {
    return new PixelMlp(options)
  }

  /**
   * From the weights of PyTorch's `nn.Linear`, which are out x in.
   *
   * @example
   * const weights = tensor(Float32Array.of(1, 2, 3), [1, 3]) // 3 in, 1 out
   * PixelMlp.fromTorchLinear({ layers: [{ weights }] }).runSync(tensor(Float32Array.of(1, 1, 1), [1, 1, 3])).data // [6]
   */
  static fromTorchLinear<I extends ElementType = 'float32', O extends ElementType = 'float32'>(
    options: PixelMlpOptions<I, O>,
  ): PixelMlp<I, O> {
    return new PixelMlp(fromOutIn<I, O>(options))
  }

  /**
   * From the inputs B and C and the attributes of ONNX's operator `Gemm`; see OnnxGemmLayer. What PyTorch exports has
   * `transB: 1`.
   *
   * @example
   * const weights = tensor(Float32Array.of(1, 2, 3), [1, 3])
   * PixelMlp.fromOnnxGemm({ layers: [{ weights, transB: 1, alpha: 2 }] }).outputShape([5, 7, 3]) // [5, 7, 1]
   */
  static fromOnnxGemm<I extends ElementType = 'float32', O extends ElementType = 'float32'>(
    options: PixelMlpOptions<I, O, OnnxGemmLayer>,
  ): PixelMlp<I, O> {
    return new PixelMlp(fromGemm<I, O>(options))
  }

  /**
   * From the weights of ONNX's operator `Conv`, or PyTorch's `nn.Conv2d`, with kernels of 1 x 1: out x in x 1 x 1.
   *
   * @throws RangeError `ERR_CONV_SHAPE` for a larger kernel.
   * @example
   * const weights = tensor(new Float32Array(48), [16, 3, 1, 1])
   * PixelMlp.fromOnnxConv({ layers: [{ weights, activation: 'relu' }], layout: 'nchw' }).outputShape([3, 5, 7]) // [16, 5, 7]
   */
  static fromOnnxConv<I extends ElementType = 'float32', O extends ElementType = 'float32'>(
    options: PixelMlpOptions<I, O>,
  ): PixelMlp<I, O> {
    return new PixelMlp(fromOutIn11<I, O>(options))
  }

  /**
   * From the options of Conv2d layers that follow each other, and look at one pixel at a time: kernels of 1 x 1, strides
   * of 1, no padding in pixels, one layout, bytes only at the ends. Groups become weights with zeros between them, by
   * which an infinite or NaN channel reaches the outputs of every group. `algorithm` and `accuracy` say how a Conv2d
   * computes, and have no meaning here.
   *
   * @throws RangeError `ERR_CONV_SHAPE`, TypeError `ERR_CONV_OPTION` for what is no perceptron per pixel; as Conv2d for
   * the rest. The message names the layer.
   * @example
   * const filter = tensor(new Float32Array(48), [1, 1, 3, 16])
   * PixelMlp.fromConv2d([{ filter, activation: 'relu' }]).outputShape([5, 7, 3]) // [5, 7, 16]
   */
  static fromConv2d<I extends ElementType = 'float32', O extends ElementType = 'float32'>(
    layers: readonly Conv2dOptions<I, O>[],
  ): PixelMlp<I, O> {
    return new PixelMlp(fromConv2dChain<I, O>(layers))
  }

  /**
   * The options of the Conv2d layers that, one after the other, compute the same as a PixelMlp with these options. The
   * filters are the same memory as the weights.
   *
   * @throws TypeError `ERR_CONV_OPTION` for residual connections and classify, which no Conv2d has; as the constructor for
   * the rest.
   * @example
   * const layers = PixelMlp.toConv2d(options).map((each) => new Conv2d(each))
   * layers.reduce((image, layer) => layer.runSync(image), photo) // new PixelMlp(options).runSync(photo)
   */
  static toConv2d<I extends ElementType = 'float32', O extends ElementType = 'float32'>(
    options: PixelMlpOptions<I, O>,
  ): Conv2dOptions<I | 'float32', O | 'float32'>[] {
    return toConv2dChain<I, O>(options)
  }

  /**
   * The shape that run() gives for an input shape: pure arithmetic, with the errors of run().
   *
   * @example
   * new PixelMlp({ layers: [{ weights: tensor(new Float32Array(6), [3, 2]) }] }).outputShape([5, 7, 3]) // [5, 7, 2]
   */
  outputShape(inputShape: readonly number[]): number[] {
    return PixelMlp.#layerOf(this).outputShape(inputShape)
  }

  /**
   * Runs the perceptron on each pixel, on the pool's threads; the JavaScript thread stays free. All that Conv2d.run()
   * says of memory in flight, of signals and of results holds here.
   *
   * @throws never; the promise rejects as runSync() throws, and with the reason of the signal.
   * @example
   * const classes = await mlp.run(image, { signal: AbortSignal.timeout(100) })
   */
  run(input: InputImage<I>, options: RunOptions<O> = {}): Promise<Result<O>> {
    // Not async: a second promise around the first takes a microsecond.
    const stranger = PixelMlp.#stranger(this)
    return stranger === undefined ? this.#layer.run(input, options) : Promise.reject(stranger)
  }

  /**
   * Runs the perceptron on each pixel, on this thread with idle threads of the pool helping.
   *
   * @throws RangeError `ERR_CONV_SHAPE`, `ERR_CONV_LENGTH`, `ERR_CONV_RANGE` for an input or output that does not fit,
   * `ERR_CONV_ALIAS` for an output that overlaps the input, `ERR_CONV_MEMORY`; TypeError `ERR_CONV_TYPE`,
   * `ERR_CONV_DETACHED`; Error `ERR_CONV_BUSY` for memory that an unfinished run() uses, `ERR_CONV_DISPOSED`.
   * @example
   * const output = new Float32Array(5 * 6)
   * mlp.runSync(tensor(new Float32Array(90), [5, 6, 3]), { output }).data === output // true
   */
  runSync(input: InputImage<I>, options?: RunSyncOptions<O>): Result<O> {
    return PixelMlp.#layerOf(this).runSync(input, options)
  }

  /**
   * Tells what was decided for an input shape: the kernel, the scratch, and where hidden layers live.
   *
   * @example
   * mlp.describe([1080, 1920, 3]).algorithm // 'fused'
   */
  describe(inputShape: readonly number[]): PlanDescription {
    return PixelMlp.#layerOf(this).describe(inputShape)
  }

  /** Lets go of the packed weights. Runs in flight finish; later ones fail with `ERR_CONV_DISPOSED`; twice is fine. */
  dispose(): void {
    PixelMlp.#layerOf(this).dispose()
  }

  /** For `using mlp = new PixelMlp(...)`: dispose(). */
  [Symbol.dispose](): void {
    this.dispose()
  }

  static #layerOf<I extends ElementType, O extends ElementType>(self: PixelMlp<I, O>): Layer<O> {
    const stranger = PixelMlp.#stranger(self)
    if (stranger !== undefined) throw stranger
    return self.#layer
  }

  /** The error for a method that was taken from its layer, as in `const { run } = mlp`. */
  static #stranger(self: unknown): ConvError | undefined {
    return isObject(self) && #layer in self
      ? undefined
      : wrongClass('this', 'PixelMlp', self, '; call it as a method of the layer')
  }
}

function makePlan(packed: NativePixelMlp, { input }: Geometry): NativePlan {
  return native.planPixelMlp(packed, input.batch, input.height, input.width)
}
