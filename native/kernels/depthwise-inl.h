// The depthwise convolution where channels are whole vectors: some output rows at a time, along the columns of the
// input, a vector of channels at a time. A column's samples are loaded once and multiplied for each output that
// sees them; outputs are begun, continued and ended as their kernel columns pass by (here 3x3):
//
//                     column v
//   input row  0          x
//   input row  1          x           output row 0:   pixel v - 2 ends   pixel v - 1   pixel v begins
//   input row  2          x           output row 1:        acc 0             acc 1          acc 2
//     ...                 x             ...
//   input row  8          x           output row 6
//
// With 32 registers: 7 rows x 3 pixels are 21 accumulators + 9 weights + 1 sample. A column is 9 loads for 63 FMAs,
// and no sample is loaded again, but for two rows between the tiles. Loads are what matters: a vector that is not
// aligned straddles two lines, and takes twice as long. So the channels of a pixel are cut where lines begin.
//
// Larger kernels take several passes of at most 3 x 3 taps; the sums rest in a strip in between.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

// Rows of floats, in which pixels are vectors.
struct Sums {
  float* data;
  std::ptrdiff_t row_stride, pixel_stride;
};

// Whether 5 x 5 taps are one pass: the accumulators and a column of samples have registers.
template <int Stride, int Rows>
inline constexpr bool kTakesFive = (4 + Stride) / Stride * Rows + (Rows - 1) * Stride + 5 <= kRegisters;

// What one pass over the columns reads and writes.
struct DepthwisePass {
  const float* const* rows;  // row_step entries apart
  std::ptrdiff_t row_step;
  const std::ptrdiff_t* columns;
  std::int64_t pixels;
  std::ptrdiff_t channel;
  const float* weights;  // of the first tap
  std::ptrdiff_t tap_row_stride;
  const float* bias;  // null: the sums go on
  Sums from, to;
  bool last;  // after which sums are clamped
  float low, high;
};

constexpr int kMaxTaps = 3;  // of one pass among several, in each axis

// The accumulators: of pixels that are under way at the same time, and of rows.
template <int Stride, int TapColumns>
inline constexpr int kSlots = (TapColumns + Stride - 1) / Stride;

// The column after which the pixels that are under way use the same slots again.
template <int Stride, int TapColumns>
inline constexpr int kCycle = kSlots<Stride, TapColumns> * Stride;

// A sample in input row `Row` and a column that is `Phase` in its cycle: an FMA for each output that sees it.
template <int Row, int Phase, int Stride, int OutRow, int TapColumn, int Taps, int TapColumns, int Slots,
          int Rows>
SIMDCONV_INLINE void add_sample(Vec x, const Vec (&weights)[Taps][TapColumns], Vec (&acc)[Slots][Rows]) {
  if constexpr (OutRow < Rows) {
    constexpr int kTap = Row - OutRow * Stride;
    constexpr int kBehind = Phase - TapColumn + kCycle<Stride, TapColumns>;
    if constexpr (kTap >= 0 && kTap < Taps && kBehind % Stride == 0) {
      constexpr int kSlot = kBehind / Stride % Slots;
      acc[kSlot][OutRow] = fma(x, weights[kTap][TapColumn], acc[kSlot][OutRow]);
    }
    constexpr bool kRowEnds = TapColumn + 1 == TapColumns;
    add_sample<Row, Phase, Stride, OutRow + (kRowEnds ? 1 : 0), kRowEnds ? 0 : TapColumn + 1>(x, weights,
                                                                                              acc);
  }
}

template <int Row, int Phase, int Stride, int Taps, int TapColumns, int Slots, int Rows>
SIMDCONV_INLINE void add_column(const float* const* rows, std::ptrdiff_t offset,
                                const Vec (&weights)[Taps][TapColumns], Vec (&acc)[Slots][Rows]) {
  if constexpr (Row < (Rows - 1) * Stride + Taps) {
    if constexpr (Row % Stride < Taps) {  // otherwise no output row sees it
      if (rows[Row]) {
        add_sample<Row, Phase, Stride, 0, 0>(in_register(load(rows[Row] + offset)), weights, acc);
      }
    }
    add_column<Row + 1, Phase, Stride>(rows, offset, weights, acc);
  }
}

