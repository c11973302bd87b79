// The plan of the depthwise convolution where channels are whole vectors: each output channel sees one input
// channel. What it decides, once per image shape:
//
//   tiles     an output row is cut into equal tiles of at most the kernel's pixels, a unit's rows likewise
//   columns   each tile has a table of the columns that its taps read: the border's map is in the table, so
//             that tiles at the border read the image in place as others do, and pass over what is beyond
//   zones     where a border puts constants that must be multiplied, tiles at the border read gathered
//             strips; so do all tiles where an input channel has several output channels, and is repeated,
//             and where the image is of bytes
//   units     image x row block x segment of a zone, whose input fits half of L2
#pragma once

#include <memory>
#include <vector>

#include "plan/layer.h"
#include "plan/row_source.h"
#include "plan/select.h"

namespace simdconv {

class DepthwisePlan final : public Plan {
 public:
  DepthwisePlan(std::shared_ptr<const Layer> layer, const Geometry& geometry);

  Description describe() const override;
  ImageShape input_shape() const override { return geometry_.in; }
  ImageShape output_shape() const override { return geometry_.out; }
  ElementType in_type() const override { return layer_->spec.in_type; }
  ElementType out_type() const override { return layer_->spec.out_type; }
  std::int64_t macs() const override { return geometry_.macs(); }
  std::int64_t units() const override { return geometry_.out.batch * row_blocks_ * segments_; }
  std::size_t scratch_bytes() const override { return scratch_.bytes; }
  void run_unit(std::int64_t unit, const void* in, void* out, std::byte* scratch) const override;

 private:
  struct Zone {
    std::int64_t first_tile, end_tile;
    bool gathered;
    std::int64_t segments;  // of equal length
  };

  struct Unit {
    std::int64_t first_row, end_row;    // of the output
    std::int64_t first_tile, end_tile;  // of a row
    bool gathered;
    Stretch stretch;  // of the input under it
    OutSamples out;   // of the image
    const float** rows;
    std::ptrdiff_t* columns;
    float* results;  // [rows of a tile][pixels of a tile][channels], before they become bytes
    float* factors;  // [pixels of a tile][channels]
  };

  // Output rows row, row + row_spacing_, ...: those that share input rows.
  struct Tile {
    std::int64_t row, rows, first_pixel, pixels;
  };

  void choose_tiles();
  void add_zone(std::int64_t first_tile, std::int64_t end_tile, bool gathered);
  void choose_windows();
  void lay_out_scratch();

  // Tiles differ by a pixel at the most; the wider ones come first.
  std::int64_t tile_begin(std::int64_t tile) const {
    return tile * narrow_pixels_ + std::min(tile, wide_tiles_);
  }
  bool is_inside(std::int64_t tile) const;
  Stretch stretch_of(std::int64_t first_tile, std::int64_t end_tile, bool gathered) const;
  std::int64_t row_floats(const Zone& zone) const;

  Unit decode(std::int64_t index, const OutSamples& out, std::byte* scratch) const;
  std::int64_t column_step(const Unit& unit) const;
  std::int64_t fill_columns(const Unit& unit, std::int64_t first_tile) const;
  void run_tiles(const Unit& unit, std::int64_t first_tile, std::int64_t end_tile, std::int64_t row,
                 std::int64_t rows) const;
  void finish(const Unit& unit, const Tile& tile, float* data, std::ptrdiff_t row_stride) const;
  bool leaves_out(const Tile& tile) const;
  TapRange rows_kept(std::int64_t row) const {
    return simdconv::rows_kept(geometry_, layer_->spec.border, row);
  }
  TapRange columns_kept(std::int64_t pixel) const {
    return simdconv::columns_kept(geometry_, layer_->spec.border, pixel);
  }

  std::shared_ptr<const Layer> layer_;
  Geometry geometry_;
  RowSource row_source_;
  RowGrid grid_;
  std::int64_t channels_;     // of a pixel as it is read, and of the output
  std::int64_t tile_rows_;    // at most
  std::int64_t row_spacing_;  // of a tile's output rows
  std::int64_t stride_;       // in input rows of the tile, from output row to output row
  bool fused_;
  float low_, high_;

  bool maps_columns_ = false;                // in all zones, or in none
  std::int64_t tiles_, tile_pixels_;         // of an output row; the most in one tile
  std::int64_t wide_tiles_, narrow_pixels_;  // of tiles with a pixel more; of the others
  std::vector<Zone> zones_;
  std::int64_t segments_ = 0;  // of all zones
  std::int64_t block_rows_ = 1, row_blocks_ = 1;
  struct {
    std::size_t rows, columns, strips, constant_row, results, factors, bytes;  // offsets
  } scratch_{};
};

}  // namespace simdconv
