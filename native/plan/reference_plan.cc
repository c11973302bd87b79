// The reference as an algorithm: it accepts every layer, so every layer has an answer.
#include "kernels/reference.h"
#include "plan/layer_plan.h"

namespace simdconv {
namespace {

class ReferencePlan final : public LayerPlan {
 public:
  ReferencePlan(std::shared_ptr<const Layer> layer, const Geometry& geometry)
      : LayerPlan(kReference.name, std::move(layer), geometry) {}

  std::int64_t units() const override { return geometry_.out.batch * geometry_.out.height; }
  std::size_t scratch_bytes() const override { return 0; }

  void run_unit(std::int64_t unit, std::int64_t /*before*/, const void* in, void* out,
                std::byte*) const override {
    const ImageShape& shape = geometry_.out;
    reference_row(layer_->spec, geometry_.in, shape, geometry_.padding, unit / shape.height,
                  unit % shape.height, in, out);
  }

 private:
  std::string kernel_name() const override { return "f64_reference"; }
  Isa isa() const override { return Isa::scalar; }
};

void prepare(Layer& layer) {
  const LayerShape& s = layer.shape;
  const std::int64_t weights = s.kernel_height * s.kernel_width * s.group_in() * s.out_channels;
  layer.filter.assign(layer.spec.filter, layer.spec.filter + weights);
  if (layer.spec.bias) layer.bias.assign(layer.spec.bias, layer.spec.bias + s.out_channels);
}

}  // namespace

const Algorithm kReference{
    "reference",
    [](const Layer&) { return std::string(); },
    prepare,
    nullptr,
    [](std::shared_ptr<const Layer> layer, const Geometry& geometry) -> std::shared_ptr<const Plan> {
      return std::make_shared<ReferencePlan>(std::move(layer), geometry);
    },
};

}  // namespace simdconv
