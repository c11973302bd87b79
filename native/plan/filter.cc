#include "plan/filter.h"

#include <algorithm>
#include <cmath>

namespace simdconv {

FilterView view_filter(const float* data, FilterLayout layout, const LayerShape& shape, bool flip) {
  const std::ptrdiff_t height = shape.kernel_height, width = shape.kernel_width;
  const std::ptrdiff_t in = shape.group_in(), out = shape.out_channels;
  FilterView view{};
  switch (layout) {
    case FilterLayout::hwio:
      view = {data, width * in * out, in * out, out, 1};
      break;
    case FilterLayout::oihw:
      view = {data, width, 1, height * width, in * height * width};
      break;
    case FilterLayout::ohwi:
      view = {data, width * in, in, 1, height * width * in};
      break;
    case FilterLayout::ihwo:
      view = {data, width * out, out, height * width * out, 1};
      break;
  }
  if (flip) {  // read from the last tap backwards
    view.first += (height - 1) * view.row_stride + (width - 1) * view.column_stride;
    view.row_stride = -view.row_stride;
    view.column_stride = -view.column_stride;
  }
  return view;
}

bool all_whole(const float* data, std::int64_t count) {
  return std::all_of(data, data + count, [](float value) { return std::trunc(value) == value; });
}

bool all_finite(const float* data, std::int64_t count) {
  return std::all_of(data, data + count, [](float value) { return std::isfinite(value); });
}

}  // namespace simdconv
