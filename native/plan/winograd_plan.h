// The plan of the Winograd convolution. What it decides, once per image shape:
//
//   tiles    of outputs, 4 x 4 for F(4x4, 3x3); those at the right and bottom may be wanted in part
//   groups   tiles that are multiplied together, so many that reading the weights costs little, of all images of
//            the batch in one sequence
//   units    group x share of the channel blocks
//
// A unit transforms the tiles of its group, for all input channels; then, block after block of output channels, it
// multiplies them, point by point, and transforms the sums back. A pixel is a pointer: borders end where a tile's
// pointers are made.
//
// One sample that is no finite number would spoil all outputs of its tile, and so would a sum that overflows on the
// way. The kernel tells; such a tile is made again by the direct kernel, and is what the formula says.
#pragma once

#include <array>
#include <memory>

#include "plan/buffer.h"
#include "plan/layer_plan.h"
#include "plan/samples.h"

namespace simdconv {

// The tiles of an image, and the groups that they are taken in.
struct WinogradTiling {
  WinogradTiling(const WinogradFilter& filter, const Geometry& geometry);

  std::int64_t rows, columns;        // of tiles, in an image
  std::int64_t tiles;                // of the batch
  std::int64_t groups, group_tiles;  // the most in one
};

class WinogradPlan final : public LayerPlan {
 public:
  WinogradPlan(std::shared_ptr<const Layer> layer, const Geometry& geometry, const WinogradFilter& filter);

  std::int64_t units() const override { return tiling_.groups * shares_; }
  std::size_t scratch_bytes() const override { return scratch_.bytes; }
  void run_unit(std::int64_t unit, std::int64_t before, const void* in, void* out,
                std::byte* scratch) const override;

 private:
  std::string kernel_name() const override;
  // Outputs [row, row + rows) x [column, column + columns) of an image.
  struct Tile {
    std::int64_t image, row, column, rows, columns;
  };

  struct Unit {
    std::int64_t first_tile, tiles;
    InSamples in;
    OutSamples out;
    const float** pixels;  // [points], of a tile
    float* patch;    // [points][pixel_floats_], a tile's samples, where it has no pixels of floats in memory
    float* samples;  // [points][tiles of a group][pixel_floats_], transformed
    float* sums;     // [points][tiles of a group][channels of a block]
    float* tile;     // [outputs of a tile][channels of a block], where it is not stored at once
    std::uint8_t* tile_bytes;
    float* factors;  // [pixels of a tile's row][channels of a block]
    float* poison;   // [lanes]
  };

  void choose_groups();
  void lay_out_scratch();

  Tile tile_at(std::int64_t index) const;
  void point_pixels(const Unit& unit, const Tile& tile) const;
  void copy_pixel(const InSamples& pixel, float* copy) const;
  const float* beyond(bool row_outside, bool column_outside) const;
  void transform_inputs(const Unit& unit) const;
  void multiply(const Unit& unit, const ChannelBlock& block) const;
  void transform_outputs(const Unit& unit, const ChannelBlock& block) const;
  void make_directly(const Unit& unit, const Tile& tile, const ChannelBlock& block,
                     const WinogradOutput& place) const;
  void store(const Unit& unit, const Tile& tile, const ChannelBlock& block, const WinogradOutput& made) const;
  bool leaves_out(const Tile& tile) const;
  void finish(const Unit& unit, const Tile& tile, const ChannelBlock& block,
              const WinogradOutput& place) const;

  std::int64_t block_width(const ChannelBlock& block) const { return block.vectors * kernels_.lanes; }

  const KernelTable& kernels_;
  const WinogradFilter& filter_;  // of the layer
  WinogradTiling tiling_;
  CookToom form_y_, form_x_;
  const WinogradEnds& ends_;  // of the way: the kernels that transform

  bool native_in_, native_out_;  // pixels are contiguous: nhwc, or a single channel
  bool stores_at_once_;          // tiles are made where they belong: native, and floats
  std::int64_t shares_;
  std::int64_t pixel_floats_;  // channels of a transformed sample, rounded up to whole vectors
  std::ptrdiff_t sample_stride_, sum_stride_;  // from point to point
  std::array<AlignedFloats, 3> constants_;     // pixels of zeros and of the border's constants in y and in x
  struct {
    std::size_t pixels, patch, samples, sums, tile, tile_bytes, factors, poison, bytes;  // offsets
  } scratch_{};
};

}  // namespace simdconv
