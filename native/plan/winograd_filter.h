// The weights of a Winograd convolution: each filter transformed, G g G^T, into one weight per point, and those packed
// like the weights of a direct convolution whose kernel rows and columns are the points.
#pragma once

#include <cstddef>

#include "kernels/cook_toom.h"
#include "plan/pack.h"

namespace simdconv {

class WinogradFilter {
 public:
  WinogradFilter() = default;
  // Forms are indices of kForms, of as many taps as the kernel has. Throws std::bad_alloc.
  WinogradFilter(int form_y, int form_x, const FilterView& filter, const float* bias, const LayerShape& shape,
                 const KernelTable& kernels);

  int form_y() const { return form_y_; }
  int form_x() const { return form_x_; }
  std::int64_t points() const { return points_; }

  const PackedFilter& packed() const { return packed_; }
  // [input channel of the group][channel of the block], for one of the points.
  const float* weights(const ChannelBlock& block, std::int64_t point) const;
  std::size_t bytes() const { return packed_.bytes(); }

 private:
  int form_y_ = kOneTap, form_x_ = kOneTap;
  std::int64_t points_ = 0, group_in_ = 0, lanes_ = 0;
  PackedFilter packed_;
};

}  // namespace simdconv
