// From a specification to a network, and from a network to a plan.
#include "plan/mlp.h"

#include <algorithm>
#include <new>

#include "plan/geometry.h"
#include "plan/mlp_pixels_plan.h"
#include "plan/mlp_planes_plan.h"

namespace simdconv {
namespace {

constexpr std::int64_t kByteIndices = 256;

LayerShape shape_of(std::int64_t in_channels, std::int64_t out_channels) {
  return {1, 1, in_channels, out_channels, 1, 1, 1, 1, 1};
}

// Whether layer `index` follows from the layers before it.
bool follows(const std::vector<PixelMlpLayer>& layers, std::int64_t index) {
  const auto at = [&](std::int64_t i) -> const PixelMlpLayer& { return layers[static_cast<std::size_t>(i)]; };
  const PixelMlpLayer& layer = at(index);
  if (!layer.weights || (index > 0 && layer.in_channels != at(index - 1).out_channels)) return false;
  if (layer.residual_from == kNoResidual) return true;
  if (layer.residual_from < kFromInput || layer.residual_from >= index) return false;
  const std::int64_t width =
      layer.residual_from == kFromInput ? at(0).in_channels : at(layer.residual_from).out_channels;
  return layer.out_channels == width;
}

// Lanes are channels where that spares transposing and leaves no lane idle: a vector has several, pixels have their
// channels innermost, all layers make whole vectors of them, and nothing is chosen among channels, for which a vector
// would have to be reduced. Pixels of a multiple of 4 KiB share one set of L1, where a tile's push each other out.
bool suits_channels(const PixelMlpSpec& spec, const KernelTable& kernels) {
  constexpr std::int64_t kCollidingFloats = 1024;
  if (kernels.lanes == 1 || spec.layout != Layout::nhwc || spec.classify != Classify::none) return false;
  return std::all_of(spec.layers.begin(), spec.layers.end(), [&](const PixelMlpLayer& layer) {
    return layer.out_channels % kernels.lanes == 0 && layer.in_channels % kCollidingFloats != 0;
  });
}

MlpLayer pack(const PixelMlpLayer& layer, const Mlp& mlp) {
  const LayerShape shape = shape_of(layer.in_channels, layer.out_channels);
  const FilterView weights = view_filter(layer.weights, FilterLayout::hwio, shape, /*flip=*/false);
  MlpLayer made{.in_channels = layer.in_channels,
                .out_channels = layer.out_channels,
                .activation = layer.activation,
                .residual_from = layer.residual_from,
                .residual_after = layer.residual_after,
                .planar = {},
                .packed = {}};
  if (mlp.lanes_are_channels) {
    made.packed = PackedFilter(weights, layer.bias, shape, *mlp.kernels);
  } else {
    made.planar = PlanarFilter(weights, layer.bias, shape, mlp.kernels->planar);
  }
  return made;
}

}  // namespace

Status PixelMlp::create(const PixelMlpSpec& spec, std::shared_ptr<const PixelMlp>* result) try {
  auto mlp = std::make_shared<Mlp>();
  mlp->kernels = kernels_for(spec.isa);
  if (!mlp->kernels || spec.layers.empty()) return Status::bad_argument;
  mlp->classify = spec.classify;
  mlp->layout = spec.layout;
  mlp->in_type = spec.in_type;
  mlp->out_type = spec.out_type;
  mlp->lanes_are_channels = suits_channels(spec, *mlp->kernels);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const PixelMlpLayer& layer = spec.layers[i];
    const LayerShape shape = shape_of(layer.in_channels, layer.out_channels);
    const Status status = check_layer_shape(shape);
    if (status != Status::ok) return status;
    if (!follows(spec.layers, static_cast<std::int64_t>(i))) return Status::bad_argument;
    mlp->layers.push_back(pack(layer, *mlp));
  }
  const bool indices = spec.classify == Classify::argmax && spec.out_type == ElementType::uint8;
  if (indices && mlp->layers.back().out_channels > kByteIndices) return Status::bad_argument;
  *result = std::move(mlp);
  return Status::ok;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory;
}

Status PixelMlp::plan(std::shared_ptr<const PixelMlp> pixel_mlp, const ImageShape& input,
                      std::shared_ptr<const Plan>* result) try {
  const auto mlp = std::static_pointer_cast<const Mlp>(std::move(pixel_mlp));
  Geometry geometry{};
  const Status status =
      make_geometry(shape_of(mlp->in_channels(), mlp->out_channels()), input, {}, &geometry);
  if (status != Status::ok) return status;
  if (mlp->lanes_are_channels) {
    *result = std::make_shared<MlpPixelsPlan>(mlp, geometry);
  } else {
    *result = std::make_shared<MlpPlanesPlan>(mlp, geometry);
  }
  return Status::ok;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory;
}

}  // namespace simdconv
