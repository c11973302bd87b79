#include "plan/separable_filter.h"

#include <algorithm>
#include <new>

#include "plan/rank_one.h"

namespace simdconv {
namespace {

std::int64_t checked_product(std::int64_t a, std::int64_t b, std::int64_t c) {
  if (!checked_multiply(&a, b) || !checked_multiply(&a, c)) throw std::bad_alloc();
  return a;
}

// Writes `value` at `place` and at every period after it.
void repeat(float value, std::int64_t place, std::int64_t period, std::int64_t count, float* out) {
  for (std::int64_t i = place; i < count; i += period) out[i] = value;
}

}  // namespace

SeparableFilter::SeparableFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
                                 std::int64_t plane_channels, const KernelTable& kernels)
    : plane_channels_(plane_channels), planes_(shape.out_channels / plane_channels) {
  pitch_ =
      plane_channels - 1 + std::max<std::int64_t>(kernels.separable.vectors, kMaxSharedStep) * kernels.lanes;
  const std::int64_t bias_pitch = plane_channels - 1 + kBiasFloats;
  const std::int64_t vertical_floats = shape.kernel_height * pitch_;
  const std::int64_t horizontal_floats = shape.kernel_width * pitch_;
  vertical_ = AlignedFloats(checked_product(planes_, shape.kernel_height, pitch_));
  horizontal_ = AlignedFloats(checked_product(planes_, shape.kernel_width, pitch_));
  bias_ = AlignedFloats(checked_product(planes_, 1, bias_pitch));
  no_bias_ = AlignedFloats(bias_pitch);

  RankOne factors;
  for (std::int64_t d = 0; d < shape.out_channels; ++d) {
    const std::int64_t plane = d / plane_channels, channel = d % plane_channels;
    factor_rank_one(filter, shape, d, &factors);
    float* out = vertical_.data() + plane * vertical_floats;
    for (const float v : factors.rows) {
      repeat(v, channel, plane_channels, pitch_, out);
      out += pitch_;
    }
    out = horizontal_.data() + plane * horizontal_floats;
    for (const float h : factors.columns) {
      repeat(h, channel, plane_channels, pitch_, out);
      out += pitch_;
    }
    repeat(bias ? bias[d] : 0.0F, channel, plane_channels, bias_pitch, bias_.data() + plane * bias_pitch);
  }
}

std::size_t SeparableFilter::bytes() const {
  return static_cast<std::size_t>(vertical_.count() + horizontal_.count() + bias_.count() +
                                  no_bias_.count()) *
         sizeof(float);
}

}  // namespace simdconv