// The samples of a column.
template <int Row, int Stride, int Taps, int Samples>
SIMDCONV_INLINE void load_column(const float* const* rows, std::ptrdiff_t offset, Vec (&samples)[Samples]) {
  if constexpr (Row < Samples) {
    samples[Row] = rows[Row] ? load(rows[Row] + offset) : splat(0);
    load_column<Row + 1, Stride, Taps>(rows, offset, samples);
  }
}

// The taps from (Tap, TapColumn) on, of a column of samples that is `Phase` in its cycle: an FMA for each row.
template <int Tap, int TapColumn, int Phase, int Stride, int Taps, int TapColumns, int Samples, int Slots,
          int Rows>
SIMDCONV_INLINE void add_taps(const Vec (&samples)[Samples], const float* weights, Vec (&acc)[Slots][Rows]) {
  if constexpr (Tap < Taps) {
    constexpr int kBehind = Phase - TapColumn + kCycle<Stride, TapColumns>;
    if constexpr (kBehind % Stride == 0) {
      constexpr int kSlot = kBehind / Stride % Slots;
      const Vec weight = in_register(load(weights + (Tap * TapColumns + TapColumn) * kLanes));
      for (int r = 0; r < Rows; ++r) acc[kSlot][r] = fma(samples[r * Stride + Tap], weight, acc[kSlot][r]);
    }
    constexpr bool kRowEnds = TapColumn + 1 == TapColumns;
    add_taps<Tap + (kRowEnds ? 1 : 0), kRowEnds ? 0 : TapColumn + 1, Phase, Stride, Taps, TapColumns>(
        samples, weights, acc);
  }
}

template <bool Whole, int Slots, int Rows>
SIMDCONV_INLINE void begin_pixel(const DepthwisePass& pass, std::int64_t pixel, int slot,
                                 Vec (&acc)[Slots][Rows]) {
  if (Whole || pass.bias) {
    const Vec bias = load(pass.bias);
    for (int r = 0; r < Rows; ++r) acc[slot][r] = bias;
  } else {
    const float* from = pass.from.data + pixel * pass.from.pixel_stride;
    for (int r = 0; r < Rows; ++r) acc[slot][r] = load(from + r * pass.from.row_stride);
  }
}

template <bool Whole, int Slots, int Rows>
SIMDCONV_INLINE void end_pixel(const DepthwisePass& pass, std::int64_t pixel, int slot,
                               const Vec (&acc)[Slots][Rows]) {
  float* to = pass.to.data + pixel * pass.to.pixel_stride;
  if (Whole || pass.last) {
    const Vec low = splat(pass.low), high = splat(pass.high);
    for (int r = 0; r < Rows; ++r, to += pass.to.row_stride)
      store(to, at_most(high, at_least(low, acc[slot][r])));
  } else {
    for (int r = 0; r < Rows; ++r, to += pass.to.row_stride) store(to, acc[slot][r]);
  }
}

