#include "plan/planar_filter.h"

#include <algorithm>

#include "plan/common.h"

namespace simdconv {

PlanarFilter::PlanarFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
                           const PlanarKernels& kernels)
    : blocks_per_group_(ceil_divide(shape.group_out(), kernels.outputs)),
      weights_(shape.kernel_height * shape.kernel_width * shape.group_in() * shape.out_channels),
      bias_(shape.out_channels),
      no_bias_(ceil_divide(shape.group_out(), blocks_per_group_)) {
  float* out = weights_.data();
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    for (std::int64_t b = 0; b < blocks_per_group_; ++b) {
      const std::int64_t begin = b * shape.group_out() / blocks_per_group_;
      const std::int64_t end = (b + 1) * shape.group_out() / blocks_per_group_;
      const PlanarBlock block{group, group * shape.group_out() + begin, end - begin, out - weights_.data()};
      blocks_.push_back(block);
      for (std::int64_t c = 0; c < shape.group_in(); ++c) {
        for (std::int64_t y = 0; y < shape.kernel_height; ++y) {
          for (std::int64_t x = 0; x < shape.kernel_width; ++x) {
            for (std::int64_t d = 0; d < block.outputs; ++d) *out++ = filter.at(y, x, c, block.channel + d);
          }
        }
      }
    }
  }
  if (bias) std::copy_n(bias, shape.out_channels, bias_.data());
}

std::size_t PlanarFilter::bytes() const {
  return static_cast<std::size_t>(weights_.count() + bias_.count() + no_bias_.count()) * sizeof(float);
}

}  // namespace simdconv
