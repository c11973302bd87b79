// What comes after the sum where a clamp does not say it all: scale, bias and activation, in place, on a tile
// that the direct kernel has just left in L1.

#include "kernels/kernels.h"
#include "simd/math-inl.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

// x gate(x) for a gate that vanishes towards -infinity: there the product is -0, its limit, and not NaN.
inline Vec gated(Vec x, Vec gate) { return mul(at_least(splat(-3.4028235e38F), x), gate); }

template <ActivationKind Kind>
inline Vec activate(Vec x, Vec a, Vec b) {
  if constexpr (Kind == ActivationKind::relu) return at_least(splat(0), x);
  if constexpr (Kind == ActivationKind::leaky_relu) return if_less(x, splat(0), mul(a, x), x);
  if constexpr (Kind == ActivationKind::clamp) return at_most(b, at_least(a, x));
  if constexpr (Kind == ActivationKind::sigmoid) return logistic(x);
  if constexpr (Kind == ActivationKind::tanh) return hyperbolic_tangent(x);
  if constexpr (Kind == ActivationKind::hard_swish) {  // x min(max(x + 3, 0), 6) / 6
    const Vec gate = at_most(splat(6), at_least(splat(0), add(x, splat(3))));
    return gated(x, mul(gate, splat(1.0F / 6)));
  }
  if constexpr (Kind == ActivationKind::silu) return gated(x, logistic(x));
  if constexpr (Kind == ActivationKind::gelu) {  // x Phi(x) = x erfc(-x / sqrt 2) / 2
    return gated(mul(x, splat(0.5F)), complementary_error(mul(x, splat(-0.70710678F))));
  }
  if constexpr (Kind == ActivationKind::gelu_tanh) {  // (1 + tanh u) / 2 = 1 / (1 + e^-2u), u = sqrt(2 / pi)
                                                      // (x + 0.044715 x^3)
    return gated(x, logistic(mul(mul(x, splat(1.5957691F)), fma(mul(x, x), splat(0.044715F), splat(1)))));
  }
  return x;
}

template <ActivationKind Kind>
void finish_as(const FinishTile& tile) {
  const Vec a = splat(tile.activation.a), b = splat(tile.activation.b);
  float* row = tile.data;
  const float* scale_row = tile.scale;
  for (std::int64_t p = 0; p < tile.pixels; ++p, row += tile.data_stride) {
    std::int64_t d = 0;
    for (; d + kLanes <= tile.channels; d += kLanes) {
      const Vec scale = scale_row ? load(scale_row + d) : splat(1);
      store(row + d, activate<Kind>(fma(load(row + d), scale, load(tile.bias + d)), a, b));
    }
    const std::int64_t rest = tile.channels - d;
    if (rest > 0) {
      const Vec scale = scale_row ? load_first(scale_row + d, rest) : splat(1);
      const Vec x = fma(load_first(row + d, rest), scale, load_first(tile.bias + d, rest));
      store_first(row + d, activate<Kind>(x, a, b), rest);
    }
    if (scale_row) scale_row += tile.scale_stride;
  }
}

void finish_tile(const FinishTile& tile) {
  switch (tile.activation.kind) {
    case ActivationKind::none:
      return finish_as<ActivationKind::none>(tile);
    case ActivationKind::relu:
      return finish_as<ActivationKind::relu>(tile);
    case ActivationKind::leaky_relu:
      return finish_as<ActivationKind::leaky_relu>(tile);
    case ActivationKind::clamp:
      return finish_as<ActivationKind::clamp>(tile);
    case ActivationKind::sigmoid:
      return finish_as<ActivationKind::sigmoid>(tile);
    case ActivationKind::tanh:
      return finish_as<ActivationKind::tanh>(tile);
    case ActivationKind::hard_swish:
      return finish_as<ActivationKind::hard_swish>(tile);
    case ActivationKind::silu:
      return finish_as<ActivationKind::silu>(tile);
    case ActivationKind::gelu:
      return finish_as<ActivationKind::gelu>(tile);
    case ActivationKind::gelu_tanh:
      return finish_as<ActivationKind::gelu_tanh>(tile);
  }
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
