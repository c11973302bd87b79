// The plan of the planar convolution, whose lanes are pixels. What it decides, once per image shape:
//
//   shares   groups whose channels fill some cache lines of a pixel; without groups, the layer
//   windows  output rows x columns, so that the samples under one, of a share's channels, fit half of L2
//   units    image x row block x column block x share
//
// A unit gathers its samples into planes, where borders, strides and layouts end, and sees all of the window
// as one row: what stands between the last pixel of a row and the first of the next is computed and not
// stored.
//
//   plane of a channel             outputs (3x3 kernel)
//     . . . . . . . .                a b c d e f - -        in memory: a b c d e f - - g h i j k l - - m ...
//     . . . . . . . .                g h i j k l - -        cut into tiles of some vectors
//     . . . . . . . .                m n o p q r - -
//     . . . . . . . .
//     . . . . . . . .
//
// A tile's outputs, of all channels of the share, go to scratch as [channel][pixels], and from there to the
// image.
#pragma once

#include <memory>
#include <vector>

#include "plan/axis_taps.h"
#include "plan/gather.h"
#include "plan/layer_plan.h"
#include "plan/samples.h"

namespace simdconv {

class PlanarPlan final : public LayerPlan {
 public:
  PlanarPlan(std::shared_ptr<const Layer> layer, const Geometry& geometry);

  std::int64_t units() const override { return view_.in.batch * row_blocks_ * column_blocks_ * shares_; }
  std::size_t scratch_bytes() const override { return scratch_.bytes; }
  void run_unit(std::int64_t unit, std::int64_t before, const void* in, void* out,
                std::byte* scratch) const override;

 private:
  std::string kernel_name() const override;
  struct Unit {
    std::int64_t first_row, rows, first_column, columns;  // of the output
    std::int64_t first_group, groups;
    InSamples in;  // of the image
    OutSamples out;
    float* planes;
    float* pixels;         // [tile_pixels_][channel of the share], before they become bytes
    float* tile;           // [channel of the share][tile_pixels_]
    float* factors;        // the same
    float* pixel_factors;  // [channel of the share]
    float* bias;           // [tile_pixels_], one channel's repeated
  };
  // Some pixels of the window seen as one row, in whole vectors.
  struct Tile {
    std::int64_t first, vectors;
  };

  void choose_shares();
  void choose_windows();
  void lay_out_planes();
  void lay_out_scratch();

  Unit decode(std::int64_t index, const InSamples& in, const OutSamples& out, std::byte* scratch) const;
  void gather(const Unit& unit) const;
  void gather_row(const Unit& unit, std::int64_t virtual_row, std::int64_t first_column, float* out) const;
  template <typename In>
  void gather_inside(const Unit& unit, const In* row, const Columns& columns, float* out) const;
  void run_tile(const Unit& unit, const Tile& tile) const;
  void finish(const Unit& unit, const Tile& tile, bool scaled) const;
  void store(const Unit& unit, const Tile& tile) const;

  // Calls visit(row, column, pixels, offset) for each piece of an output row in a tile; offset is from the
  // tile's first pixel.
  template <typename Visit>
  void for_each_row(const Unit& unit, const Tile& tile, Visit visit) const;
  bool leaves_out(const Unit& unit, const Tile& tile) const;
  TapRange rows_kept(std::int64_t row) const { return simdconv::rows_kept(view_, layer_->spec.border, row); }
  TapRange columns_kept(std::int64_t pixel) const {
    return simdconv::columns_kept(view_, layer_->spec.border, pixel);
  }

  const PlanarKernels& kernels_;
  std::int64_t lanes_;
  Geometry view_;                // as the plan sees it: a 1x1 layer's image as one row
  bool planes_in_, planes_out_;  // a channel's pixels are contiguous: nchw, or a single channel

  std::int64_t share_groups_ = 1, shares_ = 1;
  std::int64_t rows_ = 1, columns_ = 1;  // of a window, at the most
  std::int64_t row_blocks_ = 1, column_blocks_ = 1;
  AxisTaps y_, x_;
  std::int64_t piece_floats_ = 0, channel_floats_ = 0;  // of a plane's piece, and from channel to channel
  std::vector<std::ptrdiff_t> offsets_;  // [input channel of a group][kernel row][kernel column]
  std::int64_t tile_vectors_ = 1, tile_pixels_ = 1;
  struct {
    std::size_t planes, pixels, tile, factors, pixel_factors, bias, bytes;  // offsets
  } scratch_{};
};

}  // namespace simdconv
