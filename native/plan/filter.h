// A filter seen through strides: one way to read all four index orders, flipped or not.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plan/geometry.h"
#include "simdconv/types.h"

namespace simdconv {

struct FilterView {
  const float* first;  // the tap (0, 0) of input channel 0 and output channel 0
  std::ptrdiff_t row_stride, column_stride, in_stride, out_stride;

  // The weight V[y, x, c, d] of equation E5; c counts within its group, d over all groups.
  float at(std::int64_t y, std::int64_t x, std::int64_t c, std::int64_t d) const {
    return first[y * row_stride + x * column_stride + c * in_stride + d * out_stride];
  }
};

FilterView view_filter(const float* data, FilterLayout layout, const LayerShape& shape, bool flip);

bool all_whole(const float* data, std::int64_t count);  // integers
bool all_finite(const float* data, std::int64_t count);

}  // namespace simdconv
