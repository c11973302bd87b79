import { expect } from 'chai'
import {
  matchTemplate,
  matchTemplateSync,
  tensor,
  type AnyImage,
  type Layout,
  type MatchMethod,
} from 'simdconv'
import { Random } from '../../helpers/random'

/** A template in words: sample (a, b, c). */
type Sampler = (y: number, x: number, c: number) => number

interface Oracle {
  readonly score: number
  /** How far a float32 score may be off. */
  readonly bound: number
}

const unit = 2 ** -24

/** The formula in double, window by window; the bound is that of the documentation, from the data. */
function oracle(
  scene: Sampler,
  template: Sampler,
  [height, width, channels]: readonly [number, number, number],
  [rows, columns]: readonly [number, number],
  method: MatchMethod,
): Oracle[] {
  const n = rows * columns
  const sum = (of: (y: number, x: number) => number, h = rows, w = columns): number => {
    let total = 0
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) total += of(y, x)
    return total
  }
  const each = Array.from({ length: channels }, (_, c) => c)
  const keep = method === 'zncc' ? 1 : 0
  const middles = each.map((c) => (keep * sum((y, x) => scene(y, x, c), height, width)) / (height * width))
  let range = 0 // The middle that the library takes is the mean but for 1/128 of the range of values.
  let largest = 0
  for (const c of each) {
    sum(
      (y, x) => {
        range = Math.max(range, 2 * Math.abs(scene(y, x, c) - middles[c]!))
        largest = Math.max(largest, Math.abs(scene(y, x, c) - middles[c]!))
        return 0
      },
      height,
      width,
    )
  }
  const steps = 2 ** Math.ceil(Math.log2(n)) * unit
  const ofSums =
    (((rows + columns + 1) * unit * n * steps) / 2) * (1 + 2 * channels) * 16 * channels * largest ** 2
  const templateMeans = each.map((c) => (keep * sum((y, x) => template(y, x, c))) / n)
  const results: Oracle[] = []
  for (let i = 0; i + rows <= height; i++) {
    for (let j = 0; j + columns <= width; j++) {
      let [product, ofWindow, ofTemplate, aboutMiddle] = [0, 0, 0, 0]
      for (const c of each) {
        const mean = (keep * sum((y, x) => scene(i + y, j + x, c))) / n
        sum((y, x) => {
          const sample = scene(i + y, j + x, c)
          const weight = template(y, x, c) - templateMeans[c]!
          product += (sample - mean) * weight
          ofWindow += (sample - mean) ** 2
          ofTemplate += weight ** 2
          aboutMiddle += (Math.abs(sample - middles[c]!) + range / 128) ** 2
          return 0
        })
      }
      const score = ofWindow === 0 ? 0 : product / Math.sqrt(ofWindow * ofTemplate)
      const rounding = unit * ((n * channels + 6) * Math.sqrt(aboutMiddle / ofWindow) + 4)
      results.push({ score, bound: ofWindow === 0 ? 0 : rounding + ofSums / ofWindow })
    }
  }
  return results
}

/** Reads an image of a layout by words. */
function sampler({ data, shape }: AnyImage, layout: Layout): Sampler {
  const [a, b, c] = shape.slice(-3) as [number, number, number]
  const [height, width, channels] = layout === 'nhwc' ? [a, b, c] : [b, c, a]
  return layout === 'nhwc'
    ? (y, x, channel) => data[(y * width + x) * channels + channel]!
    : (y, x, channel) => data[(channel * height + y) * width + x]!
}

function image(
  random: Random,
  height: number,
  width: number,
  channels: number,
  layout: Layout,
  kind: string,
): AnyImage {
  const shape = layout === 'nhwc' ? [height, width, channels] : [channels, height, width]
  const length = height * width * channels
  if (kind === 'bytes')
    return tensor(
      Uint8Array.from({ length }, () => random.integer(0, 255)),
      shape,
    )
  const level = kind === 'bright floats' ? 100 : 0
  return tensor(
    Float32Array.from(random.floats(length), (value) => value + level),
    shape,
  )
}

