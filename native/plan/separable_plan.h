// The plan of the separable convolution: where every channel's kernel is the product of a column and a row, a
// sum over height x width taps is height + width of them. A tile of rows at a time:
//
//   vertical    the input's rows, read in place, become rows of the middle: scratch that stays in cache (rows of
//               bytes become floats first, as many as are under a tile; each takes the place of the oldest)
//   margins     a border in x is a map of columns, which the vertical pass does not touch: columns of the
//               middle beyond the image are copies of others, or what the pass makes of a constant
//   horizontal  the middle's rows become the output's
//
// What it decides, once per image shape:
//
//   planes    as in the flat plan: an nhwc image is one, in nchw each output channel is
//   segments  of a row, so short that the rows under a tile stay in cache; where they meet, the columns that
//             both see are made twice
//   blocks    of output rows: whole tiles, and long beside the kernel, since neighbours both read the rows
//             of one
//   units     plane x block x segment
#pragma once

#include <memory>

#include "plan/layer_plan.h"
#include "plan/row_source.h"

namespace simdconv {

class SeparablePlan final : public LayerPlan {
 public:
  SeparablePlan(std::shared_ptr<const Layer> layer, const Geometry& geometry);

  std::int64_t units() const override { return planes_ * row_blocks_ * segments_; }
  std::size_t scratch_bytes() const override { return scratch_.bytes; }
  void run_unit(std::int64_t unit, std::int64_t before, const void* in, void* out,
                std::byte* scratch) const override;

 private:
  std::string kernel_name() const override;
  struct Unit {
    std::int64_t first_row, end_row;      // of the output
    std::int64_t first_pixel, end_pixel;  // of a row
    std::int64_t first_channel;           // of the plane, among an image's outputs
    InSamples in;                         // of the plane
    OutSamples out;

    // The middle's columns, by the image's columns: [first, end), of which [inside, inside_end) are inside.
    std::int64_t first, inside, inside_end, end;

    const float** rows;        // [rows of a block, every dilation-th, and of a kernel], at column `inside`
    const float** other_rows;  // [rows of a tile and of a kernel], at a column elsewhere
    std::int64_t* sources;     // [columns beyond the image], or kOutside
    float* middle;             // [rows of a tile][middle_stride_]
    float* other_strips;       // [rows of a tile and of a kernel][plane_channels]
    float* constant_row;
    float* constants;  // [plane_channels], beyond x
    float* results;    // [rows of a tile][results_pixels_ * plane_channels], to be finished and become bytes
    float* factors;    // [floats of a segment]
  };

  // Output rows first, first + dilation, ...; `in` are the rows under them.
  struct Rows {
    std::int64_t first, count;
    const float* const* in;
  };

  void choose_horizontal();
  void choose_segments();
  void choose_blocks();
  void lay_out_scratch();

  // Where rows of results are left.
  struct Place {
    OutSamples out;
    std::ptrdiff_t row_stride;
  };

  Unit decode(std::int64_t index, const InSamples& in, const OutSamples& out, std::byte* scratch) const;
  void find_sources(const Unit& unit) const;
  void run_rows(const Unit& unit, const Rows& rows) const;
  void run_vertical(const Unit& unit, const Rows& rows, const float* const* in, std::int64_t floats,
                    float* middle) const;
  void fill_mapped(const Unit& unit, const Rows& rows, std::int64_t first, std::int64_t end) const;
  void fill_constants(const Unit& unit, const Rows& rows) const;
  void sum_constants(const Unit& unit, std::int64_t row) const;
  void fill_from_elsewhere(const Unit& unit, const Rows& rows, std::int64_t column,
                           std::int64_t source) const;
  void run_horizontal(const Unit& unit, const Rows& rows, std::int64_t first_pixel, std::int64_t end_pixel,
                      bool scaled) const;
  void make_pixels(const Unit& unit, const Rows& rows, std::int64_t first_pixel, std::int64_t end_pixel,
                   bool fused, Place place) const;
  void finish(const Unit& unit, const Rows& rows, std::int64_t first_pixel, std::int64_t end_pixel,
              bool scaled, float* data, std::ptrdiff_t row_stride) const;
  void fill_factors(const Unit& unit, std::int64_t row, std::int64_t first_pixel,
                    std::int64_t end_pixel) const;
  TapRange rows_kept(std::int64_t row) const {
    return simdconv::rows_kept(geometry_, layer_->spec.border, row);
  }
  TapRange columns_kept(std::int64_t pixel) const {
    return simdconv::columns_kept(geometry_, layer_->spec.border, pixel);
  }

  float* middle_at(const Unit& unit, std::int64_t column) const {
    return unit.middle + (column - unit.first) * plane_channels_;
  }

  RowSource row_source_;
  RowGrid grid_;

  std::int64_t planes_, plane_channels_;  // of the input and output alike: floats of a pixel

  const SharedKernel* shared_ = nullptr;  // for rows that are long enough, where columns share loads
  std::int64_t period_ = 1;               // of columns that do
  std::int64_t segments_ = 1, segment_pixels_ = 1;  // of a row; the most in one
  std::int64_t middle_stride_ = 0;                  // from row to row
  std::int64_t results_pixels_ = 0;                 // of a row, in scratch at once
  std::int64_t row_blocks_ = 1, block_rows_ = 1;    // of each but the last
  std::int64_t first_whole_ = 0, end_whole_ = 0;    // pixels whose taps all stand inside, in x
  struct {
    std::size_t rows, other_rows, sources, middle, strips, other_strips, constant_row, constants, results,
        factors, bytes;  // offsets
  } scratch_{};
};

}  // namespace simdconv
