/** A multilayer perceptron on one sample at a time: what it gives, and what each weight had to do with its error. */
import { normal } from './random.mjs'

export class Network {
  /** One layer between each two neighbours of `widths`; relu behind all but the last. */
  constructor(widths, random) {
    this.layers = widths.slice(1).map((outs, index) => layerOf(widths[index], outs, random))
  }

  /** The output for one sample. It is memory of the network's, and so is what backward() needs to know. */
  forward(sample) {
    return this.layers.reduce((values, layer, index) => {
      layer.given = values
      return forward(layer, values, index < this.layers.length - 1)
    }, sample)
  }

  /** Adds to the gradients what the last sample says, from the derivative of its loss by each output. */
  backward(derivatives) {
    this.layers.reduceRight((error, layer) => backward(layer, error), derivatives)
  }

  /** All that is learned, each beside its gradient. */
  get parameters() {
    return this.layers.flatMap(({ weights, bias, ofWeights, ofBias }) => [
      { values: weights, gradient: ofWeights },
      { values: bias, gradient: ofBias },
    ])
  }
}

/** Weights are [in][out], as PixelMlp takes them; their variance is 2 / in, which keeps that of the values behind relu (He et al. 2015). */
function layerOf(ins, outs, random) {
  const deviation = Math.sqrt(2 / ins)
  return {
    weights: Float32Array.from({ length: ins * outs }, () => deviation * normal(random)),
    bias: new Float32Array(outs),
    ofWeights: new Float32Array(ins * outs),
    ofBias: new Float32Array(outs),
    given: new Float32Array(ins),
    gives: new Float32Array(outs),
    error: new Float32Array(ins),
  }
}

function forward({ weights, bias, gives }, given, bends) {
  const outs = gives.length
  gives.set(bias)
  for (let i = 0; i < given.length; i++) {
    const value = given[i]
    if (value === 0) continue // every second one behind relu
    for (let o = 0, w = i * outs; o < outs; o++, w++) gives[o] += value * weights[w]
  }
  if (bends) for (let o = 0; o < outs; o++) if (gives[o] < 0) gives[o] = 0
  return gives
}

/** The error of a layer's inputs, from that of its outputs. An input of zero is one that relu has cut off, or a pixel: neither learns. */
function backward({ weights, ofWeights, ofBias, given, error }, outError) {
  const outs = outError.length
  for (let o = 0; o < outs; o++) ofBias[o] += outError[o]
  for (let i = 0; i < given.length; i++) {
    const value = given[i]
    error[i] = 0
    if (value === 0) continue
    let sum = 0
    for (let o = 0, w = i * outs; o < outs; o++, w++) {
      ofWeights[w] += value * outError[o]
      sum += weights[w] * outError[o]
    }
    error[i] = sum
  }
  return error
}
