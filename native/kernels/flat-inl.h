// The depthwise convolution: lanes run along a row of the image, across pixels and channels alike. A row of
// an nhwc image is one flat array, and the sample under the next kernel column stands `channels` floats
// further on; so a vector of neighbouring outputs is a sum of unaligned vectors of inputs, whatever the
// channel count.
//
//   input row r     [ x x x x x x x x x ... ]  loaded once per kernel column,
//                        |    \     \            used by every output row that sees it:
//   output row 0    acc 0,0   acc 0,1            row r - 0 with kernel row r
//   output row 1    acc 1,0   acc 1,1            row r - 1 with kernel row r - 1 ...
//     ...
//
// AVX-512: 8 rows x 2 vectors; with up to 5 kernel rows at a time, 16 accumulators + 10 weights + 2 inputs = 28 of
// 32 registers, and 5 kernel rows cost 24 loads for 80 FMAs. Where the channels of a pixel divide a vector (1, 2, 4,
// 8), all vectors have the same weights: 10 x 2, 20 + 5 + 2 = 27 registers, 28 loads for 100 FMAs. Most vectors of
// inputs straddle two cache lines, which counts twice.
// AVX2: 8 rows x 1 vector; 8 accumulators + 5 weights + 1 input = 14 of 16 registers.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

// How a tile ends: with whole vectors, or with a single one of which the first lanes count.
enum class Ends { whole, partial };

// Where a tile is.
struct FlatPlace {
  std::ptrdiff_t offset;  // of the input
  const float* weights;
};

template <Ends End>
SIMDCONV_INLINE Vec load_tile(const float* p, std::int64_t count) {
  if constexpr (End == Ends::partial) return load_first(p, count);
  return load(p);
}

// Input row `Row` of a chunk of `Taps` kernel rows: one load per vector, one FMA per output row that sees it.
template <int Row, int OutRow, int Stride, int Rows, int Vectors, int Taps, int Different>
SIMDCONV_INLINE void add_row(const Vec (&x)[Vectors], const Vec (&weights)[Taps][Different],
                             Vec (&acc)[Rows][Vectors]) {
  if constexpr (OutRow < Rows) {
    constexpr int kTap = Row - OutRow * Stride;
    if constexpr (kTap >= 0 && kTap < Taps) {
      for (int v = 0; v < Vectors; ++v)
        acc[OutRow][v] = fma(x[v], weights[kTap][v % Different], acc[OutRow][v]);
    }
    add_row<Row, OutRow + 1, Stride>(x, weights, acc);
  }
}

template <int Row, int Stride, Ends End, int Rows, int Vectors, int Taps, int Different>
SIMDCONV_INLINE void add_rows(const FlatTiles& tile, const float* const* rows, std::ptrdiff_t offset,
                              const Vec (&weights)[Taps][Different], Vec (&acc)[Rows][Vectors]) {
  if constexpr (Row < (Rows - 1) * Stride + Taps) {
    if constexpr (Row % Stride < Taps) {  // otherwise no output row sees it
      const float* in = rows[Row] + offset;
      Vec x[Vectors];
      for (int v = 0; v < Vectors; ++v) x[v] = in_register(load_tile<End>(in + v * kLanes, tile.count));
      add_row<Row, 0, Stride>(x, weights, acc);
    }
    add_rows<Row + 1, Stride, End>(tile, rows, offset, weights, acc);
  }
}

// `Taps` kernel rows, all kernel columns. Of the vectors, the first `Different` have weights of their own.
template <int Taps, int Different, int Stride, Ends End, int Rows, int Vectors>
SIMDCONV_INLINE void add_chunk(const FlatTiles& tile, const FlatPlace& place, std::int64_t first_tap,
                               Vec (&acc)[Rows][Vectors]) {
  const float* const* rows = tile.rows + first_tap;
  for (std::int64_t column = 0; column < tile.columns; ++column) {
    const FlatColumn& at = tile.column[column];
    const float* weights = place.weights + first_tap * tile.weight_row_stride + at.weight_offset;
    Vec w[Taps][Different];
    for (int tap = 0; tap < Taps; ++tap, weights += tile.weight_row_stride) {
      for (int v = 0; v < Different; ++v) w[tap][v] = load(weights + v * kLanes);
    }
    add_rows<0, Stride, End>(tile, rows, place.offset + at.in_offset, w, acc);
  }
}

