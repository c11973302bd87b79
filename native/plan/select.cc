#include "plan/select.h"

namespace simdconv {
namespace {

const Algorithm* const kBestFirst[] = {&kSeparable, &kDepthwise, &kFlat, &kDirect, &kReference};

}  // namespace

Status select_algorithm(Layer& layer, const std::string& name, std::string* reason) {
  const bool automatic = name == "auto";
  bool known = automatic;
  for (const Algorithm* algorithm : kBestFirst) {
    std::string decline;
    if (layer.algorithm) {
      decline = std::string(layer.algorithm->name) + " comes first";
    } else if (!automatic && name != algorithm->name) {
      decline = "the caller asked for " + name;
    } else {
      known = true;
      decline = algorithm->decline(layer);
      if (decline.empty()) layer.algorithm = algorithm;
      if (reason) *reason = decline;
    }
    layer.candidates.push_back({algorithm->name, decline.empty(), decline});
  }
  if (!known) return Status::bad_argument;
  return layer.algorithm ? Status::ok : Status::declined;
}

}  // namespace simdconv
