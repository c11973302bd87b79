// The factor by which a border that renormalizes multiplies a sum from which taps were left out
// (partial convolution: Liu et al. 2018, "Partial Convolution based Padding", arXiv 1811.11718, equation 3).
//
//   area    taps of the window / taps kept                     one factor for all channels
//   weight  sum of a channel's weights / sum of those kept     a factor of its own for each channel
//
// The factor is 1 where nothing is left out; where no tap is kept (the sum is 0 then, whatever the factor);
// and, by weight, where the kept weights cancel (|sum| <= 1e-6 sum|.|), as in a derivative filter, or are
// negligible (sum|.| of those kept <= 1e-30 of all).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "plan/filter.h"

namespace simdconv {

// Kernel rows or columns [begin, end) that are kept.
struct TapRange {
  std::int64_t begin, end;
  std::int64_t count() const { return end - begin; }
};

// The taps t in [0, taps) with 0 <= first + t * dilation < extent.
TapRange taps_inside(std::int64_t first, std::int64_t dilation, std::int64_t taps, std::int64_t extent);

// The kernel rows under an output row, and the kernel columns under a pixel of it, that the border keeps: all,
// unless it renormalizes.
TapRange rows_kept(const Geometry& geometry, const Border& border, std::int64_t row);
TapRange columns_kept(const Geometry& geometry, const Border& border, std::int64_t pixel);

// Some neighbouring rows of outputs, and some neighbouring pixels of them.
struct OutputRange {
  std::int64_t first_row, last_row, first_pixel, last_pixel;
};

// Whether the border leaves taps out of the windows of these outputs.
bool leaves_out(const Geometry& geometry, const Border& border, const OutputRange& range);

class Renormalizer {
 public:
  Renormalizer() = default;
  // Throws std::bad_alloc.
  Renormalizer(Renormalize by, const FilterView& filter, const LayerShape& shape);

  // Writes the factors of output channels [channel, channel + channels) for the taps rows x columns.
  void factors(TapRange rows, TapRange columns, std::int64_t channel, std::int64_t channels,
               float* out) const;

 private:
  struct Sums {
    double plain = 0, absolute = 0;
    void add(const Sums& other) {
      plain += other.plain;
      absolute += other.absolute;
    }
  };

  // Sums over the taps from one corner of the kernel to (y, x), for each output channel. Taps that a border
  // keeps nearly always include a corner, so their sum is looked up; and it is made by additions alone, which
  // keep the small sums far from a Gaussian's centre that differences of large ones would lose.
  class CornerTable {
   public:
    CornerTable() = default;
    CornerTable(const std::vector<Sums>& taps, const LayerShape& shape, bool from_end_y, bool from_end_x);
    const Sums& at(TapRange rows, TapRange columns, std::int64_t channel) const;

   private:
    std::int64_t width_ = 0, channels_ = 0;
    std::vector<Sums> sums_;  // [height + 1][width + 1][channels], by the number of rows and columns
  };

  Sums kept(TapRange rows, TapRange columns, std::int64_t channel) const;

  std::int64_t kernel_height_ = 0, kernel_width_ = 0, out_channels_ = 0;
  std::vector<Sums> taps_;  // by weight: [kernel_height][kernel_width][out_channels]
  std::array<std::array<CornerTable, 2>, 2> corners_;  // [from the last row][from the last column]
};

}  // namespace simdconv
