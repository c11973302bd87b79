// What the plans of a Conv2d's algorithms share: the layer and its geometry, and what follows from the two.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "plan/common.h"
#include "plan/layer.h"
#include "plan/select.h"

namespace simdconv {

class LayerPlan : public Plan {
 public:
  Description describe() const final {
    return {algorithm_,      kernel_name(),          isa(),
            scratch_bytes(), layer_->packed_bytes(), describe_candidates(*layer_, geometry_)};
  }
  ImageShape input_shape() const final { return geometry_.in; }
  ImageShape output_shape() const final { return geometry_.out; }
  ElementType in_type() const final { return layer_->spec.in_type; }
  ElementType out_type() const final { return layer_->spec.out_type; }
  std::int64_t macs() const final { return geometry_.macs(); }

 protected:
  LayerPlan(std::string algorithm, std::shared_ptr<const Layer> layer, const Geometry& geometry)
      : layer_(std::move(layer)), geometry_(geometry), algorithm_(std::move(algorithm)) {
    fused_ = as_clamp(layer_->spec.activation, &low_, &high_);
  }

  virtual std::string kernel_name() const = 0;
  virtual Isa isa() const { return layer_->kernels->isa; }

  std::shared_ptr<const Layer> layer_;
  Geometry geometry_;         // as the caller sees it
  bool fused_;                // bias and clamp finish an output; otherwise the finish kernel does
  float low_ = 0, high_ = 0;  // the clamp
  std::string algorithm_;     // its name
};

}  // namespace simdconv
