// Memory that is soon read or written, asked for a few cache lines at a time while something else is computed: all at
// once would wait for each other, and no prefetcher follows a group's worth of pixels from one group to the next.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

namespace simdconv {

class Ahead {
 public:
  // Some rows of `row_bytes`, `stride_bytes` apart, into L1 or only as near as L2.
  Ahead(const void* first, std::ptrdiff_t stride_bytes, std::int64_t rows, std::int64_t row_bytes, bool to_l1)
      : row_(static_cast<const char*>(first)),
        stride_(stride_bytes),
        rows_(rows),
        row_bytes_(row_bytes),
        to_l1_(to_l1) {}

  void ask(std::int64_t lines) {
    for (; lines > 0 && rows_ > 0; --lines) {
      if (to_l1_) {
        SIMDCONV_PREFETCH_LOAD(row_ + offset_);
      } else {
        SIMDCONV_PREFETCH_L2(row_ + offset_);
      }
      offset_ += kLineBytes;
      if (offset_ < row_bytes_ + kLineBytes)
        continue;  // a row may end in a line that it begins in the middle of
      row_ += stride_;
      offset_ = 0;
      --rows_;
    }
  }

  // Where the next lines of a single row are, for a kernel that asks for them itself.
  const void* take(std::int64_t lines) {
    const char* first = row_ + offset_;
    offset_ += lines * kLineBytes;
    if (offset_ >= row_bytes_ + kLineBytes) rows_ = 0;
    return first;
  }
  bool is_done() const { return rows_ == 0; }

  static constexpr std::int64_t kLineBytes = 64;

 private:
  const char* row_;
  std::ptrdiff_t stride_;
  std::int64_t rows_, row_bytes_, offset_ = 0;
  bool to_l1_;
};

}  // namespace simdconv
