// The plan of a per-pixel network whose lanes are channels, in all layers: their widths are whole vectors. Pixels stay
// what they are, [pixel][channel], and nothing is transposed. The first layer reads the image in place, the last one
// writes it, unless they are bytes:
//
//   pixels of a group            hidden layers              pixels
//     abcdefgh abcdefgh ...  ->  ........ ........ ...  ->  stuvwxyz stuvwxyz ...
#pragma once

#include <memory>
#include <string>

#include "plan/mlp_plan.h"

namespace simdconv {

class MlpPixelsPlan final : public MlpPlan {
 public:
  MlpPixelsPlan(const std::shared_ptr<const Mlp>& mlp, const Geometry& geometry);

 private:
  std::string kernel_name() const override;
  void run_group(const Group& group) const override;
  void run_layer(const Group& group, std::size_t index) const;
  void let_ask_ahead(const Group& group, std::int64_t stretches, DirectTiles* tiles) const;
  void finish(const Group& group, std::size_t index) const;

  const float* read(const Group& group, std::size_t index) const {
    return index == 0 && tiles_.reads_in_place ? group.in.floats() : value(group, index);
  }
  float* written(const Group& group, std::size_t index) const {
    return index == mlp_->layers.size() && tiles_.writes_in_place ? group.out.floats() : value(group, index);
  }
};

}  // namespace simdconv
