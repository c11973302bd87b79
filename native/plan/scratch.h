// A thread's scratch: grows to what its plans ask, so that a run allocates nothing once warm.
#pragma once

#include <cstddef>
#include <new>

#include "simdconv/conv2d.h"

namespace simdconv {

class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { release(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // False when there is not so much memory.
  bool reserve(std::size_t bytes) {
    if (bytes <= bytes_) return true;
    release();
    data_ = static_cast<std::byte*>(::operator new(bytes, std::align_val_t{kScratchAlignment}, std::nothrow));
    bytes_ = data_ ? bytes : 0;
    return data_ != nullptr;
  }

  // Gives unusually much memory back; what common layers need is kept.
  void trim() {
    if (bytes_ > kMostKeptBytes) release();
  }

  std::byte* data() { return data_; }

 private:
  static constexpr std::size_t kMostKeptBytes = std::size_t{4} << 20;

  void release() {
    ::operator delete(data_, std::align_val_t{kScratchAlignment});
    data_ = nullptr;
    bytes_ = 0;
  }

  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace simdconv
