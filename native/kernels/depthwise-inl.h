// The depthwise convolution where channels are whole vectors: a tile of output rows x neighbouring pixels, a vector
// of channels at a time.
//
//                     pixel 0    pixel 1    pixel 2    pixel 3
//   input row  0  x -> ------------------------------------ -    loaded once per kernel column and pixel,
//   input row  1  x -> ------------------------------------ -    used by every output row that sees it:
//     ...                                                        input row i under kernel row i - r
//   output row 0      acc 0,0    acc 0,1    acc 0,2    acc 0,3
//   output row 1      acc 1,0    acc 1,1     ...
//     ...
//
// With 32 registers the tile is 4 x 4: 16 accumulators + 3 weights + 1 input. A column of a 3x3 kernel is then
// 3 + 24 loads for 48 FMAs; a kernel that loads an input for each FMA would be bound by its loads.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

// Input row `Row` at one pixel: one load, one FMA per output row that sees it.
template <int Row, int OutRow, int Pixel, int Rows, int Pixels, int Taps, int Stride>
SIMDCONV_INLINE void add_sample(Vec x, const Vec (&weights)[Taps], Vec (&acc)[Rows][Pixels]) {
  if constexpr (OutRow < Rows) {
    constexpr int kTap = Row - OutRow * Stride;
    if constexpr (kTap >= 0 && kTap < Taps) acc[OutRow][Pixel] = fma(x, weights[kTap], acc[OutRow][Pixel]);
    add_sample<Row, OutRow + 1, Pixel, Rows, Pixels, Taps, Stride>(x, weights, acc);
  }
}

template <int Row, int Pixel, int Rows, int Pixels, int Taps, int Stride>
SIMDCONV_INLINE void add_samples(const float* const* rows, std::ptrdiff_t offset, const Vec (&weights)[Taps],
                                 Vec (&acc)[Rows][Pixels]) {
  if constexpr (Row < (Rows - 1) * Stride + Taps) {
    if constexpr (Row % Stride < Taps) {  // otherwise no output row sees it
      if (rows[Row]) {
        add_sample<Row, 0, Pixel, Rows, Pixels, Taps, Stride>(load(rows[Row] + offset), weights, acc);
      }
    }
    add_samples<Row + 1, Pixel, Rows, Pixels, Taps, Stride>(rows, offset, weights, acc);
  }
}

template <int Pixel, int Rows, int Pixels, int Taps, int Stride>
SIMDCONV_INLINE void add_pixels(const float* const* rows, const std::ptrdiff_t* columns, std::ptrdiff_t channel,
                                const Vec (&weights)[Taps], Vec (&acc)[Rows][Pixels]) {
  if constexpr (Pixel < Pixels) {
    if (columns[Pixel] != kNoColumn) {
      add_samples<0, Pixel, Rows, Pixels, Taps, Stride>(rows, columns[Pixel] + channel, weights, acc);
    }
    add_pixels<Pixel + 1, Rows, Pixels, Taps, Stride>(rows, columns, channel, weights, acc);
  }
}

// `Taps` kernel rows, all kernel columns, the channels from `channel` on.
template <int Taps, int Rows, int Pixels, int Stride>
SIMDCONV_INLINE void add_taps(const DepthwiseTile& tile, std::int64_t first_tap, std::ptrdiff_t channel,
                              Vec (&acc)[Rows][Pixels]) {
  constexpr int kRows = (Rows - 1) * Stride + Taps;
  const float* rows[kRows];
  for (int i = 0; i < kRows; ++i) rows[i] = tile.rows[(first_tap + i) * tile.row_step];
  const std::ptrdiff_t* columns = tile.columns;
  const float* weights = tile.weights + first_tap * tile.kernel_columns * tile.tap_stride + channel;
  for (std::int64_t x = 0; x < tile.kernel_columns; ++x, columns += Pixels, weights += tile.tap_stride) {
    Vec w[Taps];
    for (int tap = 0; tap < Taps; ++tap) w[tap] = load(weights + tap * tile.kernel_columns * tile.tap_stride);
    add_pixels<0, Rows, Pixels, Taps, Stride>(rows, columns, tile.column_offset + channel, w, acc);
  }
}

template <int Rows, int Pixels, int Stride>
void depthwise_tile(const DepthwiseTile& tile) {
  const Vec low = splat(tile.low), high = splat(tile.high);
  for (std::int64_t block = 0; block < tile.blocks; ++block) {
    const std::ptrdiff_t channel = block * kLanes;
    const Vec bias = load(tile.bias + channel);
    Vec acc[Rows][Pixels];
    for (int r = 0; r < Rows; ++r) {
      for (int p = 0; p < Pixels; ++p) acc[r][p] = bias;
    }

    std::int64_t tap = 0;
    for (; tap + 3 <= tile.kernel_rows; tap += 3) add_taps<3, Rows, Pixels, Stride>(tile, tap, channel, acc);
    if (tile.kernel_rows - tap == 2) add_taps<2, Rows, Pixels, Stride>(tile, tap, channel, acc);
    if (tile.kernel_rows - tap == 1) add_taps<1, Rows, Pixels, Stride>(tile, tap, channel, acc);

    float* out = tile.out + channel;
    for (int r = 0; r < Rows; ++r, out += tile.out_row_stride) {
      for (int p = 0; p < Pixels; ++p) {
        store(out + p * tile.out_pixel_stride, at_most(high, at_least(low, acc[r][p])));
      }
    }
  }
}

template <int Rows, int Pixels>
constexpr void add_depthwise_tiles(DepthwiseKernels& kernels) {
  kernels.tile[Rows - 1][Pixels - 1][0] = &depthwise_tile<Rows, Pixels, 1>;
  kernels.tile[Rows - 1][Pixels - 1][1] = &depthwise_tile<Rows, Pixels, 2>;
  if constexpr (Pixels > 1) add_depthwise_tiles<Rows, Pixels - 1>(kernels);
}

// Tiles of up to Rows x Pixels.
template <int Rows, int Pixels>
constexpr DepthwiseKernels depthwise_kernels() {
  DepthwiseKernels kernels{.rows = Rows, .pixels = Pixels, .tile = {}};
  add_depthwise_tiles<1, Pixels>(kernels);
  if constexpr (Rows > 1) add_depthwise_tiles<2, Pixels>(kernels);
  if constexpr (Rows > 2) add_depthwise_tiles<3, Pixels>(kernels);
  if constexpr (Rows > 3) add_depthwise_tiles<4, Pixels>(kernels);
  return kernels;
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
