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
// aligned straddles two lines, and takes twice as long. So the channels of a pixel are cut where lines begin, and
// the last block joins those that remain at both ends of the pixel.
//
// Where registers allow, two blocks of channels take turns at each column: L2 gives two lines of a pixel at once faster
// than one now and one later. Then, and with 5 x 5 and 7 x 7 taps, it is a column of samples that is in registers, and
// weights pass by. Other kernels take several passes of at most 3 x 3 taps; the sums rest in a strip in between.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

// Rows of floats, in which pixels are vectors, or two of them.
struct Sums {
  float* data;
  std::ptrdiff_t row_stride, pixel_stride;
  std::ptrdiff_t channels;  // of a pixel; 0 where its vectors are whole
};

// One of several, whose sums rest in a strip in between; the only one, from the bias to the output; or the only one,
// with samples that trade places within groups (grouped-inl.h).
enum class Pass { part, whole, traded };

// Whether the last block goes on with the first channels of the pixel.
enum class Joined { no, yes, perhaps };

// What one pass over the columns reads and writes.
struct DepthwisePass {
  const float* const* rows;  // row_step entries apart
  std::ptrdiff_t row_step;
  const std::ptrdiff_t* columns;
  std::int64_t pixels;
  std::ptrdiff_t channel;   // of the block; the second, if there are two, is next to it
  std::ptrdiff_t channels;  // of a pixel
  std::ptrdiff_t joined;    // lanes of the last block that end the pixel, if others begin it, or 0
  const float* weights;     // of the first tap
  std::ptrdiff_t tap_row_stride;
  const float* bias;  // null: the sums go on
  Sums from, to;
  bool last;  // after which sums are clamped
  bool asks;  // for the next block's samples
  float low, high;
  std::int64_t turns;  // in which samples trade places
};

constexpr int kMaxTaps = 3;  // of one pass among several, in each axis

// While a block is multiplied the next one's lines come as near as L2, where a vector is a whole line: 1.00 to 1.08 times
// as fast on AVX-512, and 0.95 times on AVX2.
constexpr bool kAsksAhead = kLanes * sizeof(float) == 64;

// The accumulators: of pixels that are under way at the same time, and of rows.
template <int Stride, int TapColumns>
inline constexpr int kSlots = (TapColumns + Stride - 1) / Stride;

// The column after which the pixels that are under way use the same slots again.
template <int Stride, int TapColumns>
inline constexpr int kCycle = kSlots<Stride, TapColumns> * Stride;

// The input rows under a tile.
template <int Stride, int Rows, int Taps>
inline constexpr int kSamples = (Rows - 1) * Stride + Taps;

// Whether the accumulators of so many blocks of channels and a column of samples have registers.
template <int Stride, int Rows, int Taps, int Blocks = 1>
inline constexpr bool kFits =
    Blocks * kSlots<Stride, Taps> * Rows + kSamples<Stride, Rows, Taps> <= kRegisters;

// How many blocks a pass takes through Taps x Taps taps: two, if they fit.
template <int Stride, int Rows, int Taps>
inline constexpr int kBlocks = kFits<Stride, Rows, Taps, 2> ? 2 : 1;

template <Joined Join>
SIMDCONV_INLINE bool is_joined(const DepthwisePass& pass) {
  return Join == Joined::yes || (Join == Joined::perhaps && pass.joined != 0);
}

// The channels of a block, from the address of its first one, or to it.
template <Joined Join>
SIMDCONV_INLINE Vec load_block(const DepthwisePass& pass, const float* from) {
  return is_joined<Join>(pass) ? load_joined(from, from - pass.channels, pass.joined) : load(from);
}

template <Joined Join>
SIMDCONV_INLINE void store_block(const DepthwisePass& pass, float* to, Vec v) {
  if (is_joined<Join>(pass)) return store_joined(to, to - pass.to.channels, v, pass.joined);
  store(to, v);
}

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

template <int Row, int Phase, int Stride, Joined Join, int Taps, int TapColumns, int Slots, int Rows>
SIMDCONV_INLINE void add_column(const DepthwisePass& pass, const float* const* rows, std::ptrdiff_t offset,
                                const Vec (&weights)[Taps][TapColumns], Vec (&acc)[Slots][Rows]) {
  if constexpr (Row < (Rows - 1) * Stride + Taps) {
    if constexpr (Row % Stride < Taps) {  // otherwise no output row sees it
      if (rows[Row]) {
        const Vec x = in_register(load_block<Join>(pass, rows[Row] + offset));
        add_sample<Row, Phase, Stride, 0, 0>(x, weights, acc);
      }
    }
    add_column<Row + 1, Phase, Stride, Join>(pass, rows, offset, weights, acc);
  }
}

