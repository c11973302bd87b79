// The two passes of a separable convolution. As in the depthwise kernel, lanes run along a flat row, across
// pixels and channels alike; weights are repeated cyclically, so a vector finds those of its channels from
// any channel on. Each pass does whole rows, a few at a time:
//
//   vertical     input row r   [ x x x x ... ]   loaded once, used by every row of the tile that sees it:
//                                  |               row r - y of the middle with kernel row y
//   middle       acc r,0   acc r,1
//
//   horizontal   middle row r  [ m m m m ... ]   loaded once per kernel column, channels further on each time
//                                  |    \   \    (one load per output row)
//   output       acc r,0   acc r,1
//
// AVX-512: 6 rows x 2 vectors; the vertical pass takes up to 5 kernel rows at a time: 12 accumulators +
// 10 weights + 2 inputs = 24 of 32 registers. AVX2: 8 rows x 1 vector; 8 + 5 + 1 = 14 of 16.

#include "kernels/kernels.h"
#include "kernels/separable-shared-inl.h"

namespace simdconv::SIMDCONV_ISA {
namespace {
namespace separable {

// How many lanes of a tile count: all, or the first of a row that is shorter than a vector.
enum class Lanes { all, first };

template <Lanes Which>
SIMDCONV_INLINE Vec read(const float* p, std::int64_t count) {
  if constexpr (Which == Lanes::first) return load_first(p, count);
  return load(p);
}

template <Lanes Which, typename Out>
SIMDCONV_INLINE void write(Out* p, Vec v, std::int64_t count) {
  if constexpr (Which == Lanes::first) {
    store_first(p, v, count);
  } else {
    store(p, v);
  }
}

// Input row `Row` under kernel rows 0 to `Taps` - 1 of the tile's rows.
template <int Row, int OutRow, int Rows, int Vectors, int Taps>
SIMDCONV_INLINE void add_row(const Vec (&x)[Vectors], const Vec (&weights)[Taps][Vectors],
                             Vec (&acc)[Rows][Vectors]) {
  if constexpr (OutRow < Rows) {
    constexpr int kTap = Row - OutRow;
    if constexpr (kTap >= 0 && kTap < Taps) {
      for (int v = 0; v < Vectors; ++v) acc[OutRow][v] = fma(x[v], weights[kTap][v], acc[OutRow][v]);
    }
    add_row<Row, OutRow + 1, Rows, Vectors, Taps>(x, weights, acc);
  }
}

template <int Row, int Rows, int Vectors, int Taps, Lanes Which>
SIMDCONV_INLINE void add_rows(const float* const* rows, std::int64_t flat, std::int64_t count,
                              const Vec (&weights)[Taps][Vectors], Vec (&acc)[Rows][Vectors]) {
  if constexpr (Row < Rows - 1 + Taps) {
    Vec x[Vectors];
    for (int v = 0; v < Vectors; ++v) x[v] = read<Which>(rows[Row] + flat + v * kLanes, count);
    add_row<Row, 0, Rows, Vectors, Taps>(x, weights, acc);
    add_rows<Row + 1, Rows, Vectors, Taps, Which>(rows, flat, count, weights, acc);
  }
}

template <int Taps, int Rows, int Vectors, Lanes Which>
SIMDCONV_INLINE void add_taps(const VerticalPass& pass, std::int64_t first_tap, std::int64_t flat,
                              std::int64_t channel, Vec (&acc)[Rows][Vectors]) {
  const float* weights = pass.weights + first_tap * pass.weight_pitch + channel;
  Vec w[Taps][Vectors];
  for (int tap = 0; tap < Taps; ++tap, weights += pass.weight_pitch) {
    for (int v = 0; v < Vectors; ++v) w[tap][v] = load(weights + v * kLanes);
  }
  add_rows<0, Rows, Vectors, Taps, Which>(pass.rows + first_tap, flat, pass.floats, w, acc);
}

// The tile whose first lane is float `flat` of its row, of channel `channel`.
template <int Rows, int Vectors, Lanes Which>
SIMDCONV_INLINE void run_tile(const VerticalPass& pass, std::int64_t flat, std::int64_t channel) {
  Vec acc[Rows][Vectors];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) acc[r][v] = splat(0);
  }
  std::int64_t tap = 0;
  for (; tap + 5 <= pass.kernel_rows; tap += 5)
    add_taps<5, Rows, Vectors, Which>(pass, tap, flat, channel, acc);
  switch (pass.kernel_rows - tap) {
    case 4:
      add_taps<4, Rows, Vectors, Which>(pass, tap, flat, channel, acc);
      break;
    case 3:
      add_taps<3, Rows, Vectors, Which>(pass, tap, flat, channel, acc);
      break;
    case 2:
      add_taps<2, Rows, Vectors, Which>(pass, tap, flat, channel, acc);
      break;
    case 1:
      add_taps<1, Rows, Vectors, Which>(pass, tap, flat, channel, acc);
      break;
    default:
      break;
  }
  float* out = pass.out + flat;
  for (int r = 0; r < Rows; ++r, out += pass.out_row_stride) {
    for (int v = 0; v < Vectors; ++v) write<Which>(out + v * kLanes, acc[r][v], pass.floats);
  }
}

template <Lanes Which, typename Out, int Rows, int Vectors>
SIMDCONV_INLINE void write_tile(const HorizontalPass& pass, Out* out, const Vec (&acc)[Rows][Vectors]) {
  const Vec low = splat(pass.low), high = splat(pass.high);
  for (int r = 0; r < Rows; ++r, out += pass.out_row_stride) {
    for (int v = 0; v < Vectors; ++v) {
      write<Which>(out + v * kLanes, at_most(high, at_least(low, acc[r][v])), pass.floats);
    }
  }
}

template <int Rows, int Vectors, Lanes Which>
SIMDCONV_INLINE void run_tile(const HorizontalPass& pass, std::int64_t flat, std::int64_t channel) {
  Vec acc[Rows][Vectors];
  for (int v = 0; v < Vectors; ++v) {
    const Vec bias = load(pass.bias + channel + v * kLanes);
    for (int r = 0; r < Rows; ++r) acc[r][v] = bias;
  }
  const float* in = pass.in + flat;
  const float* weights = pass.weights + channel;
  for (std::int64_t tap = 0; tap < pass.kernel_columns; ++tap) {
    Vec w[Vectors];
    for (int v = 0; v < Vectors; ++v) w[v] = load(weights + v * kLanes);
    for (int r = 0; r < Rows; ++r) {
      for (int v = 0; v < Vectors; ++v) {
        const Vec x = read<Which>(in + r * pass.in_row_stride + v * kLanes, pass.floats);
        acc[r][v] = fma(x, w[v], acc[r][v]);
      }
    }
    in += pass.tap_step;
    weights += pass.weight_pitch;
  }
  if (pass.out_type == ElementType::uint8) {
    write_tile<Which>(pass, static_cast<std::uint8_t*>(pass.out) + flat, acc);
  } else {
    write_tile<Which>(pass, static_cast<float*>(pass.out) + flat, acc);
  }
}

// Tiles along the rows; the last one overlaps the one before it rather than being narrower.
template <int Rows, int Vectors, typename Pass>
SIMDCONV_INLINE void run_tiles(const Pass& pass) {
  constexpr std::int64_t kTile = Vectors * kLanes;
  const std::int64_t step = kTile % pass.channels;
  std::int64_t flat = 0, channel = 0;
  for (; flat + kTile <= pass.floats; flat += kTile) {
    run_tile<Rows, Vectors, Lanes::all>(pass, flat, channel);
    channel += step;
    if (channel >= pass.channels) channel -= pass.channels;
  }
  if (flat < pass.floats) {
    run_tile<Rows, Vectors, Lanes::all>(pass, pass.floats - kTile, (pass.floats - kTile) % pass.channels);
  }
}

template <int Rows, int Vectors, typename Pass>
void run_rows(const Pass& pass) {
  if constexpr (Vectors > 1) {
    if (pass.floats >= Vectors * kLanes) return run_tiles<Rows, Vectors>(pass);
  }
  if (pass.floats >= kLanes) {
    run_tiles<Rows, 1>(pass);
  } else {
    run_tile<Rows, 1, Lanes::first>(pass, 0, 0);
  }
}

}  // namespace separable

template <int Vectors, int Step, int Most>
constexpr SharedKernel shared_kernel() {
  if constexpr (Vectors == 0) {
    return {};
  } else {
    return {.step = Step, .vectors = Vectors, .row = &separable::run_shared_row<Vectors, Step, Most>};
  }
}

// Tiles of `Rows` x `Vectors`; where columns share loads, of one row x `Vectors1` (step 1), or x `Vectors3`
// with `Most3` columns of a phase at a time (step 3; 0: none).
template <int Rows, int Vectors, int Vectors1, int Vectors3, int Most3>
constexpr SeparableKernels separable_kernels() {
  return {
      .rows = Rows,
      .vectors = Vectors,
      .vertical = {&separable::run_rows<1, Vectors, VerticalPass>,
                   &separable::run_rows<Rows, Vectors, VerticalPass>},
      .horizontal = {&separable::run_rows<1, Vectors, HorizontalPass>,
                     &separable::run_rows<Rows, Vectors, HorizontalPass>},
      .shared = {shared_kernel<Vectors1, 1, 5>(), shared_kernel<Vectors3, 3, Most3>()},
  };
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
