#include "plan/row_source.h"

#include <algorithm>
#include <numeric>

#include "plan/border.h"
#include "plan/gather.h"

namespace simdconv {

Stretch stretch_under(const LayerShape& l, const Padding& padding, std::int64_t first_pixel,
                      std::int64_t pixels, std::int64_t pixel_floats, bool gathered) {
  Stretch stretch;
  stretch.first = first_pixel * l.stride_width - padding.left;
  stretch.columns = (pixels - 1) * l.stride_width + l.span_width();
  stretch.pixel_floats = pixel_floats;
  stretch.gathered = gathered;
  if (gathered && l.kernel_width * pixels < stretch.columns) {
    stretch.by_tap = true;
    stretch.columns = pixels;
    stretch.column_step = l.stride_width;
    stretch.pieces = l.kernel_width;
    stretch.piece_step = l.dilation_width;
  }
  return stretch;
}

RowGrid::RowGrid(const LayerShape& l)
    : step(std::gcd(l.stride_height, l.dilation_height)),
      out_step(l.stride_height / step),
      kernel_step(l.dilation_height / step),
      kernel_rows(l.kernel_height) {}

std::int64_t RowGrid::entries(std::int64_t out_rows) const {
  return (out_rows - 1) * out_step + (kernel_rows - 1) * kernel_step + 1;
}

std::int64_t RowGrid::distinct_rows(std::int64_t out_rows) const {
  const std::int64_t fresh_rows =
      std::min(out_rows, kernel_step);  // which share nothing with those before them
  return fresh_rows * kernel_rows + (out_rows - fresh_rows) * std::min(out_step, kernel_rows);
}

// Output row r sees under its kernel row k what row r - kernel_step saw under k + out_step.
std::int64_t RowGrid::first_new(std::int64_t out_row) const {
  return out_row < kernel_step ? 0 : std::max<std::int64_t>(0, kernel_rows - out_step);
}

bool outside_rows_add_nothing(const Border& border, bool finite_weights) {
  const bool zeros = border.y.mode == BorderMode::constant && border.y.value == 0;
  return finite_weights && (zeros || border.y.mode == BorderMode::renormalize);
}

bool RowSource::has_constant_rows() const { return has_outside(border_.y.mode) && !skips_outside_; }

// Taps that are left out read zeros.
float RowSource::outside_value() const {
  return border_.y.mode == BorderMode::constant ? border_.y.value : 0.0F;
}

void RowSource::point_rows(const InSamples& image, std::int64_t first_row, OutRows out_rows,
                           const RowGrid& grid, const Stretch& stretch, RowScratch* scratch,
                           const float** table) const {
  for (std::int64_t r = out_rows.begin; r < out_rows.end; ++r) {
    for (std::int64_t k = grid.first_new(r); k < grid.kernel_rows; ++k) {
      const std::int64_t entry = r * grid.out_step + k * grid.kernel_step;
      table[entry] = row(image, first_row + entry * grid.step, stretch, scratch);
    }
  }
}

const float* RowSource::row(const InSamples& image, std::int64_t virtual_row, const Stretch& stretch,
                            RowScratch* scratch) const {
  const std::int64_t source = border_source(border_.y.mode, virtual_row, in_.height);
  if (source == kOutside && skips_outside_) return nullptr;
  if (!stretch.gathered) {
    if (source != kOutside) return image.floats() + (source * in_.width + stretch.first) * in_.channels;
    if (!scratch->constant_row_filled) std::fill_n(scratch->constant_row, stretch.floats(), outside_value());
    scratch->constant_row_filled = true;
    return scratch->constant_row;
  }

  float* strip = scratch->strips + scratch->gathered++ % scratch->strip_count * stretch.floats();
  for (std::int64_t piece = 0; piece < stretch.pieces; ++piece) {
    const std::int64_t first = stretch.first + piece * stretch.piece_step;
    float* out = strip + piece * stretch.columns * stretch.pixel_floats;
    if (source == kOutside) {
      gather_constants(first, stretch, out);
    } else if (image.type == ElementType::uint8) {
      gather(image.bytes(), source, first, stretch, out);
    } else {
      gather(image.floats(), source, first, stretch, out);
    }
  }
  return strip;
}

std::int64_t RowSource::gathered_channels(const Stretch& stretch) const {
  return stretch.channels > 0 ? stretch.channels : in_.channels;
}

template <typename In>
void RowSource::gather(const In* image, std::int64_t source, std::int64_t first, const Stretch& stretch,
                       float* out) const {
  const std::int64_t pixel_stride = contiguous_ ? in_.channels : 1;
  const std::int64_t channel_stride = contiguous_ ? 1 : in_.height * in_.width;
  const ImageRow<In> row{image + source * in_.width * pixel_stride,
                         pixel_stride,
                         channel_stride,
                         in_.width,
                         gathered_channels(stretch),
                         copies_,
                         widen_};
  gather_row(row, border_.x, {first, stretch.columns, stretch.column_step}, out, stretch.pixel_floats);
}

// Beyond the image in y its constant stands, whatever x would put there; but a tap that x leaves out is out.
void RowSource::gather_constants(std::int64_t first, const Stretch& stretch, float* out) const {
  for (std::int64_t i = 0; i < stretch.columns; ++i, out += stretch.pixel_floats) {
    const std::int64_t x = first + i * stretch.column_step;
    const bool left_out = border_.x.mode == BorderMode::renormalize && (x < 0 || x >= in_.width);
    std::fill_n(out, gathered_channels(stretch) * copies_, left_out ? 0.0F : outside_value());
  }
}

}  // namespace simdconv
