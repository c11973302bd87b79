// The horizontal pass where kernel columns share loads. Columns that stand a whole number of vectors apart
// read the same vectors of the middle, for different outputs: with one channel and 16 lanes columns 0 and 16
// do, with four channels 0, 4, 8, ... So one row is summed as the vertical pass sums a column, period by
// period:
//
//   middle, from a column of this phase on   [ load 0 | load 1 | load 2 | load 3 | ... ]
//                                                |   \    |   \    |
//   step 1: out v = load v * w0 + load v+1 * w1 ...   step 3 (three channels): load v * w0 + load v+3 * w1
//   ...
//
// An unaligned 64-byte load crosses a cache line and costs two, so the loads are what binds this pass: with
// `n` columns of a phase, `v` vectors cost v + (n - 1) step of them instead of v n. Step 1: AVX-512 12
// accumulators + 5 weights + 1 load; AVX2 8 + 5 + 1 of 16 registers. Step 3 needs three weights for a column,
// as channels differ from vector to vector: 12 + 15 + 1 of 32. AVX2 has not the registers for it: 6 + 6 + 1
// were slower by a third than a load for each product (EPYC 9004).
//
// On that machine 31 columns of one channel took 0.30 ns a vector and column instead of 0.52, of three
// channels 0.39 instead of 0.54, of four 0.28 instead of 0.46.

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
    add_load<Load, 0, Vectors, Taps, Step>(in_register(load(in + Load * kLanes)), weights, acc);
    add_loads<Load + 1, Vectors, Taps, Step>(in, weights, acc);
  }
}

// `Taps` columns, a period apart, in each of `phases` phases; the first stands on `column`.
template <int Taps, int Step, int Vectors>
SIMDCONV_INLINE void add_phases(const HorizontalPass& pass, std::int64_t column, std::int64_t phases,
                                const float* in, const float* weights, Vec (&acc)[Vectors]) {
  const std::ptrdiff_t pitch = pass.weight_pitch, tap_pitch = pass.period * pitch, in_step = pass.tap_step;
  in += column * in_step;
  weights += column * pitch;
  for (; phases > 0; --phases, in += in_step, weights += pitch) {
    Vec w[Taps][Step];
    for (int tap = 0; tap < Taps; ++tap) {
      for (int v = 0; v < Step; ++v) w[tap][v] = load(weights + tap * tap_pitch + v * kLanes);
    }
    add_loads<0, Vectors, Taps, Step>(in, w, acc);
  }
}

// The last columns: `Taps` in each phase, fewer than a tile takes at a time, and another in the first ones.
template <int Taps, int Step, int Vectors>
SIMDCONV_INLINE void add_last(const HorizontalPass& pass, std::int64_t column, const float* in,
                              const float* weights, Vec (&acc)[Vectors]) {
  const std::int64_t rest = pass.kernel_columns - column;
  if constexpr (Taps > 0) {
    if (rest < Taps * pass.period) return add_last<Taps - 1, Step>(pass, column, in, weights, acc);
  }
  const std::int64_t longer = rest - Taps * pass.period;
  add_phases<Taps + 1, Step>(pass, column, longer, in, weights, acc);
  if constexpr (Taps > 0) {
    add_phases<Taps, Step>(pass, column + longer, pass.period - longer, in, weights, acc);
  }
}

template <typename Out, int Vectors>
SIMDCONV_INLINE void write_shared_tile(const HorizontalPass& pass, Out* out, const Vec (&acc)[Vectors]) {
  const Vec low = splat(pass.low), high = splat(pass.high);
  for (int v = 0; v < Vectors; ++v) store(out + v * kLanes, at_most(high, at_least(low, acc[v])));
}

template <int Vectors, int Step, int Most>
SIMDCONV_INLINE void run_shared_tile(const HorizontalPass& pass, std::int64_t flat, std::int64_t channel) {
  Vec acc[Vectors];
  for (int v = 0; v < Vectors; ++v) acc[v] = load(pass.bias + channel + v % Step * kLanes);
  const float* in = pass.in + flat;
  const float* weights = pass.weights + channel;
  const std::int64_t at_a_time = Most * pass.period;
  std::int64_t column = 0;
  for (; column + at_a_time <= pass.kernel_columns; column += at_a_time) {
    add_phases<Most, Step>(pass, column, pass.period, in, weights, acc);
  }
  add_last<Most - 1, Step>(pass, column, in, weights, acc);
  if (pass.out_type == ElementType::uint8) {
    write_shared_tile(pass, static_cast<std::uint8_t*>(pass.out) + flat, acc);
  } else {
    write_shared_tile(pass, static_cast<float*>(pass.out) + flat, acc);
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
