#include "plan/depthwise_filter.h"

#include <algorithm>
#include <new>

#include "plan/common.h"

namespace simdconv {
namespace {

constexpr std::int64_t kGranule = 4;         // floats: arrays start on a multiple of it
constexpr std::int64_t kLeastChannels = 64;  // for which a block that is joined is worth it

}  // namespace

DepthwiseFilter::Blocks::Blocks(const FilterView& filter, const float* bias, const LayerShape& shape,
                                std::int64_t lanes, std::int64_t first_channel)
    : first_channel_(first_channel), bias_(shape.out_channels), no_bias_(shape.out_channels) {
  std::int64_t count = shape.out_channels;
  if (!checked_multiply(&count, shape.kernel_height * shape.kernel_width * shape.group_in()))
    throw std::bad_alloc();
  weights_ = AlignedFloats(count);

  float* weight = weights_.data();
  float* value = bias_.data();
  for (std::int64_t first = first_channel; first < first_channel + shape.out_channels; first += lanes) {
    const auto channel = [&](std::int64_t lane) { return (first + lane) % shape.out_channels; };
    for (std::int64_t turn = 0; turn < shape.group_in(); ++turn) {
      for (std::int64_t y = 0; y < shape.kernel_height; ++y) {
        for (std::int64_t x = 0; x < shape.kernel_width; ++x) {
          for (std::int64_t i = 0; i < lanes; ++i) {
            *weight++ = filter.at(y, x, (i ^ turn) % shape.group_in(), channel(i));
          }
        }
      }
    }
    for (std::int64_t i = 0; i < lanes; ++i) *value++ = bias ? bias[channel(i)] : 0.0F;
  }
}

std::size_t DepthwiseFilter::Blocks::bytes() const {
  return static_cast<std::size_t>(weights_.count() + bias_.count() + no_bias_.count()) * sizeof(float);
}

DepthwiseFilter::DepthwiseFilter(const FilterView& filter, const float* bias, const LayerShape& shape,
                                 std::int64_t lanes)
    : granule_(std::max(kGranule, shape.group_in())) {
  const std::int64_t most = shape.out_channels < kLeastChannels ? 1 : lanes;
  for (std::int64_t past = 0; past < most; past += granule_)
    blocks_.emplace_back(filter, bias, shape, lanes, (lanes - past) % lanes);
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
