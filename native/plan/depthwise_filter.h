// Weights as `depthwise` reads them: for each block of channels its taps, front to back. Blocks are vectors of
// neighbouring channels. They had better begin where lines begin, since a vector that straddles two is two loads.
// Arrays start on any multiple of 16 bytes (large ones of Node 16 bytes past a line), so there is a set of blocks for
// each, as here for 64 channels on AVX-512:
//
//   | 0 .. 15 | 16 .. 31 | 32 .. 47 | 48 .. 63 |             pixels begin on a line
//   | 12 .. 27 | 28 .. 43 | 44 .. 59 | 60 .. 63, 0 .. 11 |   16 bytes past one
//
// Where groups have several channels, 2^n in and out, weights are in as many turns: lane l has that from channel l xor
// turn to channel l. Blocks hold whole groups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plan/buffer.h"
#include "plan/filter.h"

namespace simdconv {

class DepthwiseFilter {
 public:
  class Blocks {
   public:
    Blocks() = default;
    Blocks(const FilterView& filter, const float* bias, const LayerShape& shape, std::int64_t lanes,
           std::int64_t first_channel);

    std::int64_t first_channel() const { return first_channel_; }  // of the first block
    const float* weights() const { return weights_.data(); }
    const float* bias() const { return bias_.data(); }
    const float* no_bias() const { return no_bias_.data(); }
    std::size_t bytes() const;

   private:
    std::int64_t first_channel_ = 0;
    AlignedFloats weights_;  // [block][turn][kernel row][kernel column][lanes]
    AlignedFloats bias_;     // [block][lanes]
    AlignedFloats no_bias_;  // [block][lanes]
  };

  DepthwiseFilter() = default;
  // For whole vectors of channels. `bias` may be null. Throws std::bad_alloc.
  DepthwiseFilter(const FilterView& filter, const float* bias, const LayerShape& shape, std::int64_t lanes);

  // For an image that begins there.
  const Blocks& blocks_for(const float* image) const;
  const float* bias() const { return blocks_.front().bias(); }  // [channels]
  std::size_t bytes() const;

 private:
  std::int64_t granule_ = 1;    // floats
  std::vector<Blocks> blocks_;  // by granules beyond a whole vector; one, where more do not pay
};

}  // namespace simdconv
