#include "plan/mlp_planes_plan.h"

#include <algorithm>

#include "simdconv/cpu.h"

namespace simdconv {
namespace {

constexpr std::int64_t kMostGroupVectors = 12;

std::int64_t most_outputs(const Mlp& mlp) {
  std::int64_t most = 0;
  for (const MlpLayer& layer : mlp.layers) most = std::max(most, layer.planar.most_outputs());
  return most;
}

}  // namespace

// Tiles with the most outputs have the fewest vectors.
MlpPlanesPlan::MlpPlanesPlan(const std::shared_ptr<const Mlp>& mlp, const Geometry& geometry)
    : MlpPlan(mlp, geometry,
              {.pixels = mlp->kernels->planar.vectors[most_outputs(*mlp) - 1] * mlp->kernels->lanes,
               .step = mlp->kernels->lanes,
               .most = kMostGroupVectors * mlp->kernels->lanes,
               .in_l1 = true,
               .reads_in_place = false,
               .writes_in_place = false}) {
  std::int64_t widest = 0, tiles = 0;
  for (const MlpLayer& layer : mlp_->layers) {
    widest = std::max(widest, layer.in_channels);
    for (const PlanarBlock& block : layer.planar.blocks()) {
      tiles += ceil_divide(group_pixels_, kernels_.planar.vectors[block.outputs - 1] * kernels_.lanes);
    }
  }
  for (std::int64_t c = 0; c < widest; ++c) offsets_.push_back(c * channel_floats_);
  share_lines(tiles);
  const bool widens = in_type() == ElementType::uint8 && !planes_in_;
  const bool narrows = out_type() == ElementType::uint8 && !planes_out_;
  const std::int64_t channels =
      std::max(widens ? geometry.in.channels : 0, narrows ? geometry.out.channels : 0);
  pixel_floats_ = scratch_.place<float>(channels * group_pixels_);
}

std::string MlpPlanesPlan::kernel_name() const {
  return "f32_planar_" + std::to_string(tiles_.pixels) + "x" + std::to_string(most_outputs(*mlp_)) + "_" +
         isa_name(kernels_.isa);
}

// ---- obeying ---------------------------------------------------------------------------------

void MlpPlanesPlan::run_group(const Group& group) const {
  gather(group);
  for (std::size_t layer = 0; layer < mlp_->layers.size(); ++layer) run_layer(group, layer);
  choose(group);
  store(group);
}

void MlpPlanesPlan::gather(const Group& group) const {
  const std::int64_t channels = view_.in.channels;
  float* planes = value(group, 0);
  const bool bytes = group.in.type == ElementType::uint8;
  if (planes_in_) {
    for (std::int64_t c = 0; c < channels; ++c, planes += channel_floats_) {
      const InSamples plane = group.in.from(c * view_.in.width);
      if (bytes) {
        kernels_.widen(plane.bytes(), planes, group.pixels);
      } else {
        std::copy_n(plane.floats(), group.pixels, planes);
      }
    }
    return;
  }
  if (bytes) kernels_.widen(group.in.bytes(), pixel_floats(group), group.pixels * channels);
  const float* pixels = bytes ? pixel_floats(group) : group.in.floats();
  kernels_.planar.to_planes({pixels, channels, planes, channel_floats_, group.pixels, channels});
}

// The sum starts as the bias wherever Conv2d's would, so that both give the same bits.
void MlpPlanesPlan::run_layer(const Group& group, std::size_t index) const {
  const MlpLayer& layer = mlp_->layers[index];
  PlanarTiles tiles{};
  tiles.offsets = offsets_.data();
  tiles.steps = layer.in_channels;
  tiles.out_stride = channel_floats_;
  layer.clamp_of_sum(&tiles.low, &tiles.high);
  const std::int64_t vectors = group.room / kernels_.lanes;
  for (const PlanarBlock& block : layer.planar.blocks()) {
    tiles.weights = layer.planar.weights(block);
    tiles.bias = layer.sum_has_bias() ? layer.planar.bias() + block.channel : layer.planar.no_bias();
    // As many full tiles as there are, then one that is narrower.
    const std::int64_t most = kernels_.planar.vectors[block.outputs - 1];
    for (std::int64_t begin = 0, end; begin < vectors; begin = end) {
      const std::int64_t width = std::min(most, vectors - begin);
      tiles.tiles = (vectors - begin) / width;
      end = begin + tiles.tiles * width;
      tiles.in = value(group, index) + begin * kernels_.lanes;
      tiles.out = value(group, index + 1) + block.channel * channel_floats_ + begin * kernels_.lanes;
      ask_ahead(group, tiles.tiles);
      kernels_.planar.tile[block.outputs - 1][width - 1](tiles);
    }
  }
  if (layer.is_clamped() && !layer.has_residual()) return;
  PlanesFinish rest{};
  rest.data = value(group, index + 1);
  rest.stride = channel_floats_;
  rest.bias = layer.sum_has_bias() ? nullptr : layer.planar.bias();
  if (layer.has_residual()) {
    (layer.residual_after ? rest.after : rest.before) =
        value(group, static_cast<std::size_t>(layer.residual_from + 1));
  }
  rest.channels = layer.out_channels;
  rest.vectors = vectors;
  if (!layer.clamps_sum()) rest.activation = layer.activation;
  kernels_.planes.finish(rest);
}

void MlpPlanesPlan::choose(const Group& group) const {
  const std::size_t last = mlp_->layers.size();
  const PlanesChoice choice{value(group, last), channel_floats_, mlp_->layers.back().out_channels,
                            group.room / kernels_.lanes};
  if (mlp_->classify == Classify::softmax) kernels_.planes.softmax(choice);
  if (mlp_->classify == Classify::argmax) kernels_.planes.argmax(choice);
}

void MlpPlanesPlan::store(const Group& group) const {
  const std::int64_t channels = view_.out.channels;
  const float* planes = value(group, mlp_->layers.size());
  const bool bytes = group.out.type == ElementType::uint8;
  if (planes_out_) {
    if (bytes) {
      return kernels_.narrow(
          {planes, channel_floats_, group.out.bytes(), view_.out.width, channels, group.pixels});
    }
    float* out = group.out.floats();
    for (std::int64_t c = 0; c < channels; ++c, planes += channel_floats_, out += view_.out.width) {
      std::copy_n(planes, group.pixels, out);
    }
    return;
  }
  float* pixels = bytes ? pixel_floats(group) : group.out.floats();
  kernels_.planar.from_planes({planes, channel_floats_, pixels, channels, group.pixels, channels});
  if (bytes) kernels_.narrow({pixels, 0, group.out.bytes(), 0, 1, group.pixels * channels});
}

}  // namespace simdconv
