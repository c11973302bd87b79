// What all fast plans share: the sizes of windows and units, the clamp that some activations are, and the
// layout of scratch memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "simdconv/conv2d.h"

namespace simdconv {

inline constexpr std::int64_t kWindowFloats =
    65536;  // 256 KiB: half of the smallest L2 among current servers' cores
inline constexpr std::int64_t kL2Floats = 262144;  // 1 MiB: most of them have no more
inline constexpr std::int64_t kPageFloats = 1024;  // beyond a page no hardware prefetcher looks
inline constexpr std::int64_t kLineFloats = 16;    // of a cache line
inline constexpr std::int64_t kPointerFloats = sizeof(std::uintptr_t) / sizeof(float);
inline constexpr std::int64_t kMinUnits = 8;  // enough for a few threads to share evenly
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

inline std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// The clamp that an activation is, if it is one.
inline bool as_clamp(const Activation& activation, float* low, float* high) {
  *low = -kInfinity;
  *high = kInfinity;
  switch (activation.kind) {
    case ActivationKind::none:
      return true;
    case ActivationKind::relu:
      *low = 0;
      return true;
    case ActivationKind::clamp:
      *low = activation.a;
      *high = activation.b;
      return true;
    default:
      return false;
  }
}

// Offsets of arrays in a thread's scratch, each on a cache line of its own.
class ScratchLayout {
 public:
  template <typename T>
  std::size_t place(std::int64_t count) {
    const std::size_t start = bytes_;
    const std::size_t end = start + static_cast<std::size_t>(count) * sizeof(T);
    bytes_ = (end + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
    return start;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

}  // namespace simdconv
