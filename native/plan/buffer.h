// Floats that start on a cache line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "simdconv/conv2d.h"

namespace simdconv {

class AlignedFloats {
 public:
  AlignedFloats() = default;
  // Zeros. Throws std::bad_alloc.
  explicit AlignedFloats(std::int64_t count)
      : count_(count), block_(new float[static_cast<std::size_t>(count) + kRoom]) {
    std::fill_n(data(), count, 0.0F);
  }

  float* data() { return align(block_.get()); }
  const float* data() const { return align(block_.get()); }
  std::int64_t count() const { return count_; }

 private:
  // For the first aligned element. What the C library aligns does not fit where a block of the same size was freed: layers
  // made and disposed of in turns grew the heap until the garbage collector ran (800 MB in 1000 layers of 4 MB).
  static constexpr std::size_t kRoom = kScratchAlignment / sizeof(float);

  static float* align(float* block) {
    const std::size_t past = reinterpret_cast<std::uintptr_t>(block) / sizeof(float) % kRoom;
    return block + (kRoom - past) % kRoom;
  }

  std::int64_t count_ = 0;
  std::unique_ptr<float[]> block_;
};

}  // namespace simdconv
