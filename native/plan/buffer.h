// Floats that start on a cache line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "simdconv/conv2d.h"

namespace simdconv {

class AlignedFloats {
 public:
  AlignedFloats() = default;
  // Zeros. Throws std::bad_alloc.
  explicit AlignedFloats(std::int64_t count) : count_(count), data_(allocate(count)) {
    std::fill_n(data_.get(), count, 0.0F);
  }

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::int64_t count() const { return count_; }

 private:
  struct Free {
    void operator()(float* p) const { ::operator delete(p, std::align_val_t{kScratchAlignment}); }
  };
  static float* allocate(std::int64_t count) {
    return static_cast<float*>(
        ::operator new(static_cast<std::size_t>(count) * sizeof(float), std::align_val_t{kScratchAlignment}));
  }

  std::int64_t count_ = 0;
  std::unique_ptr<float[], Free> data_;
};

}  // namespace simdconv
