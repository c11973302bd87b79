// The horizontal pass where kernel columns share loads. Columns that stand a whole number of vectors apart read
// the same vectors of the middle, for different outputs: with one channel and 16 lanes columns 0 and 16 do, with
// four channels 0, 4, 8, ... So one row is summed as the vertical pass sums a column, period by period:
//
//   middle, from a column of this phase on   [ load 0 | load 1 | load 2 | load 3 | ... ]
//                                                |   \    |   \    |
//   step 1: out v = load v * w0 + load v+1 * w1 ...   step 3 (three channels): load v * w0 + load v+3 * w1 ...
//
// An unaligned 64-byte load crosses a cache line and costs two, so the loads are what binds this pass: with `n`
// columns of a phase, `v` vectors cost v + (n - 1) step of them instead of v n.
// Step 1: AVX-512 12 accumulators + 5 weights + 1 load; AVX2 8 + 5 + 1 of 16 registers. Step 3 needs three
// weights for a column, as channels differ from vector to vector: 12 + 15 + 1 of 32, 6 + 6 + 1 of 16.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {
namespace separable {

template <int Load, int Out, int Vectors, int Taps, int Step>
SIMDCONV_INLINE void add_load(Vec x, const Vec (&weights)[Taps][Step], Vec (&acc)[Vectors]) {
  if constexpr (Out < Vectors) {
    constexpr int kDistance = Load - Out;
    if constexpr (kDistance >= 0 && kDistance % Step == 0 && kDistance / Step < Taps) {
      acc[Out] = fma(x, weights[kDistance / Step][Out % Step], acc[Out]);
    }
    add_load<Load, Out + 1, Vectors, Taps, Step>(x, weights, acc);
  }
}

template <int Load, int Vectors, int Taps, int Step>
SIMDCONV_INLINE void add_loads(const float* in, const Vec (&weights)[Taps][Step], Vec (&acc)[Vectors]) {
  if constexpr (Load < Vectors + (Taps - 1) * Step) {
    add_load<Load, 0, Vectors, Taps, Step>(load(in + Load * kLanes), weights, acc);
    add_loads<Load + 1, Vectors, Taps, Step>(in, weights, acc);
  }
}

// `Taps` columns, a period apart, from `column` on.
template <int Taps, int Step, int Vectors>
SIMDCONV_INLINE void add_columns(const HorizontalPass& pass, std::int64_t column, const float* in,
                                 const float* weights, Vec (&acc)[Vectors]) {
  Vec w[Taps][Step];
  weights += column * pass.weight_pitch;
  for (int tap = 0; tap < Taps; ++tap, weights += pass.period * pass.weight_pitch) {
    for (int v = 0; v < Step; ++v) w[tap][v] = load(weights + v * kLanes);
  }
  add_loads<0, Vectors, Taps, Step>(in + column * pass.tap_step, w, acc);
}

// The last columns of a phase, fewer than `Most`.
template <int Most, int Step, int Vectors>
SIMDCONV_INLINE void add_last_columns(const HorizontalPass& pass, std::int64_t column, const float* in,
                                      const float* weights, Vec (&acc)[Vectors]) {
  if constexpr (Most > 1) {
    if (column + (Most - 2) * pass.period < pass.kernel_columns) {
      add_columns<Most - 1, Step>(pass, column, in, weights, acc);
    } else {
      add_last_columns<Most - 1, Step>(pass, column, in, weights, acc);
    }
  }
}

template <int Vectors, int Step, int Most>
SIMDCONV_INLINE void run_shared_tile(const HorizontalPass& pass, std::int64_t flat, std::int64_t channel) {
  Vec acc[Vectors];
  for (int v = 0; v < Vectors; ++v) acc[v] = load(pass.bias + channel + v % Step * kLanes);
  const float* in = pass.in + flat;
  const float* weights = pass.weights + channel;
  for (std::int64_t phase = 0; phase < pass.period && phase < pass.kernel_columns; ++phase) {
    std::int64_t column = phase;
    for (; column + (Most - 1) * pass.period < pass.kernel_columns; column += Most * pass.period) {
      add_columns<Most, Step>(pass, column, in, weights, acc);
    }
    if (column < pass.kernel_columns) add_last_columns<Most, Step>(pass, column, in, weights, acc);
  }
  const Vec low = splat(pass.low), high = splat(pass.high);
  for (int v = 0; v < Vectors; ++v) {
    store(pass.out + flat + v * kLanes, at_most(high, at_least(low, acc[v])));
  }
}

// One row of at least a tile; the last tile overlaps the one before it.
template <int Vectors, int Step, int Most>
void run_shared_row(const HorizontalPass& pass) {
  constexpr std::int64_t kTile = Vectors * kLanes;
  const std::int64_t step = kTile % pass.channels;
  std::int64_t flat = 0, channel = 0;
  for (; flat + kTile <= pass.floats; flat += kTile) {
    run_shared_tile<Vectors, Step, Most>(pass, flat, channel);
    channel += step;
    if (channel >= pass.channels) channel -= pass.channels;
  }
  if (flat < pass.floats) {
    flat = pass.floats - kTile;
    run_shared_tile<Vectors, Step, Most>(pass, flat, flat % pass.channels);
  }
}

}  // namespace separable
}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
