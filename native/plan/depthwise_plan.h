// The plan of the depthwise convolution where channels are whole vectors: each output channel sees one input
// channel; or, of `grouped`, those of its group in turn. What it decides, once per image shape:
//
//   segments  an output row is one segment, or several where the input under it would not fit half of L2. Each has a
//             table of the columns that its taps read: the border's map is in the table, so that pixels at the
//             border read the image in place as others do, and pass over what is beyond. Where a border puts
//             constants that must be multiplied, the pixels at the border are segments that read gathered strips; so
//             are all where an input channel has several output channels, and is repeated, and where the image is of
//             bytes
//   classes   pixels, and rows, that share columns, or rows: all, unless strides and dilations part them
//   tiles     the rows of a class are cut into tiles of as many rows as the kernels have
//   units     image x row block x segment, whose input fits half of L2
#pragma once

#include <iterator>
#include <memory>
#include <vector>

#include "plan/layer_plan.h"
#include "plan/row_source.h"

namespace simdconv {

class DepthwisePlan final : public LayerPlan {
 public:
  DepthwisePlan(const char* algorithm, std::shared_ptr<const Layer> layer, const Geometry& geometry);

  std::int64_t units() const override { return geometry_.out.batch * row_blocks_ * std::ssize(segments_); }
  std::size_t scratch_bytes() const override { return scratch_.bytes; }
  void run_unit(std::int64_t unit, std::int64_t before, const void* in, void* out,
                std::byte* scratch) const override;

 private:
  std::string kernel_name() const override;
  const DepthwiseKernels& kernels() const {
    return turns_ > 1 ? layer_->kernels->grouped.tiles : layer_->kernels->depthwise;
  }
  // Of a row.
  struct Segment {
    std::int64_t first_pixel, end_pixel;
    bool gathered;
    Stretch stretch;                      // of the input under it
    std::vector<std::ptrdiff_t> columns;  // of each class of pixels, `class_columns` of them
    std::int64_t class_columns;
    std::int64_t column_step;    // from kernel column to kernel column; 1 where pixels share columns
    std::int64_t pixel_spacing;  // of a class

    std::int64_t pixels() const { return end_pixel - first_pixel; }
  };

  struct Unit {
    std::int64_t first_row, end_row;  // of the output
    const Segment* segment;
    InSamples in;  // images
    OutSamples out;
    const float** rows;
    float* strip;
    float* results;  // [rows of a tile][pixels of the segment][channels], before they become bytes
    float* factors;  // [kFactorPixels][channels]
    const DepthwiseFilter::Blocks* blocks;
    bool waits;
  };

  // Output rows row, row + row_spacing_, ...: those that share input rows.
  struct Tile {
    std::int64_t row, rows;
  };

  void choose_rows();
  std::int64_t best_rows() const;
  void choose_segments();
  void add_segments(std::int64_t first_pixel, std::int64_t end_pixel, bool gathered);
  Segment make_segment(std::int64_t first_pixel, std::int64_t end_pixel, bool gathered) const;
  void choose_windows();
  void lay_out_scratch();

  bool is_inside(std::int64_t pixel) const;
  std::int64_t row_floats(std::int64_t pixels, bool gathered) const;
  std::int64_t input_rows(std::int64_t rows) const;

  Unit decode(std::int64_t index, const InSamples& in, const OutSamples& out, std::byte* scratch) const;
  const DepthwiseRows& tile_for(std::int64_t rest, std::int64_t rows) const;
  void run_tile(const Unit& unit, const DepthwiseRows& kernel, std::int64_t row) const;
  void finish(const Unit& unit, const Tile& tile, float* data, std::ptrdiff_t row_stride) const;
  bool leaves_out(const Segment& segment, const Tile& tile) const;
  TapRange rows_kept(std::int64_t row) const {
    return simdconv::rows_kept(geometry_, layer_->spec.border, row);
  }
  TapRange columns_kept(std::int64_t pixel) const {
    return simdconv::columns_kept(geometry_, layer_->spec.border, pixel);
  }

  RowSource row_source_;
  RowGrid grid_;
  std::int64_t channels_;         // of a pixel as it is read, and of the output
  std::int64_t turns_;            // input channels of a group
  std::int64_t tile_rows_ = 1;    // at most
  std::int64_t row_spacing_ = 1;  // of a tile's output rows
  std::int64_t stride_ = 1;       // in input rows of the tile, from output row to output row
  bool maps_columns_ = false;     // in all segments, or in none
  bool waits_ = false;            // where the output is as far beyond a page as the input

  std::vector<Segment> segments_;
  std::int64_t block_rows_ = 1, row_blocks_ = 1;  // the last block has what remains
  struct {
    std::size_t rows, strips, constant_row, sums, results, factors, bytes;  // offsets
  } scratch_{};
};

}  // namespace simdconv
