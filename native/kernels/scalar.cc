// The kernels for any CPU. Tile 3 x 4: 12 accumulators + 1 weight + 1 broadcast of 16 scalar registers.
#include "simd/scalar.h"

#include "kernels/convert-inl.h"
#include "kernels/depthwise-inl.h"
#include "kernels/direct-inl.h"
#include "kernels/finish-inl.h"
#include "kernels/flat-inl.h"
#include "kernels/interleave-inl.h"
#include "kernels/planar-inl.h"
#include "kernels/planes-inl.h"
#include "kernels/separable-inl.h"
#include "kernels/winograd-inl.h"

namespace simdconv::scalar {
namespace {

constexpr KernelTable make_kernels() {
  KernelTable table{
      .isa = Isa::scalar,
      .lanes = kLanes,
      .vectors = 4,
      .max_pixels = {3, 3, 3, 3},
      .direct = {},
      .depthwise = depthwise_kernels<2, 1>(
          {.three = {2, 2}, .parted = {2, 2}, .paged = {2, 2}, .five = {2, 2}, .seven = {2, 2}}),
      .grouped = {},
      .flat = {flat_kernels<4, 1, 1>(), flat_kernels<4, 1, 1>()},
      .separable = separable_kernels<4, 1, 4, 0, 0>(),
      .winograd = winograd_kernels(),
      .planar = planar_kernels<8, 4, 3, 2>(),
      .planes = {&finish_planes, &softmax_planes, &argmax_planes},
      .finish = &finish_tile,
      .widen = &widen_row,
      .narrow = &narrow_tile};
  add_direct_tiles<1, 3>(table);
  add_winograd_products<1, 3>(table);
  add_direct_tiles<2, 3>(table);
  add_winograd_products<2, 3>(table);
  add_direct_tiles<3, 3>(table);
  add_winograd_products<3, 3>(table);
  add_direct_tiles<4, 3>(table);
  add_winograd_products<4, 3>(table);
  return table;
}

}  // namespace

extern const KernelTable kKernels;
constinit const KernelTable kKernels = make_kernels();

}  // namespace simdconv::scalar
