// Weights as `planar` reads them: the output channels of a group in blocks of nearly equal size, and in a
// block [input channel][kernel row][kernel column][output of the block], so that the taps of a channel, which
// read the same samples, come one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernels.h"
#include "plan/buffer.h"
#include "plan/filter.h"

namespace simdconv {

// Output channels [channel, channel + outputs) of one group, computed together.
struct PlanarBlock {
  std::int64_t group, channel, outputs;  // channel counts over all groups
  std::int64_t weights_offset;
};

class PlanarFilter {
 public:
  PlanarFilter() = default;
  // `bias` has one value per output channel, or is null. Throws std::bad_alloc.
  PlanarFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
               const PlanarKernels& kernels);

  std::int64_t blocks_per_group() const { return blocks_per_group_; }
  std::int64_t most_outputs() const { return no_bias_.count(); }      // of a block
  const std::vector<PlanarBlock>& blocks() const { return blocks_; }  // group by group
  const float* weights(const PlanarBlock& block) const { return weights_.data() + block.weights_offset; }
  const float* bias() const { return bias_.data(); }        // [output channels]
  const float* no_bias() const { return no_bias_.data(); }  // zeros, for the largest block
  std::size_t bytes() const;

 private:
  std::int64_t blocks_per_group_ = 0;
  std::vector<PlanarBlock> blocks_;
  AlignedFloats weights_, bias_, no_bias_;
};

}  // namespace simdconv
