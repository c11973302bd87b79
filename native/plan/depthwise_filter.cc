#include "plan/depthwise_filter.h"

#include <algorithm>
#include <new>

#include "plan/common.h"

namespace simdconv {
namespace {

constexpr std::int64_t kGranule = 4;         // floats: arrays start on a multiple of it
constexpr std::int64_t kLeastChannels = 64;  // for which one more block is worth it

}  // namespace

DepthwiseFilter::Blocks::Blocks(const FilterView& filter, const float* bias, const LayerShape& shape,
                                std::int64_t lanes, std::int64_t first_channels)
    : first_channels_(first_channels) {
  const std::int64_t last = shape.out_channels - lanes;
  const std::int64_t blocks =
      1 + ceil_divide(std::max<std::int64_t>(last + lanes - first_channels, 0), lanes);
  std::int64_t count = blocks * lanes;
  bias_ = AlignedFloats(count);
  no_bias_ = AlignedFloats(count);
  if (!checked_multiply(&count, shape.kernel_height * shape.kernel_width * shape.group_in()))
    throw std::bad_alloc();
  weights_ = AlignedFloats(count);

  float* weight = weights_.data();
  float* value = bias_.data();
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t first = block == 0 ? 0 : std::min(first_channels + (block - 1) * lanes, last);
    for (std::int64_t turn = 0; turn < shape.group_in(); ++turn) {
      for (std::int64_t y = 0; y < shape.kernel_height; ++y) {
        for (std::int64_t x = 0; x < shape.kernel_width; ++x) {
          for (std::int64_t i = 0; i < lanes; ++i) {
            *weight++ = filter.at(y, x, (i ^ turn) % shape.group_in(), first + i);
          }
        }
      }
    }
    for (std::int64_t i = 0; i < lanes; ++i) *value++ = bias ? bias[first + i] : 0.0F;
  }
}

std::size_t DepthwiseFilter::Blocks::bytes() const {
  return static_cast<std::size_t>(weights_.count() + bias_.count() + no_bias_.count()) * sizeof(float);
}

DepthwiseFilter::DepthwiseFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
                                 std::int64_t lanes)
    : granule_(std::max(kGranule, shape.group_in())) {
  const std::int64_t past = shape.out_channels < kLeastChannels ? 0 : lanes - 1;
  for (std::int64_t i = 0; i <= past; i += granule_)
    blocks_.emplace_back(filter, bias, shape, lanes, lanes - i);
}

const DepthwiseFilter::Blocks& DepthwiseFilter::blocks_for(const float* image) const {
  const std::size_t granules =
      reinterpret_cast<std::uintptr_t>(image) / (static_cast<std::size_t>(granule_) * sizeof(float));
  return blocks_[granules % blocks_.size()];
}

std::size_t DepthwiseFilter::bytes() const {
  std::size_t bytes = 0;
  for (const Blocks& blocks : blocks_) bytes += blocks.bytes();
  return bytes;
}

}  // namespace simdconv
