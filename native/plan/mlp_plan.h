// The plan of a per-pixel network. What it decides, once per image shape:
//
//   planes  where each layer's output stands in scratch, for as long as a later layer reads it
//   group   as many pixels as let all planes stay in L1; those of wide layers stay in L2
//   units   stretches of pixels, of some groups each
//
// A unit takes group after group through the whole network: pixels become planes, a channel each, and every layer
// makes planes of planes. Lanes are pixels in all of them, so that no width leaves a lane idle:
//
//   pixels of a group         input        hidden layers          output         pixels
//     rgb rgb rgb rgb ...     r r r r      . . . .   . . . .      x x x x        xyz xyz xyz ...
//                        ->   g g g g  ->  . . . . > . . . .  ->  y y y y   ->
//                             b b b b       ...       ...         z z z z
#pragma once

#include <memory>
#include <vector>

#include "plan/ahead.h"
#include "plan/geometry.h"
#include "plan/mlp.h"
#include "plan/samples.h"

namespace simdconv {

class MlpPlan final : public Plan {
 public:
  MlpPlan(std::shared_ptr<const Mlp> mlp, const Geometry& geometry);

  Description describe() const override;
  ImageShape input_shape() const override { return geometry_.in; }
  ImageShape output_shape() const override { return geometry_.out; }
  ElementType in_type() const override { return mlp_->in_type; }
  ElementType out_type() const override { return mlp_->out_type; }
  std::int64_t macs() const override;
  std::int64_t units() const override { return view_.in.batch * image_units_; }
  std::size_t scratch_bytes() const override { return scratch_.bytes; }
  void run_unit(std::int64_t unit, const void* in, void* out, std::byte* scratch) const override;

 private:
  // Neighbouring pixels that go through the network together.
  struct Group {
    std::int64_t pixels, vectors;
    InSamples in;  // of the first pixel's first channel
    OutSamples out;
    float* planes;
    float* pixel_floats;  // [pixels][channels], where bytes become floats or floats bytes
    Ahead* next_in;       // of the pixels after these
    Ahead* next_out;
  };

  void place_planes();
  void choose_group();
  void choose_units();
  void lay_out_scratch();
  void share_lines();
  std::int64_t group_lines(ElementType type, bool planes, std::int64_t channels) const;

  InSamples in_at(InSamples in, std::int64_t image, std::int64_t pixel) const;
  OutSamples out_at(OutSamples out, std::int64_t image, std::int64_t pixel) const;
  Ahead ahead(const void* first, ElementType type, bool planes, std::int64_t channels,
              std::int64_t pixels) const;
  void run_group(const Group& group) const;
  void gather(const Group& group) const;
  void run_layer(const Group& group, std::size_t index) const;
  void choose(const Group& group) const;
  void store(const Group& group) const;

  // Of the network's input, 0, and of the outputs of its layers, 1, 2, ...
  float* value(const Group& group, std::size_t index) const {
    return group.planes + places_[index] * plane_floats_;
  }

  std::shared_ptr<const Mlp> mlp_;
  const KernelTable& kernels_;
  std::int64_t lanes_;
  Geometry geometry_;            // as the caller sees it
  Geometry view_;                // an image as one row, in nhwc all images as one
  bool planes_in_, planes_out_;  // a channel's pixels are contiguous: nchw, or a single channel

  std::vector<std::int64_t> places_;                 // of values, in planes
  std::int64_t planes_ = 0;                          // of all values at once
  std::int64_t most_outputs_ = 0, tile_pixels_ = 0;  // of a tile
  std::size_t home_ = 0;                             // of the planes, among kHomes
  std::int64_t group_pixels_ = 1;
  std::int64_t plane_floats_ = 0;        // from plane to plane
  std::vector<std::ptrdiff_t> offsets_;  // of the planes of the widest layer's input
  std::int64_t image_units_ = 1;
  std::int64_t in_lines_ = 0, out_lines_ = 0;  // of the next group, asked for by each tile
  struct {
    std::size_t planes, pixels, bytes;  // offsets
  } scratch_{};
};

}  // namespace simdconv
