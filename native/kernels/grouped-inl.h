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
template <Joined Join, int Phase, int Stride, int Taps, int Slots, int Rows>
SIMDCONV_INLINE void add_traded_column(const DepthwisePass& pass, const float* const* rows,
                                       std::ptrdiff_t offset, Vec (&acc)[Slots][Rows]) {
  constexpr int kCount = kSamples<Stride, Rows, Taps>;
  const float* at[kCount];
  for (int i = 0; i < kCount; ++i) at[i] = rows[i] ? rows[i] + offset : kNoSamples;
  for (int i = 0; i < kCount; ++i) SIMDCONV_PREFETCH_LOAD(at[i] + pass.channels);  // the next pixel's
  constexpr std::ptrdiff_t kWeights = kLanes * Taps * Taps;                        // of a turn
  const float* weights = pass.weights;
  for (std::int64_t turn = 0; turn < pass.turns; ++turn, weights += kWeights) {
    const Places places = traded_places(turn);
    Vec samples[kCount];
    for (int i = 0; i < kCount; ++i) {
      if (Join == Joined::no || rows[i]) {
        samples[i] = permute(load_block<Join>(pass, at[i]), places);
      } else {
        samples[i] = splat(0);
      }
    }
    add_taps<0, 0, Phase, Stride, Taps, Taps>(samples, weights, acc);
  }
}

// One block of channels after the other.
template <int Taps, int Stride, int Rows>
inline void run_turns(const DepthwiseTile& tile) {
  DepthwisePass pass{.rows = tile.rows,
                     .row_step = tile.row_step,
                     .columns = tile.columns,
                     .pixels = tile.pixels,
                     .channel = tile.first_channel,
                     .channels = tile.channels,
                     .joined = 0,
                     .weights = tile.weights,
                     .tap_row_stride = Taps * kLanes,
                     .bias = tile.bias,
                     .from = {},
                     .to = {},
                     .last = true,
                     .asks = false,
                     .low = tile.low,
                     .high = tile.high,
                     .turns = tile.turns};
  for (std::int64_t rest = tile.channels / kLanes; rest > 0; --rest) {
    pass.to = {tile.out + pass.channel, tile.out_row_stride, tile.out_pixel_stride, tile.channels};
    if (rest == 1 && tile.first_channel > 0) {
      pass.joined = kLanes - tile.first_channel;
      run_pass<Pass::traded, Joined::yes, Taps, Taps, Stride, Rows>(pass);
    } else {
      run_pass<Pass::traded, Joined::no, Taps, Taps, Stride, Rows>(pass);
    }
    pass.channel += kLanes;
    pass.weights += tile.turns * kLanes * Taps * Taps;
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
