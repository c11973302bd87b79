// Between bytes and floats: a window's rows become floats as they are gathered, a tile's results become bytes while
// they are in L1. The last vector of a row is done by mask, so nothing is read or written beyond it.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

// Stores of whole vectors are aligned, as two cache lines take more than twice the time of one.
void widen_row(const std::uint8_t* in, float* out, std::int64_t count) {
  const auto misaligned =
      static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(out) / sizeof(float) % kLanes);
  std::int64_t i = 0;
  if (misaligned != 0 && count >= 2 * kLanes) {
    i = kLanes - misaligned;
    store(out, load(in));
  }
  for (; i + kLanes <= count; i += kLanes) store(out + i, load(in + i));
  const std::int64_t rest = count - i;
  if (rest > 0) store_first(out + i, load_first(in + i, rest), rest);
}

void narrow_tile(const NarrowTile& tile) {
  const float* in = tile.in;
  std::uint8_t* out = tile.out;
  for (std::int64_t r = 0; r < tile.rows; ++r, in += tile.in_row_stride, out += tile.out_row_stride) {
    std::int64_t i = 0;
    for (; i + kLanes <= tile.count; i += kLanes) store(out + i, load(in + i));
    const std::int64_t rest = tile.count - i;
    if (rest > 0) store_first(out + i, load_first(in + i, rest), rest);
  }
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
