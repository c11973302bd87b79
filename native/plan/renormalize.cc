#include "plan/renormalize.h"

#include <algorithm>
#include <cmath>

namespace simdconv {
namespace {

constexpr double kTiny = 1e-6;  // of the sum of absolute weights: a hundred roundings of a float

}  // namespace

TapRange taps_inside(std::int64_t first, std::int64_t dilation, std::int64_t taps, std::int64_t extent) {
  const std::int64_t begin = first >= 0 ? 0 : (-first + dilation - 1) / dilation;
  const std::int64_t end = first >= extent ? 0 : (extent - 1 - first) / dilation + 1;
  const std::int64_t clamped_begin = std::min(begin, taps);
  return {clamped_begin, std::clamp(end, clamped_begin, taps)};
}

Renormalizer::Renormalizer(Renormalize by, const FilterView& filter, const LayerShape& shape)
    : kernel_height_(shape.kernel_height),
      kernel_width_(shape.kernel_width),
      out_channels_(shape.out_channels) {
  if (by == Renormalize::area) return;
  const std::int64_t height = kernel_height_ + 1, width = kernel_width_ + 1;
  corners_.resize(static_cast<std::size_t>(height * width * out_channels_), Sums{0, 0});
  for (std::int64_t y = 1; y < height; ++y) {
    for (std::int64_t x = 1; x < width; ++x) {
      for (std::int64_t d = 0; d < out_channels_; ++d) {
        Sums tap{0, 0};
        for (std::int64_t c = 0; c < shape.group_in(); ++c) {
          const double weight = filter.at(y - 1, x - 1, c, d);
          tap.plain += weight;
          tap.absolute += std::abs(weight);
        }
        const Sums &above = corner(y - 1, x, d), &left = corner(y, x - 1, d), &both = corner(y - 1, x - 1, d);
        corners_[static_cast<std::size_t>((y * width + x) * out_channels_ + d)] = {
            tap.plain + above.plain + left.plain - both.plain,
            tap.absolute + above.absolute + left.absolute - both.absolute};
      }
    }
  }
}

const Renormalizer::Sums& Renormalizer::corner(std::int64_t y, std::int64_t x, std::int64_t channel) const {
  return corners_[static_cast<std::size_t>((y * (kernel_width_ + 1) + x) * out_channels_ + channel)];
}

Renormalizer::Sums Renormalizer::window(TapRange rows, TapRange columns, std::int64_t channel) const {
  const Sums &a = corner(rows.begin, columns.begin, channel), &b = corner(rows.begin, columns.end, channel);
  const Sums &c = corner(rows.end, columns.begin, channel), &d = corner(rows.end, columns.end, channel);
  return {d.plain - b.plain - c.plain + a.plain, d.absolute - b.absolute - c.absolute + a.absolute};
}

void Renormalizer::factors(TapRange rows, TapRange columns, std::int64_t channel, std::int64_t channels,
                           float* out) const {
  const std::int64_t kept = rows.count() * columns.count(), all = kernel_height_ * kernel_width_;
  if (kept == all || kept == 0) {
    std::fill_n(out, channels, 1.0F);
  } else if (corners_.empty()) {
    std::fill_n(out, channels, static_cast<float>(static_cast<double>(all) / static_cast<double>(kept)));
  } else {
    for (std::int64_t d = 0; d < channels; ++d) {
      const Sums whole = corner(kernel_height_, kernel_width_, channel + d);
      const Sums part = window(rows, columns, channel + d);
      const bool tiny = std::abs(part.plain) <= kTiny * part.absolute;
      out[d] = tiny ? 1.0F : static_cast<float>(whole.plain / part.plain);
    }
  }
}

}  // namespace simdconv
