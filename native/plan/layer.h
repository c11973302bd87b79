// What a Conv2d holds: the facts about its weights, the algorithm that the selection chose, and the weights
// in the form which that algorithm wants. Built once; plans only read it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "plan/geometry.h"
#include "plan/pack.h"
#include "plan/renormalize.h"
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
  Renormalizer renormalizer;  // for direct, where the border renormalizes
  std::vector<float> filter;  // for reference, as given
  std::vector<float> bias;    // for reference

  std::int64_t in_channels() const override { return shape.in_channels; }
  std::size_t packed_bytes() const override {
    return packed.bytes() + (filter.size() + bias.size()) * sizeof(float);
  }
};

}  // namespace simdconv
