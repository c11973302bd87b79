// The algorithms, best first. Each accepts a layer or says why it declines. The first that accepts is taken; but one
// that can predict its time competes with the others after it that can, and the image decides.
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
  // The seconds that a run on one thread takes, or null.
  double (*predict)(const Layer& layer, const Geometry& geometry);
  // Decides all that depends on the image. Throws std::bad_alloc.
  std::shared_ptr<const Plan> (*plan)(std::shared_ptr<const Layer> layer, const Geometry& geometry);
};

// Sets layer.algorithms and layer.candidates. On Status::declined `reason` tells why the forced algorithm
// cannot.
Status select_algorithms(Layer& layer, const std::string& name, std::string* reason);

// The quickest for this image.
const Algorithm& choose_algorithm(const Layer& layer, const Geometry& geometry);

// All that were asked: before there was an image, and for this one.
std::vector<Candidate> describe_candidates(const Layer& layer, const Geometry& geometry);

extern const Algorithm kSeparable, kGrouped, kPlanar, kDepthwise, kFlat, kWinograd2x2, kWinograd4x4,
    kWinograd6x6, kWinograd1x4, kWinograd4x1, kDirect, kReference;

// Brings the weights into the form of the direct kernel, unless they are.
void pack_directly(Layer& layer);

// The kernels that `direct` would use for a layer.
const KernelTable& direct_kernels(const Layer& layer);

// Why an algorithm that leaves taps out as zeros declines a layer.
inline constexpr const char* kNeedsFiniteWeights =
    "a border that renormalizes leaves taps out, but a weight that is not finite turns the zero in their "
    "place into "
    "NaN";

}  // namespace simdconv
