// The plan of a per-pixel network whose lanes are pixels, in all layers, so that no width leaves a lane idle. Pixels
// become planes, a channel each, and every layer makes planes of planes:
//
//   pixels of a group         input        hidden layers          output         pixels
//     rgb rgb rgb rgb ...     r r r r      . . . .   . . . .      x x x x        xyz xyz xyz ...
//                        ->   g g g g  ->  . . . . > . . . .  ->  y y y y   ->
//                             b b b b       ...       ...         z z z z
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plan/mlp_plan.h"

namespace simdconv {

class MlpPlanesPlan final : public MlpPlan {
 public:
  MlpPlanesPlan(const std::shared_ptr<const Mlp>& mlp, const Geometry& geometry);

 private:
  std::string kernel_name() const override;
  void run_group(const Group& group) const override;
  void gather(const Group& group) const;
  void run_layer(const Group& group, std::size_t index) const;
  void choose(const Group& group) const;
  void store(const Group& group) const;

  float* pixel_floats(const Group& group) const {
    return reinterpret_cast<float*>(group.scratch + pixel_floats_);
  }

  std::vector<std::ptrdiff_t> offsets_;  // of the planes of the widest layer's input
  std::size_t pixel_floats_ = 0;  // in scratch, [pixels][channels]: where bytes become floats or floats bytes
};

}  // namespace simdconv