// The samples of a column.
template <int Row, Joined Join, int Samples>
SIMDCONV_INLINE void load_column(const DepthwisePass& pass, const float* const* rows, std::ptrdiff_t offset,
                                 Vec (&samples)[Samples]) {
  if constexpr (Row < Samples) {
    samples[Row] = rows[Row] ? load_block<Join>(pass, rows[Row] + offset) : splat(0);
    load_column<Row + 1, Join>(pass, rows, offset, samples);
  }
}

// One tap, of a column of samples that is `Phase` in its cycle: an FMA for each row, or none where strides part them.
template <int Tap, int TapColumn, int Phase, int Stride, int TapColumns, int Samples, int Slots, int Rows>
SIMDCONV_INLINE void add_tap(const Vec (&samples)[Samples], const float* weights, Vec (&acc)[Slots][Rows]) {
  constexpr int kBehind = Phase - TapColumn + kCycle<Stride, TapColumns>;
  if constexpr (kBehind % Stride == 0) {
    constexpr int kSlot = kBehind / Stride % Slots;
    const Vec weight = in_register(load(weights + (Tap * TapColumns + TapColumn) * kLanes));
    for (int r = 0; r < Rows; ++r) acc[kSlot][r] = fma(samples[r * Stride + Tap], weight, acc[kSlot][r]);
  }
}

// The taps from (Tap, TapColumn) on, row by row.
template <int Tap, int TapColumn, int Phase, int Stride, int Taps, int TapColumns, int Samples, int Slots,
          int Rows>
SIMDCONV_INLINE void add_taps(const Vec (&samples)[Samples], const float* weights, Vec (&acc)[Slots][Rows]) {
  if constexpr (Tap < Taps) {
    add_tap<Tap, TapColumn, Phase, Stride, TapColumns>(samples, weights, acc);
    constexpr bool kRowEnds = TapColumn + 1 == TapColumns;
    add_taps<Tap + (kRowEnds ? 1 : 0), kRowEnds ? 0 : TapColumn + 1, Phase, Stride, Taps, TapColumns>(
        samples, weights, acc);
  }
}

template <int Tap, int TapColumn, int Phase, int Taps, int TapColumns, int Samples, int Slots, int Rows>
SIMDCONV_INLINE void add_tap_column(const Vec (&samples)[Samples], const float* weights,
                                    Vec (&acc)[Slots][Rows]) {
  if constexpr (Tap < Taps) {
    add_tap<Tap, TapColumn, Phase, 1, TapColumns>(samples, weights, acc);
    add_tap_column<Tap + 1, TapColumn, Phase, Taps, TapColumns>(samples, weights, acc);
  }
}

// The taps from kernel column `TapColumn` on, column by column, with stride 1. Those for pixels beyond the ends of the
// row are passed over: where 7 columns are under 5 x 5 taps, 6 of 35.
template <int TapColumn, int Phase, int Taps, int TapColumns, int Samples, int Slots, int Rows>
SIMDCONV_INLINE void add_taps_inside(const Vec (&samples)[Samples], const float* weights, std::int64_t column,
                                     std::int64_t pixels, Vec (&acc)[Slots][Rows]) {
  if constexpr (TapColumn < TapColumns) {
    if (column >= TapColumn && column - TapColumn < pixels) {
      add_tap_column<0, TapColumn, Phase, Taps, TapColumns>(samples, weights, acc);
    }
    add_taps_inside<TapColumn + 1, Phase, Taps, TapColumns>(samples, weights, column, pixels, acc);
  }
}

template <Pass Kind, int Slots, int Rows>
SIMDCONV_INLINE void begin_pixel(const DepthwisePass& pass, int block, std::int64_t pixel, int slot,
                                 Vec (&acc)[Slots][Rows]) {
  if (Kind != Pass::part || pass.bias) {
    const Vec bias = load(pass.bias + block * kLanes);
    for (int r = 0; r < Rows; ++r) acc[slot][r] = bias;
  } else {
    const float* from = pass.from.data + pixel * pass.from.pixel_stride;
    for (int r = 0; r < Rows; ++r) acc[slot][r] = load(from + r * pass.from.row_stride);
  }
}

