// The contract between plans and kernels. A kernel has no policy: pointers, sizes and strides in, floats out.
// It cannot fail, allocates nothing, and never asks which CPU it runs on.
//
// This header is included by files that are compiled for one instruction set each, so it holds plain data
// only: an inline function shared with them could be linked in its AVX-512 form into code that an old CPU
// runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simdconv/types.h"

namespace simdconv {

// One tile of a direct convolution: `pixels` neighbours of one output row times a block of output channels.
//
//   out[p][d] = min(max(bias[d] + sum over kernel row y, run r, element e of
//                       rows[y][column_offset + p * pixel_stride + r * run_stride + e]
//                       * weights[y][r][e][d],  low),  high)
//
// A run is a stretch of the input that is contiguous under the kernel: kernel width x channels where
// neighbouring taps touch, the channels of one tap where dilation or groups part them.
struct DirectTile {
  const float* const* rows;      // [kernel_rows]: the input row under each kernel row
  std::ptrdiff_t column_offset;  // from a row's start to the first tap of the tile's first pixel
  std::ptrdiff_t pixel_stride;   // between the first taps of neighbouring pixels
  std::ptrdiff_t run_stride;     // between the runs of one kernel row
  std::int64_t kernel_rows;
  std::int64_t runs;        // per kernel row
  std::int64_t run_length;  // elements
  const float* weights;  // [kernel_rows][runs][run_length][vectors * lanes], zero beyond the block's channels
  const float* bias;     // [vectors * lanes]
  float* out;            // [pixels][channels], out_stride between pixels
  std::ptrdiff_t out_stride;
  std::int64_t channels;  // of the block that exist, and are stored: 1 to vectors * lanes
  float low, high;        // -infinity and infinity where nothing is clamped; NaN passes
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

using DirectKernel = void (*)(const DirectTile&);
using FinishKernel = void (*)(const FinishTile&);

inline constexpr int kMaxTilePixels = 14;
inline constexpr int kMaxTileVectors = 4;

// All kernels of one instruction set.
struct KernelTable {
  Isa isa;
  std::int64_t lanes;                        // floats in a vector
  std::int64_t vectors;                      // of output channels in a full block
  std::int32_t max_pixels[kMaxTileVectors];  // of a tile with 1, 2, ... vectors
  DirectKernel direct[kMaxTileVectors]
                     [kMaxTilePixels];  // [vectors - 1][pixels - 1]; null where there is none
  FinishKernel finish;
};

// Null where this build has no kernels for the instruction set.
const KernelTable* kernels_for(Isa isa);

}  // namespace simdconv