// The columns of a cycle, from `cycle` on.
template <bool Whole, int Phase, int Stride, int Taps, int TapColumns, int Slots, int Rows>
SIMDCONV_INLINE void add_cycle(const DepthwisePass& pass, const float* const* rows, std::int64_t cycle,
                               std::int64_t columns, Vec (&acc)[Slots][Rows]) {
  if constexpr (Phase < kCycle<Stride, TapColumns>) {
    const std::int64_t column = cycle + Phase;
    if (column >= columns) return;
    if constexpr (Phase % Stride == 0) {
      begin_pixel<Whole>(pass, column / Stride, Phase / Stride % Slots, acc);
    }
    const std::ptrdiff_t offset = pass.columns[column];
    if (offset != kNoColumn) {
      if constexpr (Taps <= kMaxTaps && TapColumns <= kMaxTaps) {
        Vec weights[Taps][TapColumns];
        for (std::ptrdiff_t y = 0; y < Taps; ++y) {
          for (std::ptrdiff_t x = 0; x < TapColumns; ++x) {
            weights[y][x] =
                load(pass.weights + (Whole ? y * TapColumns * kLanes : y * pass.tap_row_stride) + x * kLanes);
          }
        }
        add_column<0, Phase, Stride>(rows, offset + pass.channel, weights, acc);
      } else {
        Vec samples[(Rows - 1) * Stride + Taps];
        load_column<0, Stride, Taps>(rows, offset + pass.channel, samples);
        add_taps<0, 0, Phase, Stride, Taps, TapColumns>(samples, pass.weights, acc);
      }
    }
    constexpr int kBehind = Phase - (TapColumns - 1) + kCycle<Stride, TapColumns>;
    if constexpr (kBehind % Stride == 0) {
      if (column >= TapColumns - 1) {
        end_pixel<Whole>(pass, (column - (TapColumns - 1)) / Stride, kBehind / Stride % Slots, acc);
      }
    }
    add_cycle<Whole, Phase + 1, Stride, Taps, TapColumns>(pass, rows, cycle, columns, acc);
  }
}

// Whole: the pass is the only one, from the bias to the output.
template <bool Whole, int Taps, int TapColumns, int Stride, int Rows>
void run_pass(const DepthwisePass& pass) {
  constexpr int kRows = (Rows - 1) * Stride + Taps;
  const float* rows[kRows];
  for (int i = 0; i < kRows; ++i) rows[i] = pass.rows[i * pass.row_step];
  const std::int64_t columns = (pass.pixels - 1) * Stride + TapColumns;
  Vec acc[kSlots<Stride, TapColumns>][Rows];
  for (auto& slot : acc) {
    for (Vec& sum : slot) sum = splat(0);
  }
  for (std::int64_t cycle = 0; cycle < columns; cycle += kCycle<Stride, TapColumns>) {
    add_cycle<Whole, 0, Stride, Taps, TapColumns>(pass, rows, cycle, columns, acc);
  }
}

template <int Stride, int Rows>
inline constexpr void (*kPasses[kMaxTaps][kMaxTaps])(const DepthwisePass&) = {
    {run_pass<false, 1, 1, Stride, Rows>, run_pass<false, 1, 2, Stride, Rows>,
     run_pass<false, 1, 3, Stride, Rows>},
    {run_pass<false, 2, 1, Stride, Rows>, run_pass<false, 2, 2, Stride, Rows>,
     run_pass<false, 2, 3, Stride, Rows>},
    {run_pass<false, 3, 1, Stride, Rows>, run_pass<false, 3, 2, Stride, Rows>,
     run_pass<false, 3, 3, Stride, Rows>},
};

// The vector of channels from `channel` on, with its weights and bias; its sums rest in `strip`, and end in `out`.
template <int Stride, int Rows>
inline void add_block(const DepthwiseTile& tile, std::ptrdiff_t channel, const float* weights,
                      const float* bias, Sums strip, Sums out) {
  DepthwisePass pass{.rows = tile.rows,
                     .row_step = tile.row_step,
                     .columns = tile.columns,
                     .pixels = tile.pixels,
                     .channel = channel,
                     .weights = weights,
                     .tap_row_stride = tile.kernel_columns * kLanes,
                     .bias = bias,
                     .from = strip,
                     .to = out,
                     .last = true,
                     .low = tile.low,
                     .high = tile.high};
  const bool shares = tile.column_step == 1;
  if (shares && tile.kernel_rows == 3 && tile.kernel_columns == 3)
    return run_pass<true, 3, 3, Stride, Rows>(pass);
  if constexpr (kTakesFive<Stride, Rows>) {
    if (shares && tile.kernel_rows == 5 && tile.kernel_columns == 5)
      return run_pass<true, 5, 5, Stride, Rows>(pass);
  }

  const std::int64_t most_columns = shares ? kMaxTaps : 1;
  for (std::int64_t y = 0; y < tile.kernel_rows; y += kMaxTaps) {
    const std::int64_t taps = tile.kernel_rows - y < kMaxTaps ? tile.kernel_rows - y : kMaxTaps;
    pass.rows = tile.rows + y * tile.row_step;
    for (std::int64_t x = 0; x < tile.kernel_columns; x += most_columns) {
      const std::int64_t columns =
          tile.kernel_columns - x < most_columns ? tile.kernel_columns - x : most_columns;
      pass.columns = tile.columns + x * tile.column_step;
      pass.weights = weights + (y * tile.kernel_columns + x) * kLanes;
      pass.last = y + taps == tile.kernel_rows && x + columns == tile.kernel_columns;
      pass.to = pass.last ? out : strip;
      kPasses<Stride, Rows>[taps - 1][columns - 1](pass);
      pass.bias = nullptr;
    }
  }
}

