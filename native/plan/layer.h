// What a Conv2d holds: the facts about its weights, the algorithm that the selection chose, and the weights
// in the form which that algorithm wants. Built once; plans only read it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "plan/cyclic_filter.h"
#include "plan/geometry.h"
#include "plan/pack.h"
#include "plan/renormalize.h"
#include "plan/separable_filter.h"
#include "simdconv/conv2d.h"

namespace simdconv {

struct Algorithm;

struct Layer final : Conv2d {
  Conv2dSpec spec;  // filter and bias point to the copies below, or are null
  LayerShape shape{};
  const KernelTable* kernels = nullptr;
  bool finite_weights = true;

  const Algorithm* algorithm = nullptr;
  std::vector<Candidate> candidates;

  PackedFilter packed;        // for direct
  CyclicFilter cyclic;        // for depthwise and flat
  SeparableFilter separable;  // for separable
  Renormalizer renormalizer;  // for all three, where the border renormalizes
  std::vector<float> filter;  // for reference, as given
  std::vector<float> bias;    // for reference

  // Output channels that share a plane, where rows are seen as flat arrays.
  std::int64_t plane_channels() const { return spec.layout == Layout::nhwc ? shape.out_channels : 1; }

  void take_renormalizer(const FilterView& view) {
    if (spec.border.renormalizes()) renormalizer = Renormalizer(spec.border.by, view, shape);
  }

  std::int64_t in_channels() const override { return shape.in_channels; }
  std::size_t packed_bytes() const override {
    return packed.bytes() + cyclic.bytes() + separable.bytes() +
           (filter.size() + bias.size()) * sizeof(float);
  }
};

}  // namespace simdconv
