// The kernels for AVX2 with FMA. Tile 4 x 3: 12 accumulators + 3 weights + 1 broadcast = 16 registers, or 6 x 2.
#include "simd/avx2.h"

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

namespace simdconv::avx2 {
namespace {

constexpr KernelTable make_kernels() {
  KernelTable table{
      .isa = Isa::avx2,
      .lanes = kLanes,
      .vectors = 3,
      .max_pixels = {12, 6, 4},
      .direct = {},
      .depthwise = depthwise_kernels<4, 2, 1>(
          {.three = {4, 4}, .parted = {4, 4}, .paged = {4, 2}, .five = {2, 2}, .seven = {4, 4}}),
      .grouped = grouped_kernels<2, 1>(
          4, {.three = {2, 2}, .parted = {2, 2}, .paged = {2, 2}, .five = {}, .seven = {}}),
      .flat = {flat_kernels<8, 1, 1>(), flat_kernels<8, 1, 1>()},
      .separable = separable_kernels<8, 1, 8, 0, 0>(),
      .winograd = winograd_kernels(),
      .planar = planar_kernels<12, 5, 3, 3, 2, 2>(),
      .planes = {&finish_planes, &softmax_planes, &argmax_planes},
      .finish = &finish_tile,
      .widen = &widen_row,
      .narrow = &narrow_tile};
  add_direct_tiles<1, 12>(table);
  add_winograd_products<1, 12>(table);
  add_direct_tiles<2, 6>(table);
  add_winograd_products<2, 6>(table);
  add_direct_tiles<3, 4>(table);
  add_winograd_products<3, 4>(table);
  return table;
}

}  // namespace

extern const KernelTable kKernels;
constinit const KernelTable kKernels = make_kernels();

}  // namespace simdconv::avx2
