#include "plan/pack.h"

#include <algorithm>
#include <new>

namespace simdconv {

PackedFilter::PackedFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
                           const KernelTable& kernels) {
  const std::int64_t full_block = kernels.vectors * kernels.lanes;
  const std::int64_t steps = shape.kernel_height * shape.kernel_width * shape.group_in();
  std::int64_t weights_count = 0, bias_count = 0;
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    const std::int64_t group_end = (group + 1) * shape.group_out();
    for (std::int64_t channel = group * shape.group_out(); channel < group_end; channel += full_block) {
      const std::int64_t channels = std::min(full_block, group_end - channel);
      const std::int64_t vectors = (channels + kernels.lanes - 1) / kernels.lanes;
      blocks_.push_back({group, channel, channels, vectors, weights_count, bias_count});
      const std::int64_t width = vectors * kernels.lanes;
      weights_count += steps * width;
      bias_count += width;
      if (weights_count > kMaxElements) throw std::bad_alloc();
      widest_block_ = std::max(widest_block_, width);
    }
  }

  weights_ = AlignedFloats(weights_count);
  bias_ = AlignedFloats(bias_count);
  no_bias_ = AlignedFloats(widest_block_);
  for (const ChannelBlock& block : blocks_) {
    const std::int64_t width = block.vectors * kernels.lanes;
    float* out = weights_.data() + block.weights_offset;
    for (std::int64_t y = 0; y < shape.kernel_height; ++y) {
      for (std::int64_t x = 0; x < shape.kernel_width; ++x) {
        for (std::int64_t c = 0; c < shape.group_in(); ++c, out += width) {
          for (std::int64_t d = 0; d < block.channels; ++d) out[d] = filter.at(y, x, c, block.channel + d);
        }
      }
    }
    if (bias) std::copy_n(bias + block.channel, block.channels, bias_.data() + block.bias_offset);
  }
}

std::size_t PackedFilter::bytes() const {
  return static_cast<std::size_t>(weights_.count() + bias_.count() + no_bias_.count()) * sizeof(float);
}

}  // namespace simdconv
