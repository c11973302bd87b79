// The kernels for AVX-512 (F, DQ, BW, VL). Tile 14 x 2: 28 accumulators + 2 weights + 1 broadcast = 31 of
// 32 registers. Measured with two FMA ports: 0.97 to 1.00 of the peak; 7 x 4 got 0.94, 14 x 1 0.86. With one, 14 x 1 is at
// the peak if its FMAs broadcast what they read.
#include "simd/avx512.h"

#include "kernels/convert-inl.h"
#include "kernels/depthwise-inl.h"
#include "kernels/direct-inl.h"
#include "kernels/finish-inl.h"
#include "kernels/flat-inl.h"
#include "kernels/grouped-inl.h"
#include "kernels/interleave-inl.h"
#include "kernels/planar-inl.h"
#include "kernels/planes-inl.h"
#include "kernels/separable-inl.h"
#include "kernels/winograd-inl.h"

namespace simdconv::avx512 {
namespace {

constexpr KernelTable make_kernels() {
  KernelTable table{
      .isa = Isa::avx512,
      .lanes = kLanes,
      .vectors = 2,
      .max_pixels = {14, 14},
      .direct = {},
      .depthwise = depthwise_kernels<7, 4, 3, 2, 1>(
          {.three = {7, 4}, .parted = {4, 4}, .paged = {7, 2}, .five = {4, 3}, .seven = {3, 4}}),
      .grouped = grouped_kernels<4, 3, 2, 1>(
          16, {.three = {4, 4}, .parted = {4, 4}, .paged = {4, 4}, .five = {4, 3}, .seven = {}}),
      .flat = {flat_kernels<8, 2, 2>(), flat_kernels<10, 2, 1>()},
      .separable = separable_kernels<6, 2, 12, 12, 5>(),
      .winograd = winograd_kernels(),
      .planar = planar_kernels<12, 8, 7, 6, 4, 4, 3, 3>(),
      .planes = {&finish_planes, &softmax_planes, &argmax_planes},
      .finish = &finish_tile,
      .widen = &widen_row,
      .narrow = &narrow_tile};
  add_direct_tiles<1, 14>(table);
  add_winograd_products<1, 14>(table);
  add_direct_tiles<2, 14>(table);
  add_winograd_products<2, 14>(table);
  return table;
}

}  // namespace

extern const KernelTable kKernels;
constinit const KernelTable kKernels = make_kernels();

}  // namespace simdconv::avx512
