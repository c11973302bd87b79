// What a PixelMlp holds: its layers with their weights as the tiles of its plan read them. Built once; plans only read it.
#pragma once

#include <vector>

#include "kernels/kernels.h"
#include "plan/common.h"
#include "plan/pack.h"
#include "plan/planar_filter.h"
#include "simdconv/pixel_mlp.h"

namespace simdconv {

struct MlpLayer {
  std::int64_t in_channels, out_channels;
  Activation activation;
  std::int64_t residual_from;
  bool residual_after;
  PlanarFilter planar;  // where lanes are pixels
  PackedFilter packed;  // where they are channels

  bool has_residual() const { return residual_from != kNoResidual; }
  bool adds_before() const { return has_residual() && !residual_after; }

  // The sum starts as the bias wherever Conv2d's would, so that both give the same bits.
  bool sum_has_bias() const { return is_clamped() || adds_before(); }
  bool is_clamped() const {
    float low, high;
    return as_clamp(activation, &low, &high);
  }
  bool clamps_sum() const { return is_clamped() && !adds_before(); }
  void clamp_of_sum(float* low, float* high) const {
    as_clamp(clamps_sum() ? activation : Activation{}, low, high);
  }
};

struct Mlp final : PixelMlp {
  std::vector<MlpLayer> layers;
  Classify classify = Classify::none;
  Layout layout = Layout::nhwc;
  ElementType in_type = ElementType::float32, out_type = ElementType::float32;
  const KernelTable* kernels = nullptr;
  bool lanes_are_channels = false;

  std::int64_t in_channels() const override { return layers.front().in_channels; }
  std::int64_t out_channels() const { return classify == Classify::argmax ? 1 : layers.back().out_channels; }
  std::size_t packed_bytes() const override {
    std::size_t bytes = 0;
    for (const MlpLayer& layer : layers) bytes += layer.planar.bytes() + layer.packed.bytes();
    return bytes;
  }
};

}  // namespace simdconv
