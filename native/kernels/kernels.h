// The contract between plans and kernels. A kernel has no policy: pointers, sizes and strides in, floats out.
// It cannot fail, allocates nothing, and never asks which CPU it runs on.
//
// This header is included by files that are compiled for one instruction set each, so it holds plain data
// only: an inline function shared with them could be linked in its AVX-512 form into code that an old CPU
// runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cook_toom.h"
#include "simdconv/types.h"

// For the parts of a kernel that share its accumulators: called instead of inlined, they would spill them.
#if defined(_MSC_VER)
#define SIMDCONV_INLINE __forceinline
#else
#define SIMDCONV_INLINE inline __attribute__((always_inline))
#endif

// Before a loop with a constant number of rounds, over arrays that are registers then.
#if defined(__GNUC__)
#define SIMDCONV_UNROLL _Pragma("GCC unroll 16")
#else
#define SIMDCONV_UNROLL
#endif

// Asks for the cache line at an address that is soon stored to, or loaded from; or for one that is loaded from later,
// and need only come as near as L2.
#if defined(_MSC_VER) && !defined(__clang__)
#define SIMDCONV_PREFETCH_STORE(p) ((void)0)
#define SIMDCONV_PREFETCH_LOAD(p) ((void)0)
#define SIMDCONV_PREFETCH_L2(p) ((void)0)
#else
#define SIMDCONV_PREFETCH_STORE(p) __builtin_prefetch(p, 1)
#define SIMDCONV_PREFETCH_LOAD(p) __builtin_prefetch(p, 0)
#define SIMDCONV_PREFETCH_L2(p) __builtin_prefetch(p, 0, 2)
#endif