template <int Different, int Stride, Ends End, int Rows, int Vectors>
SIMDCONV_INLINE void add_taps(const FlatTiles& tile, const FlatPlace& place, Vec (&acc)[Rows][Vectors]) {
  std::int64_t tap = 0;
  for (; tap + 5 <= tile.kernel_rows; tap += 5) add_chunk<5, Different, Stride, End>(tile, place, tap, acc);
  switch (tile.kernel_rows - tap) {
    case 4:
      add_chunk<4, Different, Stride, End>(tile, place, tap, acc);
      break;
    case 3:
      add_chunk<3, Different, Stride, End>(tile, place, tap, acc);
      break;
    case 2:
      add_chunk<2, Different, Stride, End>(tile, place, tap, acc);
      break;
    case 1:
      add_chunk<1, Different, Stride, End>(tile, place, tap, acc);
      break;
    default:
      break;
  }
}

template <Ends End, typename Out, int Rows, int Vectors>
SIMDCONV_INLINE void store_tile(const FlatTiles& tile, Out* out, const Vec (&acc)[Rows][Vectors]) {
  const Vec low = splat(tile.low), high = splat(tile.high);
  for (int r = 0; r < Rows; ++r, out += tile.out_row_stride) {
    for (int v = 0; v < Vectors; ++v) {
      const Vec clamped = at_most(high, at_least(low, acc[r][v]));
      if constexpr (End == Ends::partial) {
        store_first(out, clamped, tile.count);
      } else {
        store(out + v * kLanes, clamped);
      }
    }
  }
}

// Asks for the rows of input that the tiles below will be the first to read, as near as L2, since a row of tiles lies
// between; and for the lines that the next tile stores to.
template <int Rows, int Vectors, int Stride, typename Out>
SIMDCONV_INLINE void ask_ahead(const FlatTiles& tile, std::ptrdiff_t offset, const Out* next_out) {
  const float* const* rows = tile.rows + tile.kernel_rows - Stride;
  for (int r = 0; r < Rows * Stride; ++r) {
    for (int v = 0; v < Vectors; ++v) SIMDCONV_PREFETCH_L2(rows[r] + tile.below + offset + v * kLanes);
  }
  for (int r = 0; r < Rows; ++r, next_out += tile.out_row_stride) {
    for (int v = 0; v < Vectors; ++v) SIMDCONV_PREFETCH_STORE(next_out + v * kLanes);
  }
}

// Tile after tile along the row.
template <int Rows, int Vectors, int Different, int Stride, Ends End>
void flat_tiles(const FlatTiles& tile) {
  std::int64_t channel = tile.channel;
  FlatPlace place{tile.offset, nullptr};
  for (std::int64_t t = 0; t < tile.tiles; ++t) {
    place.weights = tile.weights + channel;
    Vec acc[Rows][Vectors];
    for (int r = 0; r < Rows; ++r) {
      for (int v = 0; v < Vectors; ++v) acc[r][v] = load(tile.bias + channel + v % Different * kLanes);
    }

    const std::ptrdiff_t along = t * Vectors * kLanes;
    if (tile.below != 0) {
      ask_ahead<Rows, Vectors, Stride>(tile, place.offset,
                                       static_cast<const float*>(tile.out) + along + Vectors * kLanes);
    }
    add_taps<Different, Stride, End>(tile, place, acc);

    if (tile.out_type == ElementType::uint8) {
      store_tile<End>(tile, static_cast<std::uint8_t*>(tile.out) + along, acc);
    } else {
      store_tile<End>(tile, static_cast<float*>(tile.out) + along, acc);
    }
    place.offset += Vectors * kLanes;
    channel += tile.channel_step;
    if (channel >= tile.channels) channel -= tile.channels;
  }
}

template <int Rows, int Vectors, int Different, Ends End>
constexpr FlatVariants flat_variants() {
  return {{{&flat_tiles<1, Vectors, Different, 1, End>, &flat_tiles<1, Vectors, Different, 2, End>},
           {&flat_tiles<Rows, Vectors, Different, 1, End>, &flat_tiles<Rows, Vectors, Different, 2, End>}}};
}

// Tiles of Rows x Vectors, of which `Different` have weights of their own.
template <int Rows, int Vectors, int Different>
constexpr FlatTileKernels flat_kernels() {
  return {
      .rows = Rows,
      .vectors = Vectors,
      .whole = flat_variants<Rows, Vectors, Different, Ends::whole>(),
      .single = flat_variants<Rows, 1, 1, Ends::whole>(),
      .partial = flat_variants<Rows, 1, 1, Ends::partial>(),
  };
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
