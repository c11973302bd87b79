// What a PixelMlp holds: its layers with their weights as `planar` tiles read them. Built once; plans only read it.
#pragma once

#include <vector>

#include "kernels/kernels.h"
#include "plan/planar_filter.h"
#include "simdconv/pixel_mlp.h"

namespace simdconv {

struct MlpLayer {
  std::int64_t in_channels, out_channels;
  Activation activation;
  std::int64_t residual_from;
  bool residual_after;
  PlanarFilter filter;

  bool has_residual() const { return residual_from != kNoResidual; }
  bool adds_before() const { return has_residual() && !residual_after; }
};

struct Mlp final : PixelMlp {
  std::vector<MlpLayer> layers;
  Classify classify = Classify::none;
  Layout layout = Layout::nhwc;
  ElementType in_type = ElementType::float32, out_type = ElementType::float32;
  const KernelTable* kernels = nullptr;

  std::int64_t in_channels() const override { return layers.front().in_channels; }
  std::int64_t out_channels() const { return classify == Classify::argmax ? 1 : layers.back().out_channels; }
  std::size_t packed_bytes() const override {
    std::size_t bytes = 0;
    for (const MlpLayer& layer : layers) bytes += layer.filter.bytes();
    return bytes;
  }
};

}  // namespace simdconv
