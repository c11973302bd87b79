#include "exact.h"

#include <cmath>

namespace simdconv::test {

double exact(const Activation& activation, double x) {
  switch (activation.kind) {
    case ActivationKind::none:
      return x;
    case ActivationKind::relu:
      return x < 0 ? 0 : x;
    case ActivationKind::leaky_relu:
      return x < 0 ? activation.a * x : x;
    case ActivationKind::clamp:
      return std::fmin(std::fmax(x, activation.a), activation.b);
    case ActivationKind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::hard_swish:
      return x * std::fmin(std::fmax(x + 3, 0), 6) / 6;
    case ActivationKind::silu:
      return x / (1 + std::exp(-x));
    case ActivationKind::gelu:
      return x * std::erfc(-x * std::sqrt(0.5)) / 2;
    case ActivationKind::gelu_tanh: {
      const double root = std::sqrt(2 / std::acos(-1.0));
      return x * (1 + std::tanh(root * (x + 0.044715 * x * x * x))) / 2;
    }
  }
  return x;
}

Activation with_parameters(ActivationKind kind) {
  if (kind == ActivationKind::leaky_relu) return {kind, 0.2F, 0};
  if (kind == ActivationKind::clamp) return {kind, -1, 6};
  return {kind, 0, 0};
}

}  // namespace simdconv::test