// Blocks of channels that wait in the strip until they are stored together.
template <int Rows>
inline void store_strip(const DepthwiseTile& tile, const float* strip, const std::ptrdiff_t* channels,
                        std::int64_t blocks) {
  for (int r = 0; r < Rows; ++r) {
    for (std::int64_t p = 0; p < tile.pixels; ++p, strip += kDepthwiseStripBlocks * kLanes) {
      float* out = tile.out + r * tile.out_row_stride + p * tile.out_pixel_stride;
      for (std::int64_t b = 0; b < blocks; ++b) store(out + channels[b], load(strip + b * kLanes));
    }
  }
}

template <int Stride, int Rows>
void depthwise_tile(const DepthwiseTile& tile) {
  constexpr std::ptrdiff_t kPitch = kDepthwiseStripBlocks * kLanes;
  const Sums out{tile.out, tile.out_row_stride, tile.out_pixel_stride};
  const std::ptrdiff_t last = tile.channels - kLanes;
  const float *weights = tile.weights, *bias = tile.bias;
  std::ptrdiff_t channels[kDepthwiseStripBlocks];  // of the blocks that wait
  std::int64_t blocks = 0;
  for (std::ptrdiff_t channel = 0, next = tile.first_channels;; next = channel + kLanes) {
    if (tile.waits) {
      const Sums strip{tile.strip + blocks * kLanes, tile.pixels * kPitch, kPitch};
      add_block<Stride, Rows>(tile, channel, weights, bias, strip, strip);
      channels[blocks++] = channel;
      if (blocks == kDepthwiseStripBlocks || channel == last) {
        store_strip<Rows>(tile, tile.strip, channels, blocks);
        blocks = 0;
      }
    } else {
      add_block<Stride, Rows>(tile, channel, weights, bias, {tile.strip, tile.pixels * kLanes, kLanes},
                              {tile.out + channel, out.row_stride, out.pixel_stride});
    }
    if (channel == last) return;
    channel = next < last ? next : last;
    weights += tile.kernel_rows * tile.kernel_columns * kLanes;
    bias += kLanes;
  }
}

// The most rows of a tile that takes 5 x 5 taps in one pass.
template <int... Rows>
constexpr std::int64_t most_rows_of_five() {
  std::int64_t most = 1;
  ((most = kTakesFive<1, Rows> && kTakesFive<2, Rows> && Rows > most ? Rows : most), ...);
  return most;
}

// Tiles of these numbers of rows, the tallest first.
template <int... Rows>
constexpr DepthwiseKernels depthwise_kernels(std::int64_t rows, std::int64_t rows_of_stride_2) {
  return {.sizes = sizeof...(Rows),
          .rows_by_stride = {rows, rows_of_stride_2},
          .rows_of_five = most_rows_of_five<Rows...>(),
          .tile = {{Rows, {&depthwise_tile<1, Rows>, &depthwise_tile<2, Rows>}}...}};
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