template <Pass Kind, Joined Join, int Slots, int Rows>
SIMDCONV_INLINE void end_pixel(const DepthwisePass& pass, int block, std::int64_t pixel, int slot,
                               const Vec (&acc)[Slots][Rows]) {
  float* to = pass.to.data + pixel * pass.to.pixel_stride + block * kLanes;
  if (Kind != Pass::part || pass.last) {
    const Vec low = splat(pass.low), high = splat(pass.high);
    for (int r = 0; r < Rows; ++r, to += pass.to.row_stride) {
      const Vec clamped = at_most(high, at_least(low, acc[slot][r]));
      store_block<Join>(pass, to, clamped);
    }
  } else {
    for (int r = 0; r < Rows; ++r, to += pass.to.row_stride) store(to, acc[slot][r]);
  }
}

template <Joined Join, int Phase, int Stride, int Taps, int Slots, int Rows>
SIMDCONV_INLINE void add_traded_column(const DepthwisePass& pass, const float* const* rows,
                                       std::ptrdiff_t offset, Vec (&acc)[Slots][Rows]);

// A column that is `Phase` in its cycle, of one block. Few taps have registers throughout; otherwise it is the samples
// of the column that have, and the weights pass by.
template <Pass Kind, Joined Join, int Phase, int Stride, int Taps, int TapColumns, int Blocks, int Slots,
          int Rows>
SIMDCONV_INLINE void add_block_column(const DepthwisePass& pass, int block, const float* const* rows,
                                      std::int64_t column, std::ptrdiff_t offset, Vec (&acc)[Slots][Rows]) {
  offset += pass.channel + block * kLanes;
  if constexpr (Kind == Pass::traded) {
    add_traded_column<Join, Phase, Stride, Taps>(pass, rows, offset, acc);
  } else if constexpr (Blocks == 1 && Taps <= kMaxTaps && TapColumns <= kMaxTaps) {
    Vec weights[Taps][TapColumns];
    for (std::ptrdiff_t y = 0; y < Taps; ++y) {
      for (std::ptrdiff_t x = 0; x < TapColumns; ++x) {
        weights[y][x] =
            load(pass.weights + (Kind != Pass::part ? y * TapColumns * kLanes : y * pass.tap_row_stride) +
                 x * kLanes);
      }
    }
    if constexpr (Kind == Pass::whole && Stride == 1 && kAsksAhead) {
      for (int i = 0; pass.asks && i < kSamples<Stride, Rows, Taps>; ++i) {
        if (rows[i])
          SIMDCONV_PREFETCH_L2(rows[i] + offset + kLanes);  // the next block's stand beside this one's
      }
    }
    add_column<0, Phase, Stride, Join>(pass, rows, offset, weights, acc);
  } else {
    Vec samples[kSamples<Stride, Rows, Taps>];
    load_column<0, Join>(pass, rows, offset, samples);
    const float* weights = pass.weights + block * kLanes * Taps * TapColumns;
    if constexpr (Stride == 1 && TapColumns > kMaxTaps) {
      add_taps_inside<0, Phase, Taps, TapColumns>(samples, weights, column, pass.pixels, acc);
    } else {
      add_taps<0, 0, Phase, Stride, Taps, TapColumns>(samples, weights, acc);
    }
  }
}

// The columns of a cycle, from `cycle` on.
template <Pass Kind, Joined Join, int Phase, int Stride, int Taps, int TapColumns, int Blocks, int Slots,
          int Rows>
