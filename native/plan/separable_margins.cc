// The middle's columns beyond the image. What stands there is a matter of x alone, and the vertical pass
// works on y alone: so a column that the border maps to another is a copy of that one, after the pass.
#include <algorithm>

#include "plan/border.h"
#include "plan/separable_plan.h"

namespace simdconv {

void SeparablePlan::find_sources(const Unit& unit) const {
  for (std::int64_t column = unit.first; column < unit.end; ++column) {
    if (column == unit.inside) column = unit.inside_end;
    if (column == unit.end) break;
    unit.sources[column - unit.first] = border_source(layer_->spec.border.x.mode, column, geometry_.in.width);
  }
}

// The middle's columns [first, end), all of them beyond the image.
void SeparablePlan::fill_mapped(const Unit& unit, const Rows& rows, std::int64_t first,
                                std::int64_t end) const {
  for (std::int64_t column = first; column < end; ++column) {
    const std::int64_t source = unit.sources[column - unit.first];
    if (source < unit.inside || source >= unit.inside_end) {
      fill_from_elsewhere(unit, rows, column, source);
      continue;
    }
    const float* from = middle_at(unit, source);
    float* to = middle_at(unit, column);
    for (std::int64_t r = 0; r < rows.count; ++r, from += middle_stride_, to += middle_stride_) {
      for (std::int64_t c = 0; c < plane_channels_; ++c) to[c] = from[c];
    }
  }
}

// What the vertical pass makes of the constants beyond x.
void SeparablePlan::fill_constants(const Unit& unit, const Rows& rows) const {
  if (unit.first == unit.inside && unit.inside_end == unit.end) return;
  const std::int64_t channels = plane_channels_;
  for (std::int64_t r = 0; r < rows.count; ++r) {
    sum_constants(unit, rows.first + r * geometry_.layer.dilation_height);
    const auto fill = [&](std::int64_t first, std::int64_t end) {
      float* out = middle_at(unit, first) + r * middle_stride_;
      for (std::int64_t column = first; column < end; ++column) {
        for (std::int64_t c = 0; c < channels; ++c) *out++ = unit.constants[c];
      }
    };
    fill(unit.first, unit.inside);
    fill(unit.inside_end, unit.end);
  }
}

// Beyond both axes the constant of y stands; but a tap is out if an axis that it is beyond renormalizes.
void SeparablePlan::sum_constants(const Unit& unit, std::int64_t row) const {
  const LayerShape& l = geometry_.layer;
  const auto constant = [](const AxisBorder& axis) {
    return axis.mode == BorderMode::constant ? axis.value : 0.0F;
  };
  const Border& border = layer_->spec.border;
  const bool left_out = border.x.mode == BorderMode::renormalize;
  const float inside = constant(border.x);
  const float outside = left_out ? 0.0F : has_outside(border.y.mode) ? constant(border.y) : inside;
  std::fill_n(unit.constants, plane_channels_, 0.0F);
  const std::int64_t first = row - geometry_.padding.top;
  const TapRange rows = taps_inside(first, l.dilation_height, l.kernel_height, geometry_.in.height);
  if (inside == 0 && (outside == 0 || rows.count() == l.kernel_height)) return;
  const float* weights = layer_->separable.vertical(unit.first_channel);
  for (std::int64_t y = 0; y < l.kernel_height; ++y, weights += layer_->separable.pitch()) {
    const float value = y >= rows.begin && y < rows.end ? inside : outside;
    for (std::int64_t c = 0; c < plane_channels_; ++c) unit.constants[c] += value * weights[c];
  }
}

// A column whose source is not among those of the segment: the vertical pass, on that column alone.
void SeparablePlan::fill_from_elsewhere(const Unit& unit, const Rows& rows, std::int64_t column,
                                        std::int64_t source) const {
  Stretch stretch;
  stretch.first = source;
  stretch.columns = 1;
  stretch.pixel_floats = plane_channels_;
  stretch.gathered = in_type() == ElementType::uint8;
  RowScratch scratch{.strips = unit.other_strips,
                     .strip_count = grid_.entries(rows.count),
                     .constant_row = unit.constant_row};
  row_source_.point_rows(unit.in, rows.first - geometry_.padding.top, {0, rows.count}, grid_, stretch,
                         &scratch, unit.other_rows);
  run_vertical(unit, rows, unit.other_rows, plane_channels_, middle_at(unit, column));
}

}  // namespace simdconv
