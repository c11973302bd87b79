#include "plan/gather.h"

#include <algorithm>

#include "plan/border.h"

namespace simdconv {
namespace {

// Columns [first, first + columns) that all lie within the image.
float* copy_inside(const ImageRow& row, std::int64_t first, std::int64_t columns, float* out,
                   std::int64_t out_stride) {
  const float* source = row.data + first * row.pixel_stride;
  if (row.channel_stride == 1 && row.pixel_stride == out_stride) {
    std::copy_n(source, columns * out_stride, out);
  } else if (row.channel_stride == 1) {
    for (std::int64_t x = 0; x < columns; ++x) {
      std::copy_n(source + x * row.pixel_stride, row.channels, out + x * out_stride);
    }
  } else {
    for (std::int64_t c = 0; c < row.channels; ++c, source += row.channel_stride) {
      for (std::int64_t x = 0; x < columns; ++x) out[x * out_stride + c] = source[x * row.pixel_stride];
    }
  }
  return out + columns * out_stride;
}

// Columns [first, first + columns) that all lie beyond the image.
float* copy_beyond(const ImageRow& row, AxisBorder border, std::int64_t first, std::int64_t columns,
                   float* out, std::int64_t out_stride) {
  const float value = border.mode == BorderMode::constant ? border.value : 0.0F;
  for (std::int64_t x = first; x < first + columns; ++x, out += out_stride) {
    const std::int64_t place = border_source(border.mode, x, row.width);
    if (place == kOutside) {
      std::fill_n(out, row.channels, value);
    } else {
      const float* source = row.data + place * row.pixel_stride;
      for (std::int64_t c = 0; c < row.channels; ++c) out[c] = source[c * row.channel_stride];
    }
  }
  return out;
}

}  // namespace

void gather_row(const ImageRow& row, AxisBorder border, std::int64_t first, std::int64_t columns, float* out,
                std::int64_t out_stride) {
  const std::int64_t end = first + columns;
  const std::int64_t inside_begin = std::clamp<std::int64_t>(0, first, end);
  const std::int64_t inside_end = std::clamp<std::int64_t>(row.width, inside_begin, end);
  out = copy_beyond(row, border, first, inside_begin - first, out, out_stride);
  out = copy_inside(row, inside_begin, inside_end - inside_begin, out, out_stride);
  copy_beyond(row, border, inside_end, end - inside_end, out, out_stride);
}

}  // namespace simdconv
