// The grouped convolution where groups have 2, 4, 8 or 16 channels in and out, and a vector holds whole groups. It is
// the depthwise convolution done once for each channel of a group, with samples that trade places: in turn m lane l
// has the sample of channel l xor m, which is of the same group, and the weight from that channel to channel l.
//
//   lanes          0   1   2   3 | 4   5   6   7 | ...       groups of 4
//   turn 0        x0  x1  x2  x3 | x4  x5  x6  x7
//   turn 1        x1  x0  x3  x2 | x5  x4  x7  x6
//   turn 2        x2  x3  x0  x1 | x6  x7  x4  x5
//   turn 3        x3  x2  x1  x0 | x7  x6  x5  x4
//
// So no lane is idle, and a sample that was loaded, and put in its place by one permutation, is multiplied by all taps
// that see it: 3 x 3 taps with 4 rows are 6 loads, 6 permutations and 9 loads of weights for 36 FMAs. Included after
// depthwise-inl.h, which explains columns, slots and cycles.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

alignas(64) constexpr float kNoSamples[kLanes] = {};

// A column that is `Phase` in its cycle, in all turns.
template <int Phase, int Stride, int Taps, int Slots, int Rows>
SIMDCONV_INLINE void add_traded_column(const DepthwiseTile& tile, const DepthwisePass& pass,
                                       const float* const* rows, std::ptrdiff_t offset,
                                       Vec (&acc)[Slots][Rows]) {
  constexpr int kCount = kSamples<Stride, Rows, Taps>;
  const float* at[kCount];
  for (int i = 0; i < kCount; ++i) at[i] = rows[i] ? rows[i] + offset + pass.channel : kNoSamples;
  for (int i = 0; i < kCount; ++i) SIMDCONV_PREFETCH_LOAD(at[i] + tile.channels);  // the next pixel's
  const float* weights = pass.weights;
  for (std::int64_t turn = 0; turn < tile.turns; ++turn, weights += Taps * Taps * kLanes) {
    const Places places = traded_places(turn);
    Vec samples[kCount];
    for (int i = 0; i < kCount; ++i) samples[i] = permute(load(at[i]), places);
    add_taps<0, 0, Phase, Stride, Taps, Taps>(samples, weights, acc);
  }
}

// The columns of a cycle, from `cycle` on.
template <int Phase, int Stride, int Taps, int Slots, int Rows>
SIMDCONV_INLINE void add_traded_cycle(const DepthwiseTile& tile, const DepthwisePass& pass,
                                      const float* const* rows, std::int64_t cycle, std::int64_t columns,
                                      Vec (&acc)[Slots][Rows]) {
  if constexpr (Phase < kCycle<Stride, Taps>) {
    const std::int64_t column = cycle + Phase;
    if (column >= columns) return;
    if constexpr (Phase % Stride == 0)
      begin_pixel<true>(pass, 0, column / Stride, Phase / Stride % Slots, acc);
    const std::ptrdiff_t offset = pass.columns[column];
    if (offset != kNoColumn) add_traded_column<Phase, Stride, Taps>(tile, pass, rows, offset, acc);
    constexpr int kBehind = Phase - (Taps - 1) + kCycle<Stride, Taps>;
    if constexpr (kBehind % Stride == 0) {
      if (column >= Taps - 1)
        end_pixel<true>(pass, 0, (column - (Taps - 1)) / Stride, kBehind / Stride % Slots, acc);
    }
    add_traded_cycle<Phase + 1, Stride, Taps>(tile, pass, rows, cycle, columns, acc);
  }
}

template <int Taps, int Stride, int Rows>
inline void run_turns(const DepthwiseTile& tile) {
  constexpr int kRows = kSamples<Stride, Rows, Taps>;
  const float* rows[kRows];
  for (int i = 0; i < kRows; ++i) rows[i] = tile.rows[i * tile.row_step];
  const std::int64_t columns = (tile.pixels - 1) * Stride + Taps;
  DepthwisePass pass{};
  pass.columns = tile.columns;
  pass.pixels = tile.pixels;
  pass.weights = tile.weights;
  pass.bias = tile.bias;
  pass.low = tile.low;
  pass.high = tile.high;
  const std::ptrdiff_t last = tile.channels - kLanes;
  for (std::ptrdiff_t next = tile.first_channels;; next += kLanes) {
    pass.to = {tile.out + pass.channel, tile.out_row_stride, tile.out_pixel_stride, 0};
    Vec acc[kSlots<Stride, Taps>][Rows];
    for (auto& slot : acc) {
      for (Vec& sum : slot) sum = splat(0);
    }
    for (std::int64_t cycle = 0; cycle < columns; cycle += kCycle<Stride, Taps>) {
      add_traded_cycle<0, Stride, Taps>(tile, pass, rows, cycle, columns, acc);
    }
    if (pass.channel == last) return;
    pass.channel = next < last ? next : last;
    pass.weights += tile.turns * Taps * Taps * kLanes;
    pass.bias += kLanes;
  }
}

// Kernels are 3 x 3 or 5 x 5.
template <int Stride, int Rows>
void grouped_tile(const DepthwiseTile& tile) {
  if (tile.kernel_rows == 3) return run_turns<3, Stride, Rows>(tile);
  run_turns<5, Stride, Rows>(tile);
}

// Tiles of these numbers of rows, the tallest first, for groups of at most so many channels.
template <int... Rows>
constexpr GroupedKernels grouped_kernels(std::int64_t most_channels, const DepthwiseHeights& best) {
  return {.most_channels = most_channels,
          .tiles = {.sizes = sizeof...(Rows),
                    .best = best,
                    .tile = {{Rows, {&grouped_tile<1, Rows>, &grouped_tile<2, Rows>}}...}}};
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
