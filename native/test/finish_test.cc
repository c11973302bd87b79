// Scale, bias and activations of every instruction set against the standard library in double.
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "exact.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

void finish(const KernelTable& kernels, const Activation& activation, float* data, std::int64_t channels,
            const float* bias, const float* scale) {
  FinishTile tile{};
  tile.data = data;
  tile.data_stride = channels;
  tile.scale = scale;
  tile.scale_stride = channels;
  tile.bias = bias;
  tile.pixels = 1;
  tile.channels = channels;
  tile.activation = activation;
  kernels.finish(tile);
}

}  // namespace

TEST(activations_are_accurate) {
  for (const Isa isa : available_isas()) {
    const KernelTable& kernels = *kernels_for(isa);
    for (const ActivationKind kind : kKinds) {
      const Activation activation = with_parameters(kind);
      std::vector<float> inputs;
      for (int i = -4000; i <= 4000; ++i) inputs.push_back(static_cast<float>(i) * 0.005F);
      for (int i = -60; i <= 60; ++i) {
        const float x = std::pow(3.0F, static_cast<float>(i));
        inputs.insert(inputs.end(), {x, -x});
      }
      for (const float x : {87.5F, 100.0F, 1e30F, 3e38F}) inputs.push_back(-x);
      const auto count = static_cast<std::int64_t>(inputs.size());
      std::vector<float> outputs = inputs;
      const std::vector<float> zeros(inputs.size(), 0.0F);
      finish(kernels, activation, outputs.data(), count, zeros.data(), nullptr);
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        // Four roundings of the answer, or of the largest intermediate: 1 in a sigmoid, x in x * sigmoid(x).
        const double want = exact(activation, inputs[i]);
        const double bound =
            4 * 1.2e-7 * std::fmax(std::fabs(want), 1e-1 * std::fmin(1, std::fabs(inputs[i])));
        CHECK(std::fabs(outputs[i] - want) <= bound, "%s, activation %d: f(%.9g) = %.9g, not %.9g",
              isa_name(isa), static_cast<int>(kind), static_cast<double>(inputs[i]),
              static_cast<double>(outputs[i]), want);
      }
    }
  }
}

// A limit, as the sign of a zero counts as well.
float at_minus_infinity(const Activation& activation) {
  switch (activation.kind) {
    case ActivationKind::none:
    case ActivationKind::leaky_relu:
      return -kInfinity;
    case ActivationKind::clamp:
      return activation.a;
    case ActivationKind::tanh:
      return -1;
    case ActivationKind::relu:
    case ActivationKind::sigmoid:
      return 0;
    default:
      return -0.0F;
  }
}

TEST(activations_of_infinity_and_nan) {
  for (const Isa isa : available_isas()) {
    const KernelTable& kernels = *kernels_for(isa);
    for (const ActivationKind kind : kKinds) {
      const Activation activation = with_parameters(kind);
      float data[3] = {kNan, kInfinity, -kInfinity};
      const float zeros[3] = {};
      finish(kernels, activation, data, 3, zeros, nullptr);
      CHECK(std::isnan(data[0]), "%s, activation %d: f(NaN) = %g", isa_name(isa), static_cast<int>(kind),
            static_cast<double>(data[0]));
      const bool bounded = kind == ActivationKind::sigmoid || kind == ActivationKind::tanh;
      const float at_infinity = bounded ? 1 : kind == ActivationKind::clamp ? activation.b : kInfinity;
      CHECK(data[1] == at_infinity, "%s, activation %d: f(infinity) = %g", isa_name(isa),
            static_cast<int>(kind), static_cast<double>(data[1]));
      const float want = at_minus_infinity(activation);
      CHECK(data[2] == want && std::signbit(data[2]) == std::signbit(want),
            "%s, activation %d: f(-infinity) = %g", isa_name(isa), static_cast<int>(kind),
            static_cast<double>(data[2]));
    }
  }
}

TEST(finish_touches_its_channels_alone) {
  for (const Isa isa : available_isas()) {
    const KernelTable& kernels = *kernels_for(isa);
    for (std::int64_t channels = 1; channels <= 2 * kernels.lanes + 1; ++channels) {
      GuardedFloats data(channels, Against::end), bias(channels, Against::end), scale(channels, Against::end);
      for (std::int64_t d = 0; d < channels; ++d) {
        data[d] = static_cast<float>(d);
        bias[d] = 100;
        scale[d] = 2;
      }
      finish(kernels, {ActivationKind::relu, 0, 0}, data.data(), channels, bias.data(), scale.data());
      CHECK(data.surroundings_intact(), "%s, %d channels", isa_name(isa), static_cast<int>(channels));
      for (std::int64_t d = 0; d < channels; ++d) {
        CHECK(data[d] == static_cast<float>(2 * d + 100), "%s, channel %d of %d", isa_name(isa),
              static_cast<int>(d), static_cast<int>(channels));
      }
    }
  }
}

}  // namespace simdconv::test
