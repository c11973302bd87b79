// The algorithms, best first. Each accepts a layer or says why it declines; the first that accepts is taken.
#pragma once

#include <memory>
#include <string>

#include "plan/layer.h"

namespace simdconv {

struct Algorithm {
  const char* name;
  // Empty: accepts. Otherwise the reason, as the end of the sentence "... declines: ...".
  std::string (*decline)(const Layer& layer);
  // Brings the weights into the algorithm's form. Throws std::bad_alloc.
  void (*prepare)(Layer& layer);
  // Decides all that depends on the image. Throws std::bad_alloc.
  std::shared_ptr<const Plan> (*plan)(std::shared_ptr<const Layer> layer, const Geometry& geometry);
};

// Sets layer.algorithm and layer.candidates. On Status::declined `reason` tells why the forced algorithm
// cannot.
Status select_algorithm(Layer& layer, const std::string& name, std::string* reason);

extern const Algorithm kSeparable, kDepthwise, kFlat, kDirect, kReference;

// Why an algorithm that leaves taps out as zeros declines a layer.
inline constexpr const char* kNeedsFiniteWeights =
    "a border that renormalizes leaves taps out, but a weight that is not finite turns the zero in their "
    "place into "
    "NaN";

}  // namespace simdconv
