// The plan of the direct convolution. What it decides, once per image shape:
//
//   tiles     an output row is cut into equal tiles of at most the kernel's pixels: 56 = 4 x 14, 30 = 3 x 10
//   zones     at the left and right, the tiles some of whose taps fall beyond the border (or all tiles,
//             where the image is nchw, or of bytes): they read gathered strips;
//             between them, the tiles that read the image itself
//   segments  equal shares of a zone, so short that the input under one fits the window
//   windows   a block of output rows whose input fits half of L2, over which all channel blocks pass
//   slices    of the channels, some groups each, where all of them do not fit the window
//   units     image x row block x segment x slice x share of its channel blocks: what a thread takes at a time
//
// A unit makes a table of pointers, one per output row and kernel row, into the image or into strips; borders
// and layouts end there. Kernels see the pointers.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "plan/layer_plan.h"
#include "plan/row_source.h"

namespace simdconv {

class DirectPlan final : public LayerPlan {
 public:
  DirectPlan(std::shared_ptr<const Layer> layer, const Geometry& geometry);

  std::int64_t units() const override { return units_; }
  std::size_t scratch_bytes() const override { return scratch_.bytes; }
  void run_unit(std::int64_t unit, std::int64_t before, const void* in, void* out,
                std::byte* scratch) const override;

 private:
  std::string kernel_name() const override;
  Isa isa() const override { return kernels_.isa; }

  struct Segment {
    std::int64_t first_tile, end_tile;
    bool gathered;
  };
  struct Zone {
    Segment whole;
    std::int64_t segments;  // that it is cut into

    Segment segment(std::int64_t index) const;
  };

  // A unit's place in the output, and the scratch of the thread that does it.
  struct Unit {
    std::int64_t image, first_row, end_row;
    Segment segment;
    Stretch stretch;  // of the input under the segment
    std::int64_t first_block, end_block;
    std::int64_t first_channel;  // of the input's slice
    OutSamples out;              // of the whole run
    const float** rows;          // [entries of the row grid]
    float* tile;                 // [tile pixels][widest block], where tiles are not stored at once
    std::uint8_t* tile_bytes;
    float* factors;  // [tile pixels][widest block]

    std::int64_t tiles() const { return segment.end_tile - segment.first_tile; }  // of a row
  };

  void choose_slices();
  void choose_tiles();
  void add_zone(std::int64_t first_tile, std::int64_t end_tile, bool gathered);
  void choose_windows();
  void choose_units();
  void lay_out_scratch();

  // Tiles differ by a pixel at the most; the wider ones come first.
  std::int64_t tile_begin(std::int64_t tile) const {
    return tile * narrow_pixels_ + std::min(tile, wide_tiles_);
  }
  // Tiles of one width, side by side, from `tile` to the end of the segment.
  std::int64_t alike(const Segment& segment, std::int64_t tile) const {
    return (tile < wide_tiles_ ? std::min(wide_tiles_, segment.end_tile) : segment.end_tile) - tile;
  }
  bool has_whole_pixels(
      const ChannelBlock& block) const {  // so that a tile of it is contiguous in the output
    return native_out_ && block.channels == view_.out.channels;
  }
  std::int64_t most_pixels(const Zone& zone) const;                                     // of its segments
  std::int64_t place(std::int64_t image, std::int64_t row, std::int64_t pixel) const {  // in an nhwc output
    return ((image * view_.out.height + row) * view_.out.width + pixel) * view_.out.channels;
  }

  Stretch stretch_of(std::int64_t first_pixel, std::int64_t pixels, bool gathered) const;
  std::int64_t row_floats(const Zone& zone) const;
  std::int64_t read_floats(const Zone& zone) const;
  std::int64_t group_blocks() const { return std::ssize(layer_->packed.blocks()) / view_.layer.groups; }
  std::int64_t first_tap(std::int64_t tile) const;  // virtual columns
  std::int64_t last_tap(std::int64_t tile) const;

  Unit decode(std::int64_t index, const OutSamples& out, std::byte* scratch) const;
  // Fills the unit's table, and the strips that it points to. The shares of a window have the same.
  void point_rows(const Unit& unit, const InSamples& in, std::byte* scratch) const;
  void run_block(const Unit& unit, const ChannelBlock& block) const;
  bool is_first(const Unit& unit, const ChannelBlock& block) const {
    return &block == layer_->packed.blocks().data() + unit.first_block;
  }
  // What the kernel asks for ahead, in so many stretches of steps of a tile.
  void ask_for_weights(const Unit& unit, const ChannelBlock& block, std::int64_t tile_stretches,
                       DirectTiles* tiles) const;
  void ask_for_samples(const Unit& unit, std::int64_t row, std::int64_t tile_stretches,
                       DirectTiles* tiles) const;
  void finish(const Unit& unit, const ChannelBlock& block, std::int64_t first_pixel, TapRange rows,
              DirectTiles& tile, std::int64_t pixels) const;
  void store(const Unit& unit, const ChannelBlock& block, std::int64_t row, std::int64_t first_pixel,
             const DirectTiles& tile, std::int64_t pixels) const;
  bool leaves_out(TapRange rows, std::int64_t first_pixel, std::int64_t pixels) const;

  const KernelTable& kernels_;
  Geometry view_;  // as the plan sees it: a 1x1 layer's image as one row

  bool native_in_, native_out_;  // pixels are contiguous: nhwc, or a single channel
  bool stores_at_once_;          // tiles are made where they belong: native, and floats
  bool at_once_;                 // tiles side by side are one call: nothing is to be done in between
  bool skips_rows_;              // kernel rows beyond the image add nothing, and are passed over
  RowSource row_source_;
  RowGrid grid_;

  std::int64_t slice_groups_, slices_;       // of a slice; the last may have fewer
  std::int64_t strip_pixel_floats_;          // from pixel to pixel in a strip
  std::int64_t tiles_, tile_pixels_;         // of an output row; the most in one tile
  std::int64_t wide_tiles_, narrow_pixels_;  // of tiles with a pixel more; of the others
  std::vector<Zone> zones_;
  std::int64_t segments_ = 0;  // of all zones
  std::int64_t block_rows_, row_blocks_;
  std::int64_t shares_;  // of the channel blocks
  std::int64_t units_;
  struct {
    std::size_t rows, strips, constant_row, tile, tile_bytes, factors, bytes;  // offsets
  } scratch_;
};

}  // namespace simdconv
