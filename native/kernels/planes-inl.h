// What comes after the sums of a per-pixel network, on planes of whole vectors that are in L1: bias, residual and
// activation where a clamp does not say it all, and at the end the choice among channels. Lanes are pixels, so what
// runs over channels is as vertical as what does not. Included after finish-inl.h, whose activations these are.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

template <ActivationKind Kind>
void finish_planes_as(const PlanesFinish& planes) {
  const Vec a = splat(planes.activation.a), b = splat(planes.activation.b);
  for (std::int64_t d = 0; d < planes.channels; ++d) {
    const std::ptrdiff_t plane = d * planes.stride, end = plane + planes.vectors * kLanes;
    for (std::ptrdiff_t i = plane; i < end; i += kLanes) {
      Vec x = load(planes.data + i);
      if (planes.bias) x = add(x, splat(planes.bias[d]));
      if (planes.before) x = add(x, load(planes.before + i));
      x = activate<Kind>(x, a, b);
      if (planes.after) x = add(x, load(planes.after + i));
      store(planes.data + i, x);
    }
  }
}

void finish_planes(const PlanesFinish& planes) {
  switch (planes.activation.kind) {
    case ActivationKind::none:
      return finish_planes_as<ActivationKind::none>(planes);
    case ActivationKind::relu:
      return finish_planes_as<ActivationKind::relu>(planes);
    case ActivationKind::leaky_relu:
      return finish_planes_as<ActivationKind::leaky_relu>(planes);
    case ActivationKind::clamp:
      return finish_planes_as<ActivationKind::clamp>(planes);
    case ActivationKind::sigmoid:
      return finish_planes_as<ActivationKind::sigmoid>(planes);
    case ActivationKind::tanh:
      return finish_planes_as<ActivationKind::tanh>(planes);
    case ActivationKind::hard_swish:
      return finish_planes_as<ActivationKind::hard_swish>(planes);
    case ActivationKind::silu:
      return finish_planes_as<ActivationKind::silu>(planes);
    case ActivationKind::gelu:
      return finish_planes_as<ActivationKind::gelu>(planes);
    case ActivationKind::gelu_tanh:
      return finish_planes_as<ActivationKind::gelu_tanh>(planes);
  }
}

// Where the exponential stays at the least normal number, a probability is 0.
void softmax_planes(const PlanesChoice& planes) {
  const float* const past = planes.data + planes.channels * planes.stride;
  for (std::int64_t v = 0; v < planes.vectors; ++v) {
    float* const first = planes.data + v * kLanes;
    Vec largest = load(first);
    for (float* x = first + planes.stride; x < past; x += planes.stride) largest = at_least(largest, load(x));
    Vec sum = splat(0);
    for (float* x = first; x < past; x += planes.stride) {
      const Vec below = sub(load(x), largest);
      const Vec power = if_less(below, splat(-87.3F), splat(0), exponential(below));
      store(x, power);
      sum = add(sum, power);
    }
    for (float* x = first; x < past; x += planes.stride) store(x, div(load(x), sum));
  }
}

// Channel 0 is where the index goes.
void argmax_planes(const PlanesChoice& planes) {
  const Vec infinity = splat(__builtin_inff());
  for (std::int64_t v = 0; v < planes.vectors; ++v) {
    float* const first = planes.data + v * kLanes;
    Vec largest = if_less(load(first), infinity, load(first), infinity), index = splat(0);
    for (std::int64_t d = 1; d < planes.channels; ++d) {
      Vec x = load(first + d * planes.stride);
      x = if_less(x, infinity, x, infinity);
      index = if_less(largest, x, splat(static_cast<float>(d)), index);
      largest = at_least(largest, x);
    }
    store(first, index);
  }
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