SIMDCONV_INLINE void add_cycle(const DepthwisePass& pass, const float* const* rows, std::int64_t cycle,
                               std::int64_t columns, Vec (&acc)[Blocks][Slots][Rows]) {
  if constexpr (Phase < kCycle<Stride, TapColumns>) {
    const std::int64_t column = cycle + Phase;
    if (column >= columns) return;
    if constexpr (Phase % Stride == 0) {
      SIMDCONV_UNROLL
      for (int b = 0; b < Blocks; ++b) {
        begin_pixel<Kind>(pass, b, column / Stride, Phase / Stride % Slots, acc[b]);
      }
    }
    const std::ptrdiff_t offset = pass.columns[column];
    if (offset != kNoColumn) {
      SIMDCONV_UNROLL
      for (int b = 0; b < Blocks; ++b) {
        if (b + 1 < Blocks) {
          add_block_column<Kind, Joined::no, Phase, Stride, Taps, TapColumns, Blocks>(pass, b, rows, column,
                                                                                      offset, acc[b]);
        } else {
          add_block_column<Kind, Join, Phase, Stride, Taps, TapColumns, Blocks>(pass, b, rows, column, offset,
                                                                                acc[b]);
        }
      }
    }
    constexpr int kBehind = Phase - (TapColumns - 1) + kCycle<Stride, TapColumns>;
    if constexpr (kBehind % Stride == 0) {
      if (column >= TapColumns - 1) {
        const std::int64_t pixel = (column - (TapColumns - 1)) / Stride;
        SIMDCONV_UNROLL
        for (int b = 0; b < Blocks; ++b) {
          if (b + 1 < Blocks) {
            end_pixel<Kind, Joined::no>(pass, b, pixel, kBehind / Stride % Slots, acc[b]);
          } else {
            end_pixel<Kind, Join>(pass, b, pixel, kBehind / Stride % Slots, acc[b]);
          }
        }
      }
    }
    add_cycle<Kind, Join, Phase + 1, Stride, Taps, TapColumns>(pass, rows, cycle, columns, acc);
  }
}

template <Pass Kind, Joined Join, int Taps, int TapColumns, int Stride, int Rows, int Blocks = 1>
void run_pass(const DepthwisePass& pass) {
  constexpr int kRows = kSamples<Stride, Rows, Taps>;
  const float* rows[kRows];
  for (int i = 0; i < kRows; ++i) rows[i] = pass.rows[i * pass.row_step];
  const std::int64_t columns = (pass.pixels - 1) * Stride + TapColumns;
  Vec acc[Blocks][kSlots<Stride, TapColumns>][Rows];
  for (auto& block : acc) {
    for (auto& slot : block) {
      for (Vec& sum : slot) sum = splat(0);
    }
  }
  for (std::int64_t cycle = 0; cycle < columns; cycle += kCycle<Stride, TapColumns>) {
    add_cycle<Kind, Join, 0, Stride, Taps, TapColumns>(pass, rows, cycle, columns, acc);
  }
}

template <int Taps, int Stride, int Rows, int Blocks>
inline void run_blocks(const DepthwisePass& pass) {
  if (pass.joined == 0) return run_pass<Pass::whole, Joined::no, Taps, Taps, Stride, Rows, Blocks>(pass);
  run_pass<Pass::whole, Joined::yes, Taps, Taps, Stride, Rows, Blocks>(pass);
}

// All columns in one pass, if the kernel is Taps x Taps and has registers.
template <int Taps, int Stride, int Rows>
inline bool run_whole(const DepthwiseTile& tile, const DepthwisePass& pass, std::int64_t blocks) {
  if (tile.column_step != 1 || tile.kernel_rows != Taps || tile.kernel_columns != Taps) return false;
  constexpr int kMost = kBlocks<Stride, Rows, Taps>;
  if constexpr (Taps <= kMaxTaps || kFits<Stride, Rows, Taps>) {
    if (blocks == kMost) {
      run_blocks<Taps, Stride, Rows, kMost>(pass);
    } else {
      run_blocks<Taps, Stride, Rows, 1>(pass);
    }
    return true;
  }
  return false;
}

// How many blocks of this tile's channels a pass takes.
template <int Stride, int Rows>
inline std::int64_t blocks_at_once(const DepthwiseTile& tile) {
  if (tile.column_step != 1 || tile.kernel_rows != tile.kernel_columns) return 1;
  switch (tile.kernel_rows) {
    case 3:
      return kBlocks<Stride, Rows, 3>;
    case 5:
      return kBlocks<Stride, Rows, 5>;
    case 7:
      return kBlocks<Stride, Rows, 7>;
    default:
      return 1;
  }
}

template <int Stride, int Rows>
inline constexpr void (*kPasses[kMaxTaps][kMaxTaps])(const DepthwisePass&) = {
    {run_pass<Pass::part, Joined::perhaps, 1, 1, Stride, Rows>,
     run_pass<Pass::part, Joined::perhaps, 1, 2, Stride, Rows>,
     run_pass<Pass::part, Joined::perhaps, 1, 3, Stride, Rows>},
    {run_pass<Pass::part, Joined::perhaps, 2, 1, Stride, Rows>,
     run_pass<Pass::part, Joined::perhaps, 2, 2, Stride, Rows>,
     run_pass<Pass::part, Joined::perhaps, 2, 3, Stride, Rows>},
    {run_pass<Pass::part, Joined::perhaps, 3, 1, Stride, Rows>,
     run_pass<Pass::part, Joined::perhaps, 3, 2, Stride, Rows>,
     run_pass<Pass::part, Joined::perhaps, 3, 3, Stride, Rows>},
};

