#include "plan/renormalize.h"

#include <algorithm>
#include <cmath>

namespace simdconv {
namespace {

constexpr double kTiny = 1e-6;         // of the sum of absolute weights: a hundred roundings of a float
constexpr double kNegligible = 1e-30;  // of all weights: beyond it a float's range ends

}  // namespace

TapRange taps_inside(std::int64_t first, std::int64_t dilation, std::int64_t taps, std::int64_t extent) {
  const std::int64_t begin = first >= 0 ? 0 : (-first + dilation - 1) / dilation;
  const std::int64_t end = first >= extent ? 0 : (extent - 1 - first) / dilation + 1;
  const std::int64_t clamped_begin = std::min(begin, taps);
  return {clamped_begin, std::clamp(end, clamped_begin, taps)};
}

TapRange rows_kept(const Geometry& g, const Border& border, std::int64_t row) {
  const LayerShape& l = g.layer;
  if (border.y.mode != BorderMode::renormalize) return {0, l.kernel_height};
  return taps_inside(row * l.stride_height - g.padding.top, l.dilation_height, l.kernel_height, g.in.height);
}

TapRange columns_kept(const Geometry& g, const Border& border, std::int64_t pixel) {
  const LayerShape& l = g.layer;
  if (border.x.mode != BorderMode::renormalize) return {0, l.kernel_width};
  return taps_inside(pixel * l.stride_width - g.padding.left, l.dilation_width, l.kernel_width, g.in.width);
}

// If it does so anywhere between, then at an end.
bool leaves_out(const Geometry& g, const Border& border, const OutputRange& range) {
  if (!border.renormalizes()) return false;
  const std::int64_t height = g.layer.kernel_height, width = g.layer.kernel_width;
  return rows_kept(g, border, range.first_row).count() < height ||
         rows_kept(g, border, range.last_row).count() < height ||
         columns_kept(g, border, range.first_pixel).count() < width ||
         columns_kept(g, border, range.last_pixel).count() < width;
}

Renormalizer::Renormalizer(Renormalize by, const FilterView& filter, const LayerShape& shape)
    : kernel_height_(shape.kernel_height),
      kernel_width_(shape.kernel_width),
      out_channels_(shape.out_channels) {
  if (by == Renormalize::area) return;
  taps_.reserve(static_cast<std::size_t>(kernel_height_ * kernel_width_ * out_channels_));
  for (std::int64_t y = 0; y < kernel_height_; ++y) {
    for (std::int64_t x = 0; x < kernel_width_; ++x) {
      for (std::int64_t d = 0; d < out_channels_; ++d) {
        Sums tap;
        for (std::int64_t c = 0; c < shape.group_in(); ++c) {
          const double weight = filter.at(y, x, c, d);
          tap.add({weight, std::abs(weight)});
        }
        taps_.push_back(tap);
      }
    }
  }
  for (const bool from_end_y : {false, true}) {
    for (const bool from_end_x : {false, true}) {
      corners_[from_end_y ? 1 : 0][from_end_x ? 1 : 0] = CornerTable(taps_, shape, from_end_y, from_end_x);
    }
  }
}

Renormalizer::CornerTable::CornerTable(const std::vector<Sums>& taps, const LayerShape& shape,
                                       bool from_end_y, bool from_end_x)
    : width_(shape.kernel_width),
      channels_(shape.out_channels),
      sums_(static_cast<std::size_t>((shape.kernel_height + 1) * (width_ + 1) * channels_)) {
  const std::int64_t height = shape.kernel_height;
  const auto index = [this](std::int64_t y, std::int64_t x, std::int64_t d, std::int64_t row_length) {
    return static_cast<std::size_t>((y * row_length + x) * channels_ + d);
  };
  for (std::int64_t y = 1; y <= height; ++y) {
    for (std::int64_t d = 0; d < channels_; ++d) {
      Sums row;
      for (std::int64_t x = 1; x <= width_; ++x) {
        row.add(taps[index(from_end_y ? height - y : y - 1, from_end_x ? width_ - x : x - 1, d, width_)]);
        Sums& sum = sums_[index(y, x, d, width_ + 1)];
        sum = sums_[index(y - 1, x, d, width_ + 1)];
        sum.add(row);
      }
    }
  }
}

const Renormalizer::Sums& Renormalizer::CornerTable::at(TapRange rows, TapRange columns,
                                                        std::int64_t channel) const {
  return sums_[static_cast<std::size_t>((rows.count() * (width_ + 1) + columns.count()) * channels_ +
                                        channel)];
}

Renormalizer::Sums Renormalizer::kept(TapRange rows, TapRange columns, std::int64_t channel) const {
  const bool at_y_end = rows.begin == 0 || rows.end == kernel_height_;
  const bool at_x_end = columns.begin == 0 || columns.end == kernel_width_;
  if (at_y_end && at_x_end) {
    return corners_[rows.begin == 0 ? 0 : 1][columns.begin == 0 ? 0 : 1].at(rows, columns, channel);
  }
  Sums sum;  // the image is smaller than the kernel
  for (std::int64_t y = rows.begin; y < rows.end; ++y) {
    for (std::int64_t x = columns.begin; x < columns.end; ++x) {
      sum.add(taps_[static_cast<std::size_t>((y * kernel_width_ + x) * out_channels_ + channel)]);
    }
  }
  return sum;
}

void Renormalizer::factors(TapRange rows, TapRange columns, std::int64_t channel, std::int64_t channels,
                           float* out) const {
  const std::int64_t count = rows.count() * columns.count(), all = kernel_height_ * kernel_width_;
  if (count == all || count == 0) {
    std::fill_n(out, channels, 1.0F);
  } else if (taps_.empty()) {
    std::fill_n(out, channels, static_cast<float>(static_cast<double>(all) / static_cast<double>(count)));
  } else {
    for (std::int64_t d = 0; d < channels; ++d) {
      const Sums whole = kept({0, kernel_height_}, {0, kernel_width_}, channel + d);
      const Sums part = kept(rows, columns, channel + d);
      const bool tiny =
          std::abs(part.plain) <= kTiny * part.absolute || part.absolute <= kNegligible * whole.absolute;
      out[d] = tiny ? 1.0F : static_cast<float>(whole.plain / part.plain);
    }
  }
}

}  // namespace simdconv
