// Makes a stretch of a virtual row: the samples that the border puts at some evenly spaced columns, as pixels
// of [channels] or as a plane for each channel, whatever the layout of the image. This is how kernels are
// kept ignorant of borders and layouts: they read either the image itself or such a stretch, which is small
// and stays in cache.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "simdconv/types.h"

namespace simdconv {

// One row of an image. In nhwc pixels are `channels` apart and channels 1; in nchw pixels are 1 apart and
// channels a whole plane.
template <typename In>
struct ImageRow {
  const In* data;  // [width][channels] by the strides below
  std::ptrdiff_t pixel_stride;
  std::ptrdiff_t channel_stride;
  std::int64_t width;
  std::int64_t channels;
  std::int64_t copies = 1;      // how often each channel is repeated
  WidenKernel widen = nullptr;  // where samples change their type on the way
};

// Virtual columns first, first + step, ..., `count` of them.
struct Columns {
  std::int64_t first, count, step;
};

// `out` has its pixels `out_stride` elements apart. Instantiated for floats, for bytes, and for bytes that become
// floats.
template <typename In, typename Out>
void gather_row(const ImageRow<In>& row, AxisBorder border, Columns columns, Out* out,
                std::ptrdiff_t out_stride);

// The same with a plane for each channel, `plane_stride` floats apart.
template <typename In>
void gather_planes(const ImageRow<In>& row, AxisBorder border, Columns columns, InterleavingKernel to_planes,
                   float* out, std::ptrdiff_t plane_stride);

}  // namespace simdconv
