// The plan of a per-pixel network, as far as it is the same whether lanes are pixels (mlp_planes_plan.h) or channels
// (mlp_pixels_plan.h). What it decides, once per image shape:
//
//   places  where in scratch each layer's output stands, for as long as a later layer reads it
//   group   as many pixels as let all of these stay in L1 or, where these are many or lanes are channels, in L2
//   units   stretches of pixels, of some groups each
//
// A unit takes group after group through the whole network.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plan/ahead.h"
#include "plan/common.h"
#include "plan/geometry.h"
#include "plan/mlp.h"
#include "plan/samples.h"

namespace simdconv {

class MlpPlan : public Plan {
 public:
  Description describe() const override;
  ImageShape input_shape() const override { return geometry_.in; }
  ImageShape output_shape() const override { return geometry_.out; }
  ElementType in_type() const override { return mlp_->in_type; }
  ElementType out_type() const override { return mlp_->out_type; }
  std::int64_t macs() const final;
  std::int64_t units() const override { return view_.in.batch * image_units_; }
  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  void run_unit(std::int64_t unit, std::int64_t before, const void* in, void* out,
                std::byte* scratch) const override;

 protected:
  struct Tiles {
    // Of a full tile in the layers where these are fewest, or of whole tiles of all layers; a group is some of these.
    std::int64_t pixels;
    std::int64_t step;  // what groups and units are whole numbers of: these pixels, or vectors
    std::int64_t most;  // pixels of a group
    bool in_l1;         // where values should be, if a tile's fit
    bool reads_in_place, writes_in_place;  // first layer and last have no value in scratch then
  };

  // Neighbouring pixels that go through the network together.
  struct Group {
    std::int64_t pixels, room;  // `room` in whole steps
    InSamples in;               // of the first pixel's first channel
    OutSamples out;
    std::byte* scratch;
    Ahead* next_in;  // of the pixels after these
    Ahead* next_out;
  };

  MlpPlan(std::shared_ptr<const Mlp> mlp, const Geometry& geometry, const Tiles& tiles);

  virtual std::string kernel_name() const = 0;
  virtual void run_group(const Group& group) const = 0;

  // Each part of a group's work, `parts` in all, asks for as many lines of the next group as make all of them.
  void share_lines(std::int64_t parts);
  void ask_ahead(const Group& group, std::int64_t tiles) const {
    group.next_in->ask(tiles * in_lines_);
    group.next_out->ask(tiles * out_lines_);
  }

  // Of the network's input, 0, and of the outputs of its layers, 1, 2, ...
  float* value(const Group& group, std::size_t index) const {
    return reinterpret_cast<float*>(group.scratch + values_) + places_[index] * channel_floats_;
  }

  std::shared_ptr<const Mlp> mlp_;
  const KernelTable& kernels_;
  Geometry geometry_;            // as the caller sees it
  Geometry view_;                // an image as one row, in nhwc all images as one
  bool planes_in_, planes_out_;  // a channel's pixels are contiguous: nchw, or a single channel
  Tiles tiles_;
  std::int64_t group_pixels_ = 1;
  std::int64_t channel_floats_ = 0;  // of a group: an odd number of cache lines
  ScratchLayout scratch_;
  std::int64_t in_lines_ = 0, out_lines_ = 0;  // of the next group, asked for by each part

 private:
  void place_values();
  void choose_group();
  void choose_units();
  std::int64_t group_lines(ElementType type, bool planes, std::int64_t channels) const;
  InSamples in_at(InSamples in, std::int64_t image, std::int64_t pixel) const;
  OutSamples out_at(OutSamples out, std::int64_t image, std::int64_t pixel) const;
  Ahead ahead(const void* first, ElementType type, bool planes, std::int64_t channels,
              std::int64_t pixels) const;

  std::vector<std::int64_t> places_;  // of values, in channels
  std::int64_t channels_ = 0;         // of all values at once
  std::size_t home_ = 0;              // of the values, among kHomes
  std::size_t values_ = 0;            // in scratch
  std::int64_t image_units_ = 1;
};

}  // namespace simdconv
