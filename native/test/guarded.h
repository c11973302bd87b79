// Floats or bytes between two pages that cannot be touched: a kernel that reads or writes past its memory, even by
// one byte, stops here.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace simdconv::test {

// Where they stand between the pages: against the end (overruns fault) or the start (underruns fault).
enum class Against { end, start };

template <typename T>
class Guarded {
 public:
  Guarded(std::int64_t count, Against against) : count_(count) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    middle_bytes_ = std::max<std::size_t>(1, (bytes + page - 1) / page) * page;
    mapped_bytes_ = middle_bytes_ + 2 * page;
    mapped_ =
        static_cast<std::byte*>(mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (mapped_ == MAP_FAILED) std::abort();
    middle_ = mapped_ + page;
    if (mprotect(middle_, middle_bytes_, PROT_READ | PROT_WRITE) != 0) std::abort();
    std::memset(middle_, kFill, middle_bytes_);
    data_ = reinterpret_cast<T*>(against == Against::start ? middle_ : middle_ + middle_bytes_ - bytes);
  }
  ~Guarded() { munmap(mapped_, mapped_bytes_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  // Every float is NaN until it is written, every byte 255.
  T* data() { return data_; }
  std::int64_t count() const { return count_; }
  T& operator[](std::int64_t i) { return data_[i]; }

  // Whether the accessible bytes around them are as they were.
  bool surroundings_intact() const {
    const auto* begin = reinterpret_cast<const std::byte*>(data_);
    const auto* end = reinterpret_cast<const std::byte*>(data_ + count_);
    const auto untouched = [](std::byte b) { return b == std::byte{kFill}; };
    return std::all_of(static_cast<const std::byte*>(middle_), begin, untouched) &&
           std::all_of(end, static_cast<const std::byte*>(middle_ + middle_bytes_), untouched);
  }

 private:
  static constexpr unsigned char kFill = 0xff;  // as a float: a NaN
  std::int64_t count_;
  std::size_t middle_bytes_, mapped_bytes_;
  std::byte *mapped_, *middle_;
  T* data_;
};

using GuardedFloats = Guarded<float>;
using GuardedBytes = Guarded<std::uint8_t>;

}  // namespace simdconv::test