describe('scores of templates', () => {
  const random = new Random(20260311)
  for (let round = 0; round < 60; round++) {
    const layout = random.pick(['nhwc', 'nhwc', 'nchw'] as const)
    const kind = random.pick(['bytes', 'floats', 'bright floats'])
    const method = random.pick(['zncc', 'zncc', 'ncc'] as const)
    const channels = random.pick([1, 1, 2, 3])
    const count = random.pick([1, 1, 2, 5])
    const [rows, columns] = [random.integer(1, 13), random.integer(2, 17)]
    const [height, width] = [rows + random.integer(0, 12), columns + random.integer(0, 20)]
    const name = `${method} ${kind} ${layout}: ${count} of ${rows}x${columns} in ${height}x${width}x${channels}`
    const scene = image(random, height, width, channels, layout, kind)
    const templates = Array.from({ length: count }, () =>
      image(random, rows, columns, channels, layout, kind),
    )
    it(name, () => {
      const { data, shape } = matchTemplateSync(scene, count === 1 ? templates[0]! : templates, {
        layout,
        method,
      })
      const [down, across] = [height - rows + 1, width - columns + 1]
      expect(shape).to.deep.equal(layout === 'nhwc' ? [down, across, count] : [count, down, across])
      for (const [d, template] of templates.entries()) {
        const expected = oracle(
          sampler(scene, layout),
          sampler(template, layout),
          [height, width, channels],
          [rows, columns],
          method,
        )
        for (const [window, { score, bound }] of expected.entries()) {
          const got = data[layout === 'nhwc' ? window * count + d : d * expected.length + window]!
          expect(Math.abs(got - score), `window ${window} of template ${d}: ${got}, ${score}`).to.be.at.most(
            bound,
          )
          expect(Math.abs(got)).to.be.at.most(1)
        }
      }
    })
  }

  it('windows that are bright and nearly even, in a scene that is dark elsewhere: 64 x 64 of 250 and 251', () => {
    const bits = Float32Array.from({ length: 66 * 200 }, (_, index) =>
      index % 200 < 130 ? random.integer(0, 40) : 250 + random.integer(0, 1),
    )
    const scene = tensor(bits, [66, 200, 1])
    const crop = new Float32Array(64 * 64)
    for (let y = 0; y < 64; y++) crop.set(bits.subarray((y + 2) * 200 + 133, (y + 2) * 200 + 197), y * 64)
    const template = tensor(crop, [64, 64, 1])
    const { data } = matchTemplateSync(scene, template)
    const expected = oracle(sampler(scene, 'nhwc'), sampler(template, 'nhwc'), [66, 200, 1], [64, 64], 'zncc')
    for (const [window, { score, bound }] of expected.entries())
      expect(Math.abs(data[window]! - score), `window ${window}`).to.be.at.most(bound)
    expect(data.indexOf(Math.max(...data))).to.equal(2 * 137 + 133)
  })

  const scene = tensor(random.floats(21 * 34 * 3), [21, 34, 3])
  const template = tensor(random.floats(5 * 7 * 3), [5, 7, 3])
  const plain = matchTemplateSync(scene, template).data

  it('a batch scores as its images do, bit for bit', () => {
    const other = tensor(
      random.floats(21 * 34 * 3).map((value) => 50 * value - 9),
      [21, 34, 3],
    )
    const both = tensor(Float32Array.of(...scene.data, ...other.data), [2, 21, 34, 3])
    const { data, shape } = matchTemplateSync(both, template)
    expect(shape).to.deep.equal([2, 17, 28, 1])
    expect(data).to.deep.equal(Float32Array.of(...plain, ...matchTemplateSync(other, template).data))
  })

  it('bytes score as the same floats, bit for bit', () => {
    const bytes = image(random, 19, 23, 3, 'nhwc', 'bytes')
    const part = image(random, 5, 4, 3, 'nhwc', 'bytes')
    const asFloats = ({ data, shape }: AnyImage): AnyImage => tensor(Float32Array.from(data), shape)
    expect(matchTemplateSync(bytes, part).data).to.deep.equal(
      matchTemplateSync(asFloats(bytes), asFloats(part)).data,
    )
  })

  it('the promise gives what the call gives, and the scene is free at once', async () => {
    const copy = tensor(Float32Array.from(scene.data), scene.shape)
    const promise = matchTemplate(copy, template)
    copy.data.fill(0)
    expect((await promise).data).to.deep.equal(plain)
  })

  it('brightness of each channel, contrast of all: the same scores; the negative: the opposite', () => {
    const changed = (factor: number, levels: readonly number[]): Float32Array =>
      matchTemplateSync(
        tensor(
          scene.data.map((value, index) => factor * value + levels[index % 3]!),
          [21, 34, 3],
        ),
        template,
      ).data
    for (const [index, score] of changed(0.25, [3, -1, 0.5]).entries())
      expect(score).to.be.closeTo(plain[index]!, 105 * 2 ** -22)
    for (const [index, score] of changed(-8, [0, 0, 0]).entries())
      expect(score).to.be.closeTo(-plain[index]!, 1e-5)
    expect(changed(2 ** 20, [0, 0, 0])).to.deep.equal(plain)
    expect(changed(2 ** -100, [0, 0, 0])).to.deep.equal(plain)
  })

  it('ncc sees brightness, and no contrast', () => {
    const dim = tensor(
      template.data.map((value) => value + 2),
      template.shape,
    )
    const ones = tensor(new Float32Array(21 * 34 * 3).fill(3), [21, 34, 3])
    const [score] = matchTemplateSync(ones, dim, { method: 'ncc' }).data
    expect(score).to.be.within(0.9, 0.99)
    expect(matchTemplateSync(ones, dim).data[0]).to.equal(0)
  })

  it('a window without contrast scores 0, whatever its level; so does all of an even scene', () => {
    for (const level of [0, 0.1, -7, 1e30, 1e-30, 16777216]) {
      const even = tensor(new Float32Array(9 * 11).fill(level), [9, 11, 1])
      const { data } = matchTemplateSync(even, tensor(Float32Array.of(1, 2, 3, 5), [2, 2, 1]))
      expect(data).to.deep.equal(new Float32Array(80))
    }
    const dot = new Float32Array(9 * 11).fill(0.1)
    dot[0] = 0.7
    const { data } = matchTemplateSync(
      tensor(dot, [9, 11, 1]),
      tensor(Float32Array.of(1, 0, 0, 0), [2, 2, 1]),
    )
    expect(data[0]).to.be.closeTo(1, 1e-6)
    expect(data.subarray(1)).to.deep.equal(new Float32Array(79))
  })

  it('NaN and infinities make NaN of the windows that hold them, and of no other', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const data = Float32Array.from(scene.data)
      data[(10 * 34 + 20) * 3 + 1] = value
      const scores = matchTemplateSync(tensor(data, [21, 34, 3]), template).data
      for (const [index, score] of scores.entries()) {
        const [row, column] = [Math.floor(index / 28), index % 28]
        const holds = row <= 10 && row + 5 > 10 && column <= 20 && column + 7 > 20
        if (holds) expect(score, `${row}, ${column}`).to.be.NaN
        else expect(score, `${row}, ${column}`).to.be.closeTo(plain[index]!, 105 * 2 ** -22)
      }
    }
  })

  it('a template as large as the scene has one score', () => {
    expect(matchTemplateSync(template, template)).to.deep.include({ shape: [1, 1, 1] })
    expect(matchTemplateSync(template, template).data[0]).to.be.closeTo(1, 1e-6)
  })
})
