// From a specification to a network, and from a network to a plan.
#include "plan/mlp.h"

#include <new>

#include "plan/geometry.h"
#include "plan/mlp_plan.h"

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

MlpLayer pack(const PixelMlpLayer& layer, const PlanarKernels& kernels) {
  const LayerShape shape = shape_of(layer.in_channels, layer.out_channels);
  const FilterView weights = view_filter(layer.weights, FilterLayout::hwio, shape, /*flip=*/false);
  return {layer.in_channels,   layer.out_channels,   layer.activation,
          layer.residual_from, layer.residual_after, PlanarFilter(weights, layer.bias, shape, kernels)};
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
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const PixelMlpLayer& layer = spec.layers[i];
    const LayerShape shape = shape_of(layer.in_channels, layer.out_channels);
    const Status status = check_layer_shape(shape);
    if (status != Status::ok) return status;
    if (!follows(spec.layers, static_cast<std::int64_t>(i))) return Status::bad_argument;
    mlp->layers.push_back(pack(layer, mlp->kernels->planar));
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
  auto mlp = std::static_pointer_cast<const Mlp>(std::move(pixel_mlp));
  Geometry geometry{};
  const Status status =
      make_geometry(shape_of(mlp->in_channels(), mlp->out_channels()), input, {}, &geometry);
  if (status != Status::ok) return status;
  *result = std::make_shared<MlpPlan>(std::move(mlp), geometry);
  return Status::ok;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory;
}

}  // namespace simdconv
