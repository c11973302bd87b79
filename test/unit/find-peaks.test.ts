import { expect } from 'chai'
import { findPeaks, tensor, type PeakOptions, type Tensor } from 'simdconv'
import { expectError, rangeError, typeError, type Expected } from '../helpers/expect-error'
import { Random } from '../helpers/random'

const places = (scores: Tensor, options?: PeakOptions): string[] =>
  findPeaks(scores, options).map(
    ({ score, row, column, channel }) => `${score} at ${row},${column},${channel}`,
  )

const row = (...values: readonly number[]): Tensor => tensor(Float32Array.from(values), [1, values.length, 1])

function refuses(name: string, expected: Expected, scores: unknown, options?: unknown): void {
  it(name, () => expectError(expected, () => findPeaks(scores as Tensor, options as PeakOptions)))
}

describe('findPeaks', () => {
  it('the example of its documentation', () => {
    const peaks = findPeaks(row(0, 1, 3, 2, 0, 0, 5, 0))
    expect(peaks[0]).to.deep.equal({ score: 5, row: 0, column: 6, channel: 0, y: 0, x: 6 })
    expect(peaks[1]!.x).to.be.closeTo(2 + 1 / 6, 1e-12)
    expect(peaks).to.have.length(2)
  })

  it('best first, so many, from a threshold on', () => {
    const scores = row(1, 0, 3, 0, 2, 0, 4)
    expect(places(scores)).to.deep.equal(['4 at 0,6,0', '3 at 0,2,0', '2 at 0,4,0', '1 at 0,0,0'])
    expect(places(scores, { count: 2 })).to.deep.equal(['4 at 0,6,0', '3 at 0,2,0'])
    expect(places(scores, { threshold: 3 })).to.deep.equal(['4 at 0,6,0', '3 at 0,2,0'])
    expect(places(scores, { threshold: 9 })).to.deep.equal([])
  })

  it('suppresses what is near in both axes', () => {
    const scores = row(1, 0, 3, 0, 2, 0, 4)
    expect(places(scores, { minimumDistance: 3 })).to.deep.equal(['4 at 0,6,0', '3 at 0,2,0'])
    expect(places(scores, { minimumDistance: [1, 4] })).to.deep.equal(['4 at 0,6,0', '3 at 0,2,0'])
    expect(places(scores, { minimumDistance: [9, 5] })).to.deep.equal(['4 at 0,6,0', '1 at 0,0,0'])
    const column = tensor(scores.data, [7, 1, 1])
    expect(places(column, { minimumDistance: [5, 1] })).to.deep.equal(['4 at 6,0,0', '1 at 0,0,0'])
  })

  it('of equal scores the first in reading order, and a plain has one peak', () => {
    expect(places(row(2, 0, 2, 0, 2), { count: 2 })).to.deep.equal(['2 at 0,0,0', '2 at 0,2,0'])
    expect(places(tensor(new Float32Array(20), [4, 5, 1]))).to.deep.equal(['0 at 0,0,0'])
    expect(places(row(0, 7, 7, 7, 0))).to.deep.equal(['7 at 0,1,0'])
  })

  it('channels share their places, or have their own', () => {
    const scores = tensor(Float32Array.of(1, 5, 0, 0, 4, 3, 0, 0), [1, 4, 2])
    expect(places(scores)).to.deep.equal(['5 at 0,0,1', '4 at 0,2,0'])
    expect(places(scores, { perChannel: true })).to.deep.equal([
      '5 at 0,0,1',
      '4 at 0,2,0',
      '3 at 0,2,1',
      '1 at 0,0,0',
    ])
    const planes = tensor(Float32Array.of(1, 0, 4, 0, 5, 0, 3, 0), [2, 1, 4])
    expect(places(planes, { layout: 'nchw' })).to.deep.equal(places(scores))
  })

  it('NaN is no score; infinity is one', () => {
    expect(places(row(NaN, 1, NaN, NaN))).to.deep.equal(['1 at 0,1,0'])
    const [peak] = findPeaks(row(1, Infinity, 2))
    expect(peak).to.deep.equal({ score: Infinity, row: 0, column: 1, channel: 0, y: 0, x: 1 })
  })

  it('finds the top of a paraboloid between pixels, turned and stretched', () => {
    const random = new Random(7)
    for (let round = 0; round < 50; round++) {
      const [top, left] = [3 + random.next() - 0.5, 4 + random.next() - 0.5]
      const [a, b] = [0.1 + random.next(), 0.1 + random.next()]
      const c = (random.next() - 0.5) * Math.sqrt(a * b)
      const surface = Float32Array.from({ length: 7 * 9 }, (_, index) => {
        const [y, x] = [Math.floor(index / 9) - top, (index % 9) - left]
        return -(a * y * y + b * x * x + c * y * x)
      })
      const [peak] = findPeaks(tensor(surface, [7, 9, 1]))
      // The highest pixel is a neighbour of the top where the surface is askew; then the fit is clamped.
      expect(peak!.y).to.be.closeTo(Math.min(Math.max(top, peak!.row - 0.5), peak!.row + 0.5), 1e-4)
      expect(peak!.x).to.be.closeTo(Math.min(Math.max(left, peak!.column - 0.5), peak!.column + 0.5), 1e-4)
    }
  })

  it('at the edge and on a ridge each axis goes by itself', () => {
    const edge = tensor(Float32Array.of(1, 3, 2, 0, 0, 0), [2, 3, 1])
    const [peak] = findPeaks(edge)
    expect([peak!.y, peak!.x]).to.deep.equal([0, 1 + 1 / 6])
    const ridge = tensor(Float32Array.of(3, 2, 0, 2, 3, 2, 0, 2, 3), [3, 3, 1])
    const [first] = findPeaks(ridge)
    expect([first!.row, first!.column, first!.y, first!.x]).to.deep.equal([0, 0, 0, 0])
  })

  it('agrees with looking at everything: random maps', () => {
    const random = new Random(99)
    for (let round = 0; round < 40; round++) {
      const [height, width] = [random.integer(1, 12), random.integer(1, 15)]
      const data = random.integers(height * width, 9)
      const distance = [random.integer(1, 4), random.integer(1, 4)] as const
      const peaks = findPeaks(tensor(data, [height, width, 1]), { count: 1000, minimumDistance: distance })
      expect(peaks[0]!.score).to.equal(Math.max(...data))
      for (const [index, peak] of peaks.entries()) {
        expect(data[peak.row * width + peak.column]).to.equal(peak.score)
        for (const better of peaks.slice(0, index)) {
          expect(better.score).to.be.at.least(peak.score)
          const near =
            Math.abs(better.row - peak.row) < distance[0] &&
            Math.abs(better.column - peak.column) < distance[1]
          expect(near).to.equal(false)
        }
      }
      // Whatever is left out has a better or equal neighbour, or a peak nearby.
      for (let at = 0; at < data.length; at++) {
        const [y, x] = [Math.floor(at / width), at % width]
        const near = (dy: number, dx: number, row: number, column: number): boolean =>
          Math.abs(row - y) <= dy && Math.abs(column - x) <= dx
        const isTop = data.every((value, other) => {
          const isNeighbour = other !== at && near(1, 1, Math.floor(other / width), other % width)
          return !isNeighbour || value < data[at]!
        })
        const isCovered = peaks.some(
          ({ row, column, score }) =>
            near(distance[0] - 1, distance[1] - 1, row, column) && score >= data[at]!,
        )
        expect(!isTop || isCovered, `${y},${x} of ${height}x${width}`).to.equal(true)
      }
    }
  })

  describe('refuses', () => {
    const scores = row(1, 2, 1)
    refuses(
      'a batch',
      rangeError(
        'ERR_CONV_SHAPE',
        'scores.shape must have 3 axes, got 4 (1 x 1 x 3 x 1); find the peaks of each image of a batch by themselves',
      ),
      { data: scores.data, shape: [1, 1, 3, 1] },
    )
    refuses(
      'a count of 0',
      rangeError('ERR_CONV_RANGE', 'count must be an integer from 1 to 2147483647, got 0'),
      scores,
      { count: 0 },
    )
    refuses(
      'a threshold that is NaN',
      rangeError('ERR_CONV_RANGE', 'threshold must be a number, got NaN'),
      scores,
      { threshold: NaN },
    )
    refuses(
      'a distance of 0',
      rangeError('ERR_CONV_RANGE', 'minimumDistance[1] must be an integer from 1 to 2147483647, got 0'),
      scores,
      { minimumDistance: [1, 0] },
    )
    refuses(
      'an unknown option',
      typeError('ERR_CONV_OPTION', 'unknown option "treshold"; did you mean "threshold"?'),
      scores,
      { treshold: 1 },
    )
    refuses(
      'what is no tensor',
      typeError('ERR_CONV_TYPE', 'scores must be a tensor { data, shape }, got 3'),
      3,
    )
  })
})
