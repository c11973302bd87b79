#include "plan/row_source.h"

#include <algorithm>

#include "plan/border.h"
#include "plan/gather.h"

namespace simdconv {

bool outside_rows_add_nothing(const Border& border, bool finite_weights) {
  const bool zeros = border.y.mode == BorderMode::constant && border.y.value == 0;
  return finite_weights && (zeros || border.y.mode == BorderMode::renormalize);
}

Stretch stretch_under(const LayerShape& l, const Padding& padding, std::int64_t first_pixel,
                      std::int64_t pixels, std::int64_t pixel_floats, bool gathered) {
  Stretch stretch;
  stretch.first = first_pixel * l.stride_width - padding.left;
  stretch.columns = (pixels - 1) * l.stride_width + l.span_width();
  stretch.piece_step = l.dilation_width;
  stretch.pixel_floats = pixel_floats;
  stretch.gathered = gathered;
  const std::int64_t piece_columns = (pixels - 1) * l.stride_width + 1;
  if (gathered && l.kernel_width * piece_columns < stretch.columns) {
    stretch.pieces = l.kernel_width;
    stretch.columns = piece_columns;
  }
  return stretch;
}

bool RowSource::has_constant_rows() const { return has_outside(border_.y.mode) && !skips_outside_; }

void RowSource::fill_constant_row(const Stretch& stretch, float* row) const {
  const float value = border_.y.mode == BorderMode::constant ? border_.y.value : 0.0F;
  std::fill_n(row, stretch.floats(), value);
}

const float* RowSource::row(const float* image, std::int64_t virtual_row, const Stretch& stretch,
                            RowScratch* scratch) const {
  const std::int64_t source = border_source(border_.y.mode, virtual_row, in_.height);
  if (source == kOutside && skips_outside_) return nullptr;
  if (!stretch.gathered) {
    return source == kOutside ? scratch->constant_row
                              : image + (source * in_.width + stretch.first) * in_.channels;
  }

  float* strip = scratch->next_strip;
  scratch->next_strip += stretch.floats();
  for (std::int64_t piece = 0; piece < stretch.pieces; ++piece) {
    const std::int64_t first = stretch.first + piece * stretch.piece_step;
    float* out = strip + piece * stretch.columns * stretch.pixel_floats;
    if (source == kOutside) {
      gather_constants(first, stretch, out);
    } else if (contiguous_) {
      const float* data = image + source * in_.width * in_.channels;
      gather_row({data, in_.channels, 1, in_.width, in_.channels}, border_.x, first, stretch.columns, out,
                 stretch.pixel_floats);
    } else {
      const float* data = image + source * in_.width;
      gather_row({data, 1, in_.height * in_.width, in_.width, in_.channels}, border_.x, first,
                 stretch.columns, out, stretch.pixel_floats);
    }
  }
  return strip;
}

// Beyond the image in y its constant stands, whatever x would put there; but a tap that x leaves out is out.
void RowSource::gather_constants(std::int64_t first, const Stretch& stretch, float* out) const {
  const float value = border_.y.mode == BorderMode::constant ? border_.y.value : 0.0F;
  for (std::int64_t x = first; x < first + stretch.columns; ++x, out += stretch.pixel_floats) {
    const bool left_out = border_.x.mode == BorderMode::renormalize && (x < 0 || x >= in_.width);
    std::fill_n(out, in_.channels, left_out ? 0.0F : value);
  }
}

}  // namespace simdconv
