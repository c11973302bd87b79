#include "plan/mlp_pixels_plan.h"

#include <algorithm>
#include <numeric>

#include "simdconv/cpu.h"

namespace simdconv {
namespace {

// The fewest that are whole tiles of every block.
std::int64_t whole_tiles(const Mlp& mlp) {
  std::int64_t pixels = 1;
  for (const MlpLayer& layer : mlp.layers) {
    for (const ChannelBlock& block : layer.packed.blocks()) {
      pixels = std::lcm(pixels, std::int64_t{mlp.kernels->max_pixels[block.vectors - 1]});
    }
  }
  return pixels;
}

// Of a tile's steps.
std::int64_t stretches_of(const MlpLayer& layer) { return ceil_divide(layer.in_channels, kDirectStretch); }

// A call of many tiles is worth more than values in L1: 64-64-64-64 on AVX2 is at 0.90 of the peak with 96 or 192 pixels,
// and at 0.87 with the 36 that L1 has room for.
constexpr std::int64_t kMostGroupPixels = 96;

}  // namespace

MlpPixelsPlan::MlpPixelsPlan(const std::shared_ptr<const Mlp>& mlp, const Geometry& geometry)
    : MlpPlan(mlp, geometry,
              {.pixels = whole_tiles(*mlp),
               .step = whole_tiles(*mlp),
               .most = kMostGroupPixels,
               .in_l1 = false,
               .reads_in_place = mlp->in_type == ElementType::float32,
               .writes_in_place = mlp->out_type == ElementType::float32}) {
  std::int64_t stretches = 0;
  for (const MlpLayer& layer : mlp_->layers) {
    for (const ChannelBlock& block : layer.packed.blocks()) {
      stretches += ceil_divide(group_pixels_, kernels_.max_pixels[block.vectors - 1]) * stretches_of(layer);
    }
  }
  share_lines(stretches);
}

std::string MlpPixelsPlan::kernel_name() const {
  std::int64_t widest = 0;
  for (const MlpLayer& layer : mlp_->layers) widest = std::max(widest, layer.packed.widest_block());
  const std::int64_t pixels = kernels_.max_pixels[widest / kernels_.lanes - 1];
  return "f32_direct_" + std::to_string(pixels) + "x" + std::to_string(widest) + "_" + isa_name(kernels_.isa);
}

// ---- obeying ---------------------------------------------------------------------------------

void MlpPixelsPlan::run_group(const Group& group) const {
  if (!tiles_.reads_in_place) {
    kernels_.widen(group.in.bytes(), value(group, 0), group.pixels * view_.in.channels);
  }
  for (std::size_t layer = 0; layer < mlp_->layers.size(); ++layer) {
    run_layer(group, layer);
    finish(group, layer);
  }
  if (!tiles_.writes_in_place) {
    kernels_.narrow(
        {value(group, mlp_->layers.size()), 0, group.out.bytes(), 0, 1, group.pixels * view_.out.channels});
  }
}

// The kernel asks for the lines of the next group, first for its input's and then for its output's, a few before each
// stretch: before each call they would be too many at once.
void MlpPixelsPlan::let_ask_ahead(const Group& group, std::int64_t stretches, DirectTiles* tiles) const {
  Ahead* next = group.next_in->is_done() ? group.next_out : group.next_in;
  tiles->lines_ahead = next->is_done() ? 0 : in_lines_ + out_lines_;
  tiles->ahead = static_cast<const float*>(next->take(tiles->lines_ahead * stretches * tiles->tiles));
}

// Tiles of equal width, for each block of channels: one call for those that are a pixel wider, if there are any, and one
// for the others. The sum starts as the bias wherever Conv2d's would.
void MlpPixelsPlan::run_layer(const Group& group, std::size_t index) const {
  const MlpLayer& layer = mlp_->layers[index];
  const float* in = read(group, index);
  DirectTiles tiles{};
  tiles.rows = &in;
  tiles.pixel_stride = layer.in_channels;
  tiles.kernel_rows = 1;
  tiles.runs = 1;
  tiles.run_length = layer.in_channels;
  tiles.out_stride = layer.out_channels;
  layer.clamp_of_sum(&tiles.low, &tiles.high);
  for (const ChannelBlock& block : layer.packed.blocks()) {
    tiles.weights = layer.packed.weights(block);
    tiles.bias = layer.sum_has_bias() ? layer.packed.bias(block) : layer.packed.no_bias();
    tiles.channels = block.channels;
    const std::int64_t all = ceil_divide(group.pixels, kernels_.max_pixels[block.vectors - 1]);
    const std::int64_t wide = group.pixels % all;
    for (std::int64_t t = 0, begin = 0; t < all; t += tiles.tiles) {
      const std::int64_t pixels = group.pixels / all + (t < wide ? 1 : 0);
      tiles.tiles = t < wide ? wide : all - wide;
      tiles.column_offset = begin * layer.in_channels;
      tiles.out = written(group, index + 1) + begin * layer.out_channels + block.channel;
      let_ask_ahead(group, stretches_of(layer), &tiles);
      kernels_.direct[block.vectors - 1][pixels - 1](tiles);
      begin += tiles.tiles * pixels;
    }
  }
}

// What goes element by element sees pixels as one plane of whole vectors.
void MlpPixelsPlan::finish(const Group& group, std::size_t index) const {
  const MlpLayer& layer = mlp_->layers[index];
  float* data = written(group, index + 1);
  Activation activation = layer.clamps_sum() ? Activation{} : layer.activation;
  if (!layer.sum_has_bias()) {
    for (const ChannelBlock& block : layer.packed.blocks()) {
      kernels_.finish({data + block.channel, layer.out_channels, nullptr, 0, layer.packed.bias(block),
                       group.pixels, block.channels, activation});
    }
    activation = {};
  }
  if (!layer.has_residual()) return;
  PlanesFinish rest{};
  rest.data = data;
  (layer.residual_after ? rest.after : rest.before) =
      read(group, static_cast<std::size_t>(layer.residual_from + 1));
  rest.channels = 1;
  rest.vectors = group.pixels * layer.out_channels / kernels_.lanes;
  rest.activation = activation;
  kernels_.planes.finish(rest);
}

}  // namespace simdconv
