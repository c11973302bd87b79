// What a Conv2d holds: the facts about its weights, the algorithms that the selection left, and the weights
// in the forms which these want. Built once; plans only read it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "plan/cyclic_filter.h"
#include "plan/depthwise_filter.h"
#include "plan/filter.h"
#include "plan/geometry.h"
#include "plan/pack.h"
#include "plan/renormalize.h"
#include "plan/separable_filter.h"
#include "plan/winograd_filter.h"
#include "simdconv/conv2d.h"

namespace simdconv {

struct Algorithm;

struct Layer final : Conv2d {
  Conv2dSpec spec;  // filter and bias point to the copies below, or are null
  LayerShape shape{};
  const KernelTable* kernels = nullptr;
  bool finite_weights = true;
  bool whole_weights = false;  // they are integers, all of them

  std::vector<const Algorithm*> algorithms;  // that accepted; where there are several, the image decides
  std::vector<Candidate> candidates;         // all that were asked

  PackedFilter packed;                              // for direct, and the tiles that winograd leaves to it
  DepthwiseFilter depthwise;                        // for depthwise
  CyclicFilter cyclic;                              // for flat
  SeparableFilter separable;                        // for separable
  WinogradFilter winograd[kFormCount][kFormCount];  // by the forms of y and x
  Renormalizer renormalizer;                        // where the border renormalizes
  std::vector<float> filter;                        // for reference, as given
  std::vector<float> bias;                          // for reference

  // Output channels that share a plane, where rows are seen as flat arrays.
  std::int64_t plane_channels() const { return spec.layout == Layout::nhwc ? shape.out_channels : 1; }

  // While the layer is made: the caller's filter.
  FilterView filter_view() const { return view_filter(spec.filter, spec.filter_layout, shape, spec.flip); }

  std::int64_t in_channels() const override { return shape.in_channels; }
  std::size_t packed_bytes() const override {
    std::size_t bytes = packed.bytes() + depthwise.bytes() + cyclic.bytes() + separable.bytes();
    for (const auto& forms : winograd) {
      for (const WinogradFilter& form : forms) bytes += form.bytes();
    }
    return bytes + (filter.size() + bias.size()) * sizeof(float);
  }
};

}  // namespace simdconv
