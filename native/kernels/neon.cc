// The kernels for AArch64. Tile 6 x 4: 24 accumulators + 4 weights + 1 broadcast = 29 of 32 registers.
#include "simd/neon.h"

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

namespace simdconv::neon {
namespace {

constexpr KernelTable make_kernels() {
  KernelTable table{
      .isa = Isa::neon,
      .lanes = kLanes,
      .vectors = 4,
      .max_pixels = {12, 12, 8, 6},
      .direct = {},
      .depthwise = depthwise_kernels<7, 4, 3, 2, 1>(
          {.three = {7, 4}, .parted = {4, 4}, .paged = {7, 4}, .five = {4, 3}, .seven = {3, 4}}),
      .grouped = grouped_kernels<4, 3, 2, 1>(
          2, {.three = {4, 4}, .parted = {4, 4}, .paged = {4, 4}, .five = {4, 3}, .seven = {}}),
      .flat = {flat_kernels<6, 2, 2>(), flat_kernels<6, 3, 1>()},
      .separable = separable_kernels<6, 2, 12, 12, 4>(),
      .winograd = winograd_kernels(),
      .planar = planar_kernels<12, 8, 7, 6, 4, 4, 3, 3>(),
      .planes = {&finish_planes, &softmax_planes, &argmax_planes},
      .finish = &finish_tile,
      .widen = &widen_row,
      .narrow = &narrow_tile};
  add_direct_tiles<1, 12>(table);
  add_winograd_products<1, 12>(table);
  add_direct_tiles<2, 12>(table);
  add_winograd_products<2, 12>(table);
  add_direct_tiles<3, 8>(table);
  add_winograd_products<3, 8>(table);
  add_direct_tiles<4, 6>(table);
  add_winograd_products<4, 6>(table);
  return table;
}

}  // namespace

extern const KernelTable kKernels;
constinit const KernelTable kKernels = make_kernels();

}  // namespace simdconv::neon
