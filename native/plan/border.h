// A border is a map from a coordinate to the source coordinate whose sample stands there, or to "outside".
// Nothing else in the library knows about borders. For a row of n samples (period in brackets):
//
//   edge       a a a | a b c d | d d d
//   reflect    d c b | a b c d | c b a   [2 (n - 1)]
//   symmetric  c b a | a b c d | d c b   [2 n]
//   wrap       b c d | a b c d | a b c   [n]
//   constant, renormalize: outside
#pragma once

#include <cstdint>

#include "simdconv/types.h"

namespace simdconv {

inline constexpr std::int64_t kOutside = -1;

// The source of `coordinate` in a row of `extent` samples, or kOutside. Total: any coordinate, any extent
// >= 1.
std::int64_t border_source(BorderMode mode, std::int64_t coordinate, std::int64_t extent);

// Whether samples beyond this border are taken from no source.
constexpr bool has_outside(BorderMode mode) {
  return mode == BorderMode::constant || mode == BorderMode::renormalize;
}

}  // namespace simdconv
