#include "plan/winograd_filter.h"

#include <array>
#include <vector>

namespace simdconv {
namespace {

using Samples = std::array<double, kMostPoints>;

// G taps: the filter as a polynomial, at each point; divided by what makes B^T and A^T an inverse of that, the product
// of the point's distances from all others.
Samples transform(const CookToom& form, const Samples& taps) {
  if (form.pairs == 0) return taps;
  const auto at = [&](double x) {
    double sum = 0;
    for (int k = form.taps - 1; k >= 0; --k) sum = sum * x + taps[static_cast<std::size_t>(k)];
    return sum;
  };
  Samples result{};
  result[0] = at(0) / form.coefficient(0);
  for (int pair = 0; pair < form.pairs; ++pair) {
    const double p = form.point[pair];
    double distances = 2 * p * p;
    for (int other = 0; other < form.pairs; ++other) {
      if (other != pair) distances *= p * p - form.point[other] * form.point[other];
    }
    const std::size_t i = static_cast<std::size_t>(pair) * 2 + 1;
    result[i] = at(p) / distances;
    result[i + 1] = at(-p) / distances;
  }
  result[static_cast<std::size_t>(form.points() - 1)] = taps[static_cast<std::size_t>(form.taps - 1)];
  return result;
}

}  // namespace

WinogradFilter::WinogradFilter(int form_y, int form_x, const FilterView& filter, const float* bias,
                               const LayerShape& shape, const KernelTable& kernels)
    : form_y_(form_y), form_x_(form_x), group_in_(shape.group_in()), lanes_(kernels.lanes) {
  const CookToom &y_form = kForms[form_y], &x_form = kForms[form_x];
  const std::int64_t height = y_form.points(), width = x_form.points();
  points_ = height * width;

  LayerShape point_shape = shape;
  point_shape.kernel_height = height;
  point_shape.kernel_width = width;
  std::vector<float> transformed(static_cast<std::size_t>(points_ * group_in_ * shape.out_channels));
  const FilterView view = view_filter(transformed.data(), FilterLayout::hwio, point_shape, /*flip=*/false);
  for (std::int64_t c = 0; c < group_in_; ++c) {
    for (std::int64_t d = 0; d < shape.out_channels; ++d) {
      std::array<Samples, kMostPoints> rows{};  // [tap of y][point of x]
      for (std::int64_t y = 0; y < shape.kernel_height; ++y) {
        Samples taps{};
        for (std::int64_t x = 0; x < shape.kernel_width; ++x) {
          taps[static_cast<std::size_t>(x)] = filter.at(y, x, c, d);
        }
        rows[static_cast<std::size_t>(y)] = transform(x_form, taps);
      }
      for (std::int64_t x = 0; x < width; ++x) {
        Samples taps{};
        for (std::int64_t y = 0; y < shape.kernel_height; ++y) {
          taps[static_cast<std::size_t>(y)] = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
        }
        const Samples column = transform(y_form, taps);
        for (std::int64_t y = 0; y < height; ++y) {
          const std::ptrdiff_t place = &view.first[y * view.row_stride + x * view.column_stride] -
                                       view.first + c * view.in_stride + d * view.out_stride;
          transformed[static_cast<std::size_t>(place)] =
              static_cast<float>(column[static_cast<std::size_t>(y)]);
        }
      }
    }
  }
  packed_ = PackedFilter(view, bias, point_shape, kernels);
}

const float* WinogradFilter::weights(const ChannelBlock& block, std::int64_t point) const {
  return packed_.weights(block) + point * group_in_ * block.vectors * lanes_;
}

}  // namespace simdconv
