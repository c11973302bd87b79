// Weights as the passes of a separable convolution read them: for each kernel row, and for each kernel
// column, the factors of all channels of a pixel, and then the same from the beginning, so that a tile finds
// whole vectors from any channel on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "plan/buffer.h"
#include "plan/filter.h"

namespace simdconv {

class SeparableFilter {
 public:
  SeparableFilter() = default;
  // Every channel must have factors (plan/rank_one.h). For planes whose pixels are `plane_channels` wide: all
  // output channels, or 1. `bias` may be null. Throws std::bad_alloc.
  SeparableFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
                  std::int64_t plane_channels, const KernelTable& kernels);

  // Of the plane whose first output channel is `channel`.
  const float* vertical(std::int64_t channel) const { return of_plane(vertical_, channel); }
  const float* horizontal(std::int64_t channel) const { return of_plane(horizontal_, channel); }
  const float* bias(std::int64_t channel) const { return of_plane(bias_, channel); }
  const float* no_bias() const { return no_bias_.data(); }
  std::int64_t pitch() const { return pitch_; }             // from tap to tap
  std::int64_t bias_floats() const { return kBiasFloats; }  // that can be read from any channel on
  std::size_t bytes() const;

 private:
  static constexpr std::int64_t kBiasFloats = 256;  // what the finish kernel is given at a time

  const float* of_plane(const AlignedFloats& floats, std::int64_t channel) const {
    return floats.data() + channel / plane_channels_ * (floats.count() / planes_);
  }

  AlignedFloats vertical_;    // [plane][kernel row][pitch]
  AlignedFloats horizontal_;  // [plane][kernel column][pitch]
  AlignedFloats bias_;        // [plane][plane_channels - 1 + kBiasFloats]
  AlignedFloats no_bias_;     // as one plane of bias
  std::int64_t plane_channels_ = 1, planes_ = 1, pitch_ = 0;
};

}  // namespace simdconv
