#include "plan/select.h"

#include <algorithm>
#include <cstdio>

namespace simdconv {
namespace {

const Algorithm* const kBestFirst[] = {&kSeparable,   &kPlanar,      &kDepthwise,   &kFlat,
                                       &kWinograd4x4, &kWinograd2x2, &kWinograd6x6, &kWinograd1x4,
                                       &kWinograd4x1, &kGrouped,     &kDirect,      &kReference};

std::string in_milliseconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g ms", seconds * 1e3);
  return text;
}

// A name is an algorithm's, or that of its family: "winograd" is any of "winograd-4x4" and its siblings.
bool is_called(const Algorithm& algorithm, const std::string& name) {
  const std::string full = algorithm.name;
  return full == name || (full.size() > name.size() && full.compare(0, name.size() + 1, name + "-") == 0);
}

}  // namespace

Status select_algorithms(Layer& layer, const std::string& name, std::string* reason) {
  const bool automatic = name == "auto";
  bool known = automatic;
  for (const Algorithm* algorithm : kBestFirst) {
    const Algorithm* first = layer.algorithms.empty() ? nullptr : layer.algorithms.front();
    std::string decline;
    if (!automatic && !is_called(*algorithm, name)) {
      decline = "the caller asked for " + name;
    } else if (first && !(first->predict && algorithm->predict)) {
      decline = std::string(first->name) + " comes first";
    } else {
      known = true;
      decline = algorithm->decline(layer);
      if (decline.empty()) layer.algorithms.push_back(algorithm);
      if (reason && layer.algorithms.empty() && reason->empty()) *reason = decline;
    }
    layer.candidates.push_back({algorithm->name, decline.empty(), decline});
  }
  if (!known) return Status::bad_argument;
  return layer.algorithms.empty() ? Status::declined : Status::ok;
}

const Algorithm& choose_algorithm(const Layer& layer, const Geometry& geometry) {
  const auto quicker = [&](const Algorithm* a, const Algorithm* b) {
    return a->predict(layer, geometry) < b->predict(layer, geometry);
  };
  const auto& algorithms = layer.algorithms;
  if (algorithms.size() == 1) return *algorithms.front();
  return **std::min_element(algorithms.begin(), algorithms.end(), quicker);
}

std::vector<Candidate> describe_candidates(const Layer& layer, const Geometry& geometry) {
  std::vector<Candidate> candidates = layer.candidates;
  const Algorithm& chosen = choose_algorithm(layer, geometry);
  double chosen_seconds = 0;
  for (const Algorithm* algorithm : layer.algorithms) {
    if (!algorithm->predict) continue;
    const double seconds = algorithm->predict(layer, geometry);
    if (algorithm == &chosen) chosen_seconds = seconds;
    for (Candidate& candidate : candidates) {
      if (candidate.name == algorithm->name) candidate.predicted_seconds = seconds;
    }
  }
  for (Candidate& candidate : candidates) {
    if (!candidate.accepted || candidate.name == chosen.name) continue;
    candidate.accepted = false;
    candidate.reason = "it would take " + in_milliseconds(candidate.predicted_seconds) + ", " + chosen.name +
                       " " + in_milliseconds(chosen_seconds);
  }
  return candidates;
}

}  // namespace simdconv
