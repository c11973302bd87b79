// From a specification to a layer, and from a layer to a plan.
#include "simdconv/conv2d.h"

#include <new>

#include "plan/filter.h"
#include "plan/layer.h"
#include "plan/select.h"

namespace simdconv {

Status Conv2d::create(const Conv2dSpec& spec, std::shared_ptr<const Conv2d>* result,
                      std::string* reason) try {
  const LayerShape shape{spec.kernel_height, spec.kernel_width,    spec.in_channels,
                         spec.out_channels,  spec.groups,          spec.stride_height,
                         spec.stride_width,  spec.dilation_height, spec.dilation_width};
  const Status shape_status = check_layer_shape(shape);
  if (shape_status != Status::ok) return shape_status;
  const KernelTable* kernels = kernels_for(spec.isa);
  if (!spec.filter || !kernels) return Status::bad_argument;

  auto layer = std::make_shared<Layer>();
  layer->spec = spec;
  layer->shape = shape;
  layer->kernels = kernels;
  const std::int64_t weights =
      shape.kernel_height * shape.kernel_width * shape.group_in() * shape.out_channels;
  layer->finite_weights = all_finite(spec.filter, weights);
  layer->whole_weights = all_whole(spec.filter, weights);
  const Status selection = select_algorithms(*layer, spec.algorithm, reason);
  if (selection != Status::ok) return selection;
  if (spec.border.renormalizes())
    layer->renormalizer = Renormalizer(spec.border.by, layer->filter_view(), shape);
  for (const Algorithm* algorithm : layer->algorithms) algorithm->prepare(*layer);
  layer->spec.filter = layer->filter.empty() ? nullptr : layer->filter.data();  // they were the caller's
  layer->spec.bias = layer->bias.empty() ? nullptr : layer->bias.data();
  *result = std::move(layer);
  return Status::ok;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory;
}

Status Plan::create(std::shared_ptr<const Conv2d> conv2d, const ImageShape& input, const Padding& padding,
                    std::shared_ptr<const Plan>* result) try {
  auto layer = std::static_pointer_cast<const Layer>(std::move(conv2d));
  Geometry geometry{};
  const Status status = make_geometry(layer->shape, input, padding, &geometry);
  if (status != Status::ok) return status;
  *result = choose_algorithm(*layer, geometry).plan(layer, geometry);
  return Status::ok;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory;
}

}  // namespace simdconv
