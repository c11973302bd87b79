// Weights in the order in which the direct kernel reads them: output channels in blocks of whole vectors, and
// in a block [kernel row][kernel column][input channel][channel of the block], zero where a block has no
// channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernels.h"
#include "plan/buffer.h"
#include "plan/filter.h"

namespace simdconv {

// Output channels [channel, channel + channels) of one group, computed together.
struct ChannelBlock {
  std::int64_t group, channel, channels;  // channel counts over all groups
  std::int64_t vectors;                   // that hold them, the last perhaps in part
  std::int64_t weights_offset, bias_offset;
};

class PackedFilter {
 public:
  PackedFilter() = default;
  // `bias` has one value per output channel, or is null. Throws std::bad_alloc.
  PackedFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
               const KernelTable& kernels);

  const std::vector<ChannelBlock>& blocks() const { return blocks_; }
  const float* weights(const ChannelBlock& block) const { return weights_.data() + block.weights_offset; }
  const float* bias(const ChannelBlock& block) const { return bias_.data() + block.bias_offset; }
  const float* no_bias() const { return no_bias_.data(); }     // zeros, as wide as the widest block
  std::int64_t widest_block() const { return widest_block_; }  // channels, rounded up to whole vectors
  std::size_t bytes() const;

 private:
  std::vector<ChannelBlock> blocks_;
  AlignedFloats weights_, bias_, no_bias_;
  std::int64_t widest_block_ = 0;
};

}  // namespace simdconv
