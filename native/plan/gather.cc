#include "plan/gather.h"

#include <algorithm>

#include "plan/border.h"

namespace simdconv {
namespace {

// Columns [first, first + columns) that all lie within the image.
float* copy_inside(const ImageRow& row, std::int64_t first, std::int64_t columns, float* out) {
  const float* source = row.data + first * row.pixel_stride;
  if (row.channel_stride == 1 && row.pixel_stride == row.channels) {
    return std::copy_n(source, columns * row.channels, out);
  }
  for (std::int64_t c = 0; c < row.channels; ++c, source += row.channel_stride) {
    float* target = out + c;
    for (std::int64_t x = 0; x < columns; ++x) target[x * row.channels] = source[x * row.pixel_stride];
  }
  return out + columns * row.channels;
}

// Columns [first, first + columns) that all lie beyond the image.
float* copy_beyond(const ImageRow& row, AxisBorder border, std::int64_t first, std::int64_t columns,
                   float* out) {
  if (has_outside(border.mode)) {
    const float value = border.mode == BorderMode::constant ? border.value : 0.0F;
    return std::fill_n(out, columns * row.channels, value);
  }
  for (std::int64_t x = first; x < first + columns; ++x) {
    const float* source = row.data + border_source(border.mode, x, row.width) * row.pixel_stride;
    for (std::int64_t c = 0; c < row.channels; ++c) *out++ = source[c * row.channel_stride];
  }
  return out;
}

}  // namespace

void gather_row(const ImageRow& row, AxisBorder border, std::int64_t first, std::int64_t columns,
                float* out) {
  const std::int64_t end = first + columns;
  const std::int64_t inside_begin = std::clamp<std::int64_t>(0, first, end);
  const std::int64_t inside_end = std::clamp<std::int64_t>(row.width, inside_begin, end);
  out = copy_beyond(row, border, first, inside_begin - first, out);
  out = copy_inside(row, inside_begin, inside_end - inside_begin, out);
  copy_beyond(row, border, inside_end, end - inside_end, out);
}

}  // namespace simdconv
