// The images of a run as plans pass them on: samples of either element type, counted in elements.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simdconv/types.h"

namespace simdconv {

struct InSamples {
  const void* data;
  ElementType type;

  const float* floats() const { return static_cast<const float*>(data); }
  const std::uint8_t* bytes() const { return static_cast<const std::uint8_t*>(data); }
  InSamples from(std::ptrdiff_t element) const {
    if (type == ElementType::uint8) return {bytes() + element, type};
    return {floats() + element, type};
  }
};

struct OutSamples {
  void* data;
  ElementType type;

  float* floats() const { return static_cast<float*>(data); }
  std::uint8_t* bytes() const { return static_cast<std::uint8_t*>(data); }
  OutSamples from(std::ptrdiff_t element) const {
    if (type == ElementType::uint8) return {bytes() + element, type};
    return {floats() + element, type};
  }
};

}  // namespace simdconv