namespace simdconv {

// A run is multiplied in stretches of as many samples as a cache line holds.
inline constexpr std::int64_t kDirectStretch = 16;

// Tiles of a direct convolution side by side, each `pixels` neighbours of one output row times a block of output
// channels. Of the first:
//
//   out[p][d] = min(max(bias[d] + sum over kernel row y, run r, element e of
//                       rows[y * row_step][column_offset + p * pixel_stride + r * run_stride + e]
//                       * weights[y][r][e][d],  low),  high)
//
// A run is a stretch of the input that is contiguous under the kernel: kernel width x channels where
// neighbouring taps touch, the channels of one tap where dilation or groups part them.
struct DirectTiles {
  std::int64_t tiles;
  const float* const* rows;  // the input row under each kernel row, row_step entries apart
  std::ptrdiff_t row_step;
  std::ptrdiff_t column_offset;  // from a row's start to the first tap of the first pixel
  std::ptrdiff_t pixel_stride;   // between the first taps of neighbouring pixels
  std::ptrdiff_t run_stride;     // between the runs of one kernel row
  std::int64_t kernel_rows;
  std::int64_t runs;        // per kernel row
  std::int64_t run_length;  // elements
  const float* weights;  // [kernel_rows][runs][run_length][vectors * lanes], zero beyond the block's channels
  std::ptrdiff_t
      samples_ahead;   // the next tile's are that many floats further on, and asked for; 0: they are not
  const float* ahead;  // what is needed later, and asked for line by line:
  std::int64_t lines_ahead;  // so many lines before each stretch of steps
  const float* bias;         // [vectors * lanes]
  float* out;                // [tiles * pixels][channels], out_stride between pixels
  std::ptrdiff_t out_stride;
  std::int64_t channels;  // of the block that exist, and are stored: 1 to vectors * lanes
  float low, high;        // -infinity and infinity where nothing is clamped; NaN passes
};

// An entry of DepthwiseTile::columns where the border leaves nothing to read: the tap adds nothing.
inline constexpr std::ptrdiff_t kNoColumn = PTRDIFF_MIN;

// Blocks of channels that are stored together where their stores wait.
inline constexpr std::int64_t kDepthwiseStripBlocks = 4;

// One tile of a depthwise convolution whose channels are whole vectors: some output rows times some pixels,
// for block after block of `lanes` channels.
//
//   out[r][p][d] = min(max(bias[d] + sum over kernel row y, column x of
//                          rows[(r * stride + y) * row_step][columns[p * stride + x * column_step] + d] *
//                          weights[y][x][d],  low),  high)
struct DepthwiseTile {
  const float* const* rows;  // null: nothing stands there, the row adds nothing
  std::ptrdiff_t row_step;   // in entries
  std::int64_t kernel_rows;
  const std::ptrdiff_t* columns;  // from a row's start
  std::int64_t column_step;       // in entries; 1 where neighbouring pixels share columns
  std::int64_t kernel_columns;
  std::int64_t turns;     // of grouped tiles: the channels of a group
  const float* weights;   // [blocks][turns][kernel_rows][kernel_columns][lanes]
  const float* bias;      // [blocks][lanes]
  std::int64_t channels;  // whole blocks
  // Where the first block begins, 0 to `lanes` - 1. The last one ends with as many of the pixel's first channels.
  std::int64_t first_channel;
  std::int64_t pixels;
  float* out;
  std::ptrdiff_t out_row_stride, out_pixel_stride;
  float* strip;  // [rows][pixels][lanes], or, if it waits, times kDepthwiseStripBlocks; and two pixels more
  bool waits;    // whether sums wait in the strip while the columns are read
  float low, high;
};

// Where the samples under one kernel column stand, and its weights.
struct FlatColumn {
  std::ptrdiff_t in_offset;      // to the sample, from that under the first column
  std::ptrdiff_t weight_offset;  // from a kernel row's weights to the weight of the tile's first lane
};

// Tiles of a depthwise convolution with any number of channels, side by side: some neighbouring output rows
// times some vectors along a row, in which pixels and channels are one flat array. Lane f of the first tile:
//
//   out[r][f] = min(max(bias[channel + f] + sum over kernel row y, column x of
//                       rows[r * stride + y][offset + column[x].in_offset + f]
//                       * weights[y * weight_row_stride + column[x].weight_offset + channel + f],  low),  high)
//
// Where channels end and begin again within a tile is written in the weights: they are repeated cyclically.
struct FlatTiles {
  const float* const* rows;  // [(rows of a tile - 1) * stride + kernel_rows]
  std::int64_t kernel_rows;
  const FlatColumn* column;  // [columns]
  std::int64_t columns;
  std::ptrdiff_t offset;  // of the first lane, from a row's start
  const float* weights;   // of channel 0, and on
  std::ptrdiff_t weight_row_stride;
  const float* bias;  // of channel 0, and on
  void* out;          // of out_type
  ElementType out_type;
  std::ptrdiff_t out_row_stride;
  std::int64_t channel, channel_step, channels;  // of the first lane; from tile to tile, below channels
  std::int64_t tiles;
  std::int64_t count;  // lanes that count, in a tile that ends within a vector
  // Floats from a row to the one under the same kernel row of the tiles below: what these will be the first to read
  // is asked for, and so is what the next tile stores to. 0: nothing is.
  std::ptrdiff_t below;
  float low, high;
};

// The passes of a separable convolution, over some neighbouring rows at once (1, or the tile's rows). A row
// is a flat array of pixels and channels; weights and bias have an entry for each of its channels and are
// repeated cyclically, so that a vector can be loaded from any channel on. All rows begin with channel 0.
//
//   vertical    out[r][f] = sum over kernel row y of rows[r + y][f] * weights[y][f % channels]
//   horizontal  out[r][f] = min(max(bias[f % channels] + sum over kernel column x of
//                                   in[r][f + x * tap_step] * weights[x][f % channels],  low),  high)
struct VerticalPass {
  const float* const* rows;  // [rows - 1 + kernel_rows]
  std::int64_t kernel_rows;
  const float* weights;  // [kernel_rows][weight_pitch]
  std::ptrdiff_t weight_pitch;
  std::int64_t channels;
  float* out;  // [rows][floats]
  std::ptrdiff_t out_row_stride;
  std::int64_t floats;
};

struct HorizontalPass {
  const float* in;  // [rows][floats + (kernel_columns - 1) * tap_step]
  std::ptrdiff_t in_row_stride;
  std::ptrdiff_t tap_step;
  std::int64_t kernel_columns;
  const float* weights;  // [kernel_columns][weight_pitch]
  std::ptrdiff_t weight_pitch;
  const float* bias;
  std::int64_t channels;
  void* out;  // [rows][floats] of out_type
  ElementType out_type;
  std::ptrdiff_t out_row_stride;
  std::int64_t floats;
  float low, high;
  std::int64_t period;  // columns so many apart are the kernel's `step` of vectors apart; for SharedKernel
};

// One tile of a Winograd convolution on its way to the multiplication: its pixels are transformed, B^T d B, into one
// sample per point, for each channel. What the border puts beyond the image is a pixel like any other.
struct WinogradInput {
  const float* const* pixels;  // [points of y][points of x], each [channels]
  std::int64_t channels;
  float* out;  // [points of y x points of x][channels, rounded up to whole vectors]
  std::ptrdiff_t point_stride;
};

// For one of the points, some tiles times a block of output channels:
//   sums[t][d] = sum over channel c of samples[t][c] * weights[c][d]
struct WinogradProduct {
  const float* samples;  // [tiles][channels], tile_stride between tiles
  std::ptrdiff_t tile_stride;
  std::int64_t channels;  // of a group's input
  const float* weights;   // [channels][vectors * lanes]
  std::ptrdiff_t ahead;   // the weights that many floats further on are needed soon
  float* sums;            // [tiles][vectors * lanes]
};

// And on its way back: sums per point become outputs, A^T m A. Sums are linear in the samples, so they are whatever
// the formula's are, except where they overflow; then, and where a sample was no finite number, some lane of `poison`
// is NaN.
struct WinogradOutput {
  const float* sums;  // [points of y x points of x][channels, rounded up to whole vectors]
  std::ptrdiff_t point_stride;
  const float* bias;           // [channels, rounded up]
  std::int64_t rows, columns;  // of outputs that exist, and are stored
  std::int64_t channels;
  float* out;  // [rows][columns][channels]
  std::ptrdiff_t row_stride, pixel_stride;
  float low, high;
  float* poison;  // [lanes]
};

// Tiles of a convolution whose lanes are pixels, side by side: some vectors of neighbours times a few output channels.
//
//   out[d * out_stride + p] = min(max(bias[d] + sum over steps k of
//                                     weights[k][d] * in[offsets[k] + p],  low),  high)
//
// A step is one tap of one input channel. Its samples stand in planes, a few of them where strides part pixels.
// The kernel knows no rows, strides, dilations or groups: only where a step's samples begin. It reads and
// writes whole vectors.
struct PlanarTiles {
  const float* in;
  const std::ptrdiff_t* offsets;  // [steps]
  std::int64_t steps;
  const float* weights;  // [steps][outputs]
  const float* bias;     // [outputs]
  float* out;            // [outputs][tiles * vectors * lanes], out_stride between outputs
  std::ptrdiff_t out_stride;
  std::int64_t tiles;
  float low, high;
};

// Pixels of some channels between [pixels][channels] and a plane for each channel. A stride is from pixel to
// pixel on the one side, from plane to plane on the other.
struct Interleaving {
  const float* in;
  std::ptrdiff_t in_stride;
  float* out;
  std::ptrdiff_t out_stride;
  std::int64_t pixels, channels;
};

// What a direct tile leaves undone where bias and clamp alone do not finish it, in place:
//   data[p][d] = activation(data[p][d] * scale[p][d] + bias[d])
struct FinishTile {
  float* data;  // [pixels][channels], data_stride between pixels
  std::ptrdiff_t data_stride;
  const float* scale;  // [pixels][channels], scale_stride between pixels; null: 1
  std::ptrdiff_t scale_stride;
  const float* bias;  // [channels]
  std::int64_t pixels, channels;
  Activation activation;
};

// What the sums of a per-pixel network lack, in place, on planes of whole vectors:
//   data[d][p] = activation(data[d][p] + bias[d] + before[d][p]) + after[d][p]
struct PlanesFinish {
  float* data;  // [channels][vectors * lanes], as are `before` and `after`, all of one stride
  std::ptrdiff_t stride;
  const float* bias;  // [channels]; null: none, here and below
  const float* before;
  const float* after;
  std::int64_t channels, vectors;
  Activation activation;
};

// Channels to choose among, in place; see Classify in simdconv/pixel_mlp.h.
struct PlanesChoice {
  float* data;  // [channels][vectors * lanes]
  std::ptrdiff_t stride;
  std::int64_t channels, vectors;
};

// Rows of floats become bytes: rounded to the nearest integer, halves to even, and clamped to 0 to 255; NaN
// becomes 0.
struct NarrowTile {
  const float* in;  // [rows][count], in_row_stride between rows
  std::ptrdiff_t in_row_stride;
  std::uint8_t* out;  // [rows][count], out_row_stride between rows
  std::ptrdiff_t out_row_stride;
  std::int64_t rows, count;
};

using DirectKernel = void (*)(const DirectTiles&);
using DepthwiseKernel = void (*)(const DepthwiseTile&);
using FlatKernel = void (*)(const FlatTiles&);
using VerticalKernel = void (*)(const VerticalPass&);
using HorizontalKernel = void (*)(const HorizontalPass&);
using WinogradInputKernel = void (*)(const WinogradInput&);
using WinogradProductKernel = void (*)(const WinogradProduct&);
using WinogradOutputKernel = void (*)(const WinogradOutput&);
using PlanarKernel = void (*)(const PlanarTiles&);
using InterleavingKernel = void (*)(const Interleaving&);
using PlanesFinishKernel = void (*)(const PlanesFinish&);
using PlanesChoiceKernel = void (*)(const PlanesChoice&);
using FinishKernel = void (*)(const FinishTile&);
using WidenKernel = void (*)(const std::uint8_t* in, float* out, std::int64_t count);
using NarrowKernel = void (*)(const NarrowTile&);

inline constexpr int kMaxTilePixels = 14;
inline constexpr int kMaxTileVectors = 4;

inline constexpr int kMaxDepthwiseSizes = 5;

struct DepthwiseRows {
  std::int64_t rows;
  DepthwiseKernel by_stride[2];  // 1, 2
};

// The rows of the tile that is best, by stride (1, 2).
struct DepthwiseHeights {
  std::int64_t three[2];   // for 3 x 3 taps, and for kernels that take several passes
  std::int64_t parted[2];  // for 3 x 3 taps where output rows that share input rows are not neighbours
  std::int64_t paged[2];   // for 3 x 3 taps where input rows stand whole pages apart
  std::int64_t five[2];
  std::int64_t seven[2];
};

struct DepthwiseKernels {
  std::int64_t sizes;
  DepthwiseHeights best;
  DepthwiseRows tile[kMaxDepthwiseSizes];  // by rows, the tallest first; the last has one
};

// For 3 x 3 and 5 x 5 taps; where the best height is 0 there are none.
struct GroupedKernels {
  std::int64_t most_channels;  // of a group
  DepthwiseKernels tiles;
};

// By rows of the tile (1, or all) and by vertical stride (1, 2).
struct FlatVariants {
  FlatKernel by_rows[2][2];
};

struct FlatTileKernels {
  std::int64_t rows, vectors;  // of full tiles
  FlatVariants whole;
  FlatVariants single;   // one vector
  FlatVariants partial;  // the first lanes of one vector
};

struct FlatKernels {
  FlatTileKernels own;     // where vectors have weights of their own
  FlatTileKernels shared;  // where all vectors of a row have the same weights
};

// A horizontal pass over one row in which columns share loads: those that stand `step` vectors apart. Step 0:
// none.
struct SharedKernel {
  std::int64_t step;
  std::int64_t vectors;  // of a tile; a row must have as many at least
  HorizontalKernel row;
};

inline constexpr int kMaxSharedStep = 3;

struct SeparableKernels {
  std::int64_t rows, vectors;      // of a full tile
  VerticalKernel vertical[2];      // by rows: 1, or all
  HorizontalKernel horizontal[2];  // by rows: 1, or all
  SharedKernel shared[2];
};

struct WinogradEnds {
  WinogradInputKernel input;
  WinogradOutputKernel output;
};

struct WinogradKernels {
  WinogradEnds ends[kFormCount][kFormCount];  // by the forms of y and x; null where there are none
  WinogradProductKernel multiply[kMaxTileVectors][kMaxTilePixels];  // [vectors - 1][tiles - 1]
};

inline constexpr int kMaxPlanarOutputs = 8;
inline constexpr int kMaxPlanarVectors = 12;

struct PlanarKernels {
  std::int64_t outputs;                                     // the most of a tile
  std::int32_t vectors[kMaxPlanarOutputs];                  // the most of a tile with 1, 2, ... outputs
  PlanarKernel tile[kMaxPlanarOutputs][kMaxPlanarVectors];  // [outputs - 1][vectors - 1]
  InterleavingKernel to_planes, from_planes;
};

struct PlanesKernels {
  PlanesFinishKernel finish;
  PlanesChoiceKernel softmax, argmax;
};

// All kernels of one instruction set.
struct KernelTable {
  Isa isa;
  std::int64_t lanes;                        // floats in a vector
  std::int64_t vectors;                      // of output channels in a full block
  std::int32_t max_pixels[kMaxTileVectors];  // of a tile with 1, 2, ... vectors
  DirectKernel direct[kMaxTileVectors]
                     [kMaxTilePixels];  // [vectors - 1][pixels - 1]; null where there is none
  DepthwiseKernels depthwise;
  GroupedKernels grouped;
  FlatKernels flat;
  SeparableKernels separable;
  WinogradKernels winograd;
  PlanarKernels planar;
  PlanesKernels planes;
  FinishKernel finish;
  WidenKernel widen;  // bytes become floats
  NarrowKernel narrow;
};

// Null where this build has no kernels for the instruction set.
const KernelTable* kernels_for(Isa isa);

}  // namespace simdconv
