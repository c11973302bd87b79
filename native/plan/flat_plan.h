// The plan of the depthwise convolution: each output channel sees one input channel. (A single channel in and
// out is the image filter.) What it decides, once per image shape:
//
//   planes    an nhwc image is one flat plane whose pixels are `channels` floats wide;
//             in nchw each output channel is a plane of its own, one float wide
//   zones     of the pixels of a row: at the left and right those whose taps reach beyond the border;
//             between them those that read the image in place
//   windows   a block of output rows and a segment of a zone, whose input fits half of L2
//   units     plane x row block x segment
//
// Pixels at the border read gathered strips, and so do all where the image is of bytes. Strips are gathered as the
// tiles come down to them, and there are as many as a row of tiles sees: each takes the place of the oldest.
#pragma once

#include <memory>
#include <vector>

#include "plan/layer_plan.h"
#include "plan/row_source.h"

namespace simdconv {

class FlatPlan final : public LayerPlan {
 public:
  FlatPlan(std::shared_ptr<const Layer> layer, const Geometry& geometry);

  std::int64_t units() const override { return planes_ * row_blocks_ * segments_; }
  std::size_t scratch_bytes() const override { return scratch_.bytes; }
  void run_unit(std::int64_t unit, std::int64_t before, const void* in, void* out,
                std::byte* scratch) const override;

 private:
  std::string kernel_name() const override;
  // Output pixels [first, end) of a row, cut into segments of equal length.
  struct Zone {
    std::int64_t first, end;
    bool gathered;
    std::int64_t segments;
  };

  struct Unit {
    std::int64_t first_row, end_row;      // of the output
    std::int64_t first_pixel, end_pixel;  // of a row
    bool may_leave_out;                   // whether a border that renormalizes is near
    std::int64_t first_channel;           // of the plane, among an image's outputs
    InSamples in;                         // of the plane
    OutSamples out;
    Stretch stretch;                // of the input under a row
    std::int64_t row_floats_ahead;  // of the input for each row of output; 0: nothing is asked for ahead
    const float** rows;             // [input rows of the window], at its first column
    FlatColumn* columns;
    float* results;  // [rows of a tile][floats of a tile], to be finished before they become bytes
    float* factors;  // [floats of a tile]
  };

  void choose_zones();
  void add_zone(std::int64_t first, std::int64_t end, bool gathered);
  void choose_windows();
  void lay_out_scratch();

  std::int64_t strip_count() const {  // rows under a row of tiles
    return grid_.distinct_rows(std::min(kernels_->rows, geometry_.out.height));
  }
  Stretch stretch_under(std::int64_t first_pixel, std::int64_t pixels, bool gathered) const;

  // Outputs of one tile: so many rows and floats; `flat` counts from the unit's first pixel.
  struct Extent {
    std::int64_t row, rows, flat, floats;
  };
  void run_rows(const Unit& unit, std::int64_t row, std::int64_t rows) const;
  void run_tiles(const Unit& unit, const FlatVariants& kernels, const Extent& first,
                 std::int64_t count) const;
  void finish(const Unit& unit, const Extent& extent, float* data, std::ptrdiff_t row_stride) const;
  void fill_factors(const Unit& unit, const Extent& row) const;
  bool leaves_out(const Unit& unit, const Extent& extent) const;
  TapRange rows_kept(std::int64_t row) const {
    return simdconv::rows_kept(geometry_, layer_->spec.border, row);
  }
  TapRange columns_kept(std::int64_t pixel) const {
    return simdconv::columns_kept(geometry_, layer_->spec.border, pixel);
  }

  RowSource row_source_;
  RowGrid grid_;

  std::int64_t planes_, plane_channels_;  // floats of an output pixel, and of an input pixel as it is read
  std::int64_t copies_;                   // of an input channel, one for each of its output channels
  const FlatTileKernels* kernels_;
  std::int64_t tile_floats_;  // along the row

  bool is_far_;  // image and result are beyond L2

  std::int64_t first_whole_, end_whole_;  // pixels whose taps all stand inside, in x

  std::vector<Zone> zones_;
  std::int64_t segments_ = 0;  // of all zones
  std::int64_t block_rows_ = 1, row_blocks_ = 1;
  struct {
    std::size_t rows, columns, strips, constant_row, results, factors, bytes;  // offsets
  } scratch_{};
};

}  // namespace simdconv
