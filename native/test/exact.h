// Activations by the standard library, in double.
#pragma once

#include "simdconv/types.h"

namespace simdconv::test {

double exact(const Activation& activation, double x);

// One of each kind, with parameters where it has some.
Activation with_parameters(ActivationKind kind);

inline constexpr ActivationKind kKinds[] = {
    ActivationKind::none,    ActivationKind::relu,     ActivationKind::leaky_relu, ActivationKind::clamp,
    ActivationKind::sigmoid, ActivationKind::tanh,     ActivationKind::hard_swish, ActivationKind::silu,
    ActivationKind::gelu,    ActivationKind::gelu_tanh};

}  // namespace simdconv::test
