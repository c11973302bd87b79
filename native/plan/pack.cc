#include "plan/pack.h"

#include <algorithm>
#include <new>

#include "plan/common.h"

namespace simdconv {
namespace {

// Blocks as wide as a tile can be, of which a few may be a vector narrower; all are narrower if that leaves none
// over, as 8 vectors are 2 + 2 + 2 + 2 rather than 3 + 3 + 2. For a plan's tiles are as short as its widest blocks ask for,
// and a narrower one has few chains then: on AVX2 4 x 2 reach 0.91 of the peak, 6 x 2 and 4 x 3 0.98.
std::int64_t block_count(std::int64_t vectors, std::int64_t widest) {
  constexpr std::int64_t kManyBlocks = 8;
  const std::int64_t narrower = widest - 1;
  const bool leaves_none =
      narrower > 1 && vectors % narrower == 0 && vectors % widest != 0 && vectors <= kManyBlocks * widest;
  return leaves_none ? vectors / narrower : ceil_divide(vectors, widest);
}

}  // namespace

PackedFilter::PackedFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
                           const KernelTable& kernels) {
  const std::int64_t group_vectors = ceil_divide(shape.group_out(), kernels.lanes);
  const std::int64_t group_blocks = block_count(group_vectors, kernels.vectors);
  const std::int64_t steps = shape.kernel_height * shape.kernel_width * shape.group_in();
  std::int64_t weights_count = 0, bias_count = 0;
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    const std::int64_t group_end = (group + 1) * shape.group_out();
    std::int64_t channel = group * shape.group_out();
    for (std::int64_t b = 0; b < group_blocks; ++b) {
      const std::int64_t vectors = (b + 1) * group_vectors / group_blocks - b * group_vectors / group_blocks;
      const std::int64_t channels = std::min(vectors * kernels.lanes, group_end - channel);
      blocks_.push_back({group, channel, channels, vectors, weights_count, bias_count});
      const std::int64_t width = vectors * kernels.lanes;
      weights_count += steps * width;
      bias_count += width;
      channel += channels;
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
