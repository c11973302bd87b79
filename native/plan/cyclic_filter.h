// Weights as `flat` reads them: for each kernel tap the weights of all channels of a pixel, and
// then the same from the beginning, so that a tile finds whole vectors from any channel on. A single channel
// is one weight, repeated.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "plan/buffer.h"
#include "plan/filter.h"

namespace simdconv {

class CyclicFilter {
 public:
  CyclicFilter() = default;
  // For planes whose pixels are `plane_channels` wide: all output channels, or 1. `bias` may be null.
  // Throws std::bad_alloc.
  CyclicFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
               std::int64_t plane_channels, const KernelTable& kernels);

  // Of the plane whose first output channel is `channel`.
  const float* weights(std::int64_t channel) const {
    return weights_.data() + channel / plane_channels_ * taps_ * pitch_;
  }
  const float* bias(std::int64_t channel) const { return bias_.data() + channel / plane_channels_ * pitch_; }
  const float* no_bias() const { return no_bias_.data(); }
  std::int64_t pitch() const { return pitch_; }  // from tap to tap
  std::size_t bytes() const;

 private:
  AlignedFloats weights_;  // [plane][kernel row][kernel column][pitch]
  AlignedFloats bias_;     // [plane][pitch]
  AlignedFloats no_bias_;  // [pitch]
  std::int64_t plane_channels_ = 1, taps_ = 0, pitch_ = 0;
};

}  // namespace simdconv