// The vector of channels from `channel` on, or two of them, with their weights and bias; sums rest in `strip`, and end
// in `out`.
template <int Stride, int Rows>
inline void add_blocks(const DepthwiseTile& tile, std::ptrdiff_t channel, std::int64_t blocks, bool asks,
                       std::ptrdiff_t joined, const float* weights, const float* bias, Sums strip, Sums out) {
  DepthwisePass pass{.rows = tile.rows,
                     .row_step = tile.row_step,
                     .columns = tile.columns,
                     .pixels = tile.pixels,
                     .channel = channel,
                     .channels = tile.channels,
                     .joined = joined,
                     .weights = weights,
                     .tap_row_stride = tile.kernel_columns * kLanes,
                     .bias = bias,
                     .from = strip,
                     .to = out,
                     .last = true,
                     .asks = asks,
                     .low = tile.low,
                     .high = tile.high,
                     .turns = 1};
  if (run_whole<3, Stride, Rows>(tile, pass, blocks) || run_whole<5, Stride, Rows>(tile, pass, blocks) ||
      run_whole<7, Stride, Rows>(tile, pass, blocks)) {
    return;
  }

  const std::int64_t most_columns = tile.column_step == 1 ? kMaxTaps : 1;
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
inline void store_strip(const DepthwiseTile& tile, const float* strip, std::ptrdiff_t channel,
                        std::int64_t blocks, std::ptrdiff_t joined) {
  for (int r = 0; r < Rows; ++r) {
    for (std::int64_t p = 0; p < tile.pixels; ++p, strip += kDepthwiseStripBlocks * kLanes) {
      float* out = tile.out + r * tile.out_row_stride + p * tile.out_pixel_stride + channel;
      for (std::int64_t b = 0; b < blocks; ++b) {
        const Vec v = load(strip + b * kLanes);
        float* to = out + b * kLanes;
        if (joined == 0 || b < blocks - 1) {
          store(to, v);
        } else {
          store_joined(to, to - tile.channels, v, joined);
        }
      }
    }
  }
}

template <int Stride, int Rows>
void depthwise_tile(const DepthwiseTile& tile) {
  constexpr std::ptrdiff_t kPitch = kDepthwiseStripBlocks * kLanes;
  const std::int64_t most_blocks = blocks_at_once<Stride, Rows>(tile);
  const std::ptrdiff_t last_joined = tile.first_channel == 0 ? 0 : kLanes - tile.first_channel;
  const float *weights = tile.weights, *bias = tile.bias;
  std::int64_t waiting = 0;
  std::ptrdiff_t channel = tile.first_channel;
  for (std::int64_t rest = tile.channels / kLanes; rest > 0;) {
    const std::int64_t blocks = rest < most_blocks ? rest : most_blocks;
    const std::ptrdiff_t joined = rest == blocks ? last_joined : 0;
    const bool asks = rest > blocks;
    if (tile.waits) {
      const Sums strip{tile.strip + waiting * kLanes, tile.pixels * kPitch, kPitch, 0};
      add_blocks<Stride, Rows>(tile, channel, blocks, asks, joined, weights, bias, strip, strip);
      waiting += blocks;
      if (waiting == kDepthwiseStripBlocks || rest == blocks) {
        store_strip<Rows>(tile, tile.strip, channel + (blocks - waiting) * kLanes, waiting, joined);
        waiting = 0;
      }
    } else {
      add_blocks<Stride, Rows>(
          tile, channel, blocks, asks, joined, weights, bias, {tile.strip, tile.pixels * kLanes, kLanes, 0},
          {tile.out + channel, tile.out_row_stride, tile.out_pixel_stride, tile.channels});
    }
    rest -= blocks;
    channel += blocks * kLanes;
    weights += blocks * tile.kernel_rows * tile.kernel_columns * kLanes;
    bias += blocks * kLanes;
  }
}

// Tiles of these numbers of rows, the tallest first.
template <int... Rows>
constexpr DepthwiseKernels depthwise_kernels(const DepthwiseHeights& best) {
  return {.sizes = sizeof...(Rows),
          .best = best,
          .tile = {{Rows, {&depthwise_tile<1, Rows>, &depthwise_tile<2, Rows>}}...}};
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
