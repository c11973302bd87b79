#include "plan/border.h"

#include <algorithm>

namespace simdconv {
namespace {

// The remainder in [0, period), for negative coordinates too.
std::int64_t positive_remainder(std::int64_t coordinate, std::int64_t period) {
  const std::int64_t remainder = coordinate % period;
  return remainder < 0 ? remainder + period : remainder;
}

}  // namespace

std::int64_t border_source(BorderMode mode, std::int64_t coordinate, std::int64_t extent) {
  if (coordinate >= 0 && coordinate < extent) return coordinate;
  switch (mode) {
    case BorderMode::constant:
    case BorderMode::renormalize:
      return kOutside;
    case BorderMode::edge:
      return std::clamp<std::int64_t>(coordinate, 0, extent - 1);
    case BorderMode::reflect: {
      if (extent == 1) return 0;
      const std::int64_t period = 2 * (extent - 1);
      const std::int64_t phase = positive_remainder(coordinate, period);
      return std::min(phase, period - phase);
    }
    case BorderMode::symmetric: {
      const std::int64_t period = 2 * extent;
      const std::int64_t phase = positive_remainder(coordinate, period);
      return std::min(phase, period - 1 - phase);
    }
    case BorderMode::wrap:
      return positive_remainder(coordinate, extent);
  }
  return kOutside;
}

}  // namespace simdconv
