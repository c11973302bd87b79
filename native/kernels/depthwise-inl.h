// The depthwise convolution where channels are whole vectors: a tile of output rows x neighbouring pixels, a
// vector of channels at a time.
//
//                     column 0   column 1   column 2   ...
//   input row  0          x          x          x        each sample is loaded once for up to 3 x 3 taps of
//   input row  1          x          x          x        the kernel, and multiplied for each output that
//     ...                                                sees it
//   output row 0       acc 0,0    acc 0,1    acc 0,2
//   output row 1       acc 1,0    acc 1,1     ...
//     ...
//
// With 32 registers the tile is 4 x 4: 16 accumulators + 9 weights + 1 sample. Under a 3x3 kernel that is 36
// + 9 loads for 144 FMAs. Loads are what matters: vectors of an image that does not start on a cache line
// straddle two, and take twice as long, so that a kernel with a load for each FMA runs at half of its peak.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

// A sample in input row `Row` and column `Column` of a chunk of Taps x TapColumns kernel taps: an FMA for
// each output that sees it.
template <int Row, int Column, int OutRow, int Pixel, int Stride, int Taps, int TapColumns, int Rows,
          int Pixels>
SIMDCONV_INLINE void add_sample(Vec x, const Vec (&weights)[Taps][TapColumns], Vec (&acc)[Rows][Pixels]) {
  if constexpr (OutRow < Rows && Pixel < Pixels) {
    constexpr int kTap = Row - OutRow * Stride, kTapColumn = Column - Pixel * Stride;
    if constexpr (kTap >= 0 && kTap < Taps && kTapColumn >= 0 && kTapColumn < TapColumns) {
      acc[OutRow][Pixel] = fma(x, weights[kTap][kTapColumn], acc[OutRow][Pixel]);
    }
    constexpr bool kRowEnds = Pixel + 1 == Pixels;
    add_sample<Row, Column, OutRow + (kRowEnds ? 1 : 0), kRowEnds ? 0 : Pixel + 1, Stride>(x, weights, acc);
  }
}

template <int Row, int Column, int Stride, int Taps, int TapColumns, int Rows, int Pixels>
SIMDCONV_INLINE void add_column(const float* const* rows, std::ptrdiff_t offset,
                                const Vec (&weights)[Taps][TapColumns], Vec (&acc)[Rows][Pixels]) {
  if constexpr (Row < (Rows - 1) * Stride + Taps) {
    if constexpr (Row % Stride < Taps) {  // otherwise no output row sees it
      if (rows[Row])
        add_sample<Row, Column, 0, 0, Stride>(in_register(load(rows[Row] + offset)), weights, acc);
    }
    add_column<Row + 1, Column, Stride>(rows, offset, weights, acc);
  }
}

template <int Column, int Stride, int Taps, int TapColumns, int Rows, int Pixels>
SIMDCONV_INLINE void add_columns(const float* const* rows, const std::ptrdiff_t* columns,
                                 std::ptrdiff_t channel, const Vec (&weights)[Taps][TapColumns],
                                 Vec (&acc)[Rows][Pixels]) {
  if constexpr (Column < (Pixels - 1) * Stride + TapColumns) {
    if constexpr (Column % Stride < TapColumns) {  // otherwise no pixel sees it
      if (columns[Column] != kNoColumn) {
        add_column<0, Column, Stride>(rows, columns[Column] + channel, weights, acc);
      }
    }
    add_columns<Column + 1, Stride>(rows, columns, channel, weights, acc);
  }
}

// Taps x TapColumns taps of the kernel, for the channels from `channel` on.
template <int Taps, int TapColumns, int Stride, int Rows, int Pixels>
SIMDCONV_INLINE void add_taps(const DepthwiseTile& tile, const float* const* rows, std::int64_t first_tap,
                              std::int64_t first_column, std::ptrdiff_t channel, Vec (&acc)[Rows][Pixels]) {
  const float* weights =
      tile.weights + (first_tap * tile.kernel_columns + first_column) * tile.tap_stride + channel;
  Vec w[Taps][TapColumns];
  for (int y = 0; y < Taps; ++y, weights += tile.kernel_columns * tile.tap_stride) {
    for (int x = 0; x < TapColumns; ++x) w[y][x] = load(weights + x * tile.tap_stride);
  }
  add_columns<0, Stride>(rows, tile.columns + first_column * tile.column_step, tile.column_offset + channel,
                         w, acc);
}

// `Taps` rows of the kernel.
template <int Taps, int Stride, int Rows, int Pixels>
SIMDCONV_INLINE void add_tap_rows(const DepthwiseTile& tile, std::int64_t first_tap, std::ptrdiff_t channel,
                                  Vec (&acc)[Rows][Pixels]) {
  constexpr int kRows = (Rows - 1) * Stride + Taps;
  const float* rows[kRows];
  for (int i = 0; i < kRows; ++i) rows[i] = tile.rows[(first_tap + i) * tile.row_step];
  constexpr bool kFits = Rows * Pixels + Taps * 3 + 1 <= kRegisters;
  std::int64_t x = 0;
  if (kFits && tile.column_step == 1) {  // neighbouring pixels share columns
    for (; x + 3 <= tile.kernel_columns; x += 3)
      add_taps<Taps, 3, Stride>(tile, rows, first_tap, x, channel, acc);
  }
  for (; x < tile.kernel_columns; ++x) add_taps<Taps, 1, Stride>(tile, rows, first_tap, x, channel, acc);
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
    for (; tap + 3 <= tile.kernel_rows; tap += 3) add_tap_rows<3, Stride>(tile, tap, channel, acc);
    if (tile.kernel_rows - tap == 2) add_tap_rows<2, Stride>(tile, tap, channel, acc);
    if (tile.kernel_rows - tap == 1) add_tap_rows<1, Stride>(tile, tap, channel, acc);

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
