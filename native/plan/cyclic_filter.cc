#include "plan/cyclic_filter.h"

#include <algorithm>
#include <new>

namespace simdconv {

CyclicFilter::CyclicFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
                           std::int64_t plane_channels, const KernelTable& kernels)
    : plane_channels_(plane_channels), taps_(shape.kernel_height * shape.kernel_width) {
  const std::int64_t widest = std::max(kernels.flat.own.vectors, kernels.flat.shared.vectors);
  pitch_ = plane_channels - 1 + widest * kernels.lanes;
  const std::int64_t planes = shape.out_channels / plane_channels;
  std::int64_t count = planes;
  if (!checked_multiply(&count, taps_) || !checked_multiply(&count, pitch_)) throw std::bad_alloc();
  weights_ = AlignedFloats(count);
  bias_ = AlignedFloats(planes * pitch_);
  no_bias_ = AlignedFloats(pitch_);

  float* weight = weights_.data();
  float* value = bias_.data();
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    const auto channel = [&](std::int64_t i) { return plane * plane_channels + i % plane_channels; };
    for (std::int64_t y = 0; y < shape.kernel_height; ++y) {
      for (std::int64_t x = 0; x < shape.kernel_width; ++x) {
        for (std::int64_t i = 0; i < pitch_; ++i) *weight++ = filter.at(y, x, 0, channel(i));
      }
    }
    for (std::int64_t i = 0; i < pitch_; ++i) *value++ = bias ? bias[channel(i)] : 0.0F;
  }
}

std::size_t CyclicFilter::bytes() const {
  return static_cast<std::size_t>(weights_.count() + bias_.count() + no_bias_.count()) * sizeof(float);
}

}  // namespace simdconv
