#include "kernels/reference.h"

#include <cmath>

namespace simdconv {
namespace {

// Walks from `coordinate` into the image one bounce at a time; false: nothing stands there.
bool walk_inside(BorderMode mode, std::int64_t extent, std::int64_t* coordinate) {
  // Every pattern repeats after 2 n (symmetric, wrap) or 2 n - 2 (reflect) samples: whole repetitions change
  // nothing.
  const bool repeats = mode == BorderMode::symmetric || mode == BorderMode::wrap;
  const std::int64_t repetition = repeats                                     ? 2 * extent
                                  : mode == BorderMode::reflect && extent > 1 ? 2 * extent - 2
                                                                              : 0;
  if (repetition > 0) *coordinate %= repetition;
  while (*coordinate < 0 || *coordinate >= extent) {
    const bool before = *coordinate < 0;
    const std::int64_t last = extent - 1;
    switch (mode) {
      case BorderMode::constant:
      case BorderMode::renormalize:
        return false;
      case BorderMode::edge:
        *coordinate = before ? 0 : last;
        break;
      case BorderMode::reflect:  // the mirror stands on the outermost sample
        *coordinate = extent == 1 ? 0 : before ? -*coordinate : 2 * last - *coordinate;
        break;
      case BorderMode::symmetric:  // the mirror stands between the outermost sample and the next
        *coordinate = before ? -1 - *coordinate : 2 * last + 1 - *coordinate;
        break;
      case BorderMode::wrap:
        *coordinate += before ? extent : -extent;
        break;
    }
  }
  return true;
}

// x gate(x) for a gate that vanishes towards -infinity: there the product is -0, its limit, and not NaN.
double gated(double x, double gate) { return gate == 0 ? -0.0 : x * gate; }

double activate(const Activation& activation, double x) {
  const double a = activation.a, b = activation.b;
  switch (activation.kind) {
    case ActivationKind::none:
      return x;
    case ActivationKind::relu:
      return x < 0 ? 0 : x;
    case ActivationKind::leaky_relu:
      return x < 0 ? a * x : x;
    case ActivationKind::clamp:
      return x < a ? a : x > b ? b : x;
    case ActivationKind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::hard_swish:
      return gated(x, (x < -3 ? 0 : x > 3 ? 6 : x + 3) / 6);
    case ActivationKind::silu:
      return gated(x, 1 / (1 + std::exp(-x)));
    case ActivationKind::gelu:
      return gated(x, std::erfc(-x / std::sqrt(2.0)) / 2);
    case ActivationKind::gelu_tanh:
      return gated(x, (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x))) / 2);
  }
  return x;
}

double weight_at(const Conv2dSpec& s, std::int64_t y, std::int64_t x, std::int64_t c, std::int64_t d) {
  const std::int64_t h = s.kernel_height, w = s.kernel_width, in = s.in_channels / s.groups,
                     o = s.out_channels;
  if (s.flip) {
    y = h - 1 - y;
    x = w - 1 - x;
  }
  switch (s.filter_layout) {
    case FilterLayout::hwio:
      return s.filter[((y * w + x) * in + c) * o + d];
    case FilterLayout::oihw:
      return s.filter[((d * in + c) * h + y) * w + x];
    case FilterLayout::ohwi:
      return s.filter[((d * h + y) * w + x) * in + c];
    case FilterLayout::ihwo:
      return s.filter[((c * h + y) * w + x) * o + d];
  }
  return 0;
}

std::int64_t index_of(Layout layout, const ImageShape& shape, std::int64_t n, std::int64_t y, std::int64_t x,
                      std::int64_t c) {
  return layout == Layout::nhwc ? ((n * shape.height + y) * shape.width + x) * shape.channels + c
                                : ((n * shape.channels + c) * shape.height + y) * shape.width + x;
}

double read_sample(ElementType type, const void* image, std::int64_t index) {
  if (type == ElementType::uint8) return static_cast<const std::uint8_t*>(image)[index];
  return static_cast<const float*>(image)[index];
}

// nearbyint rounds halves to even. A byte that is not above 0 is 0, and so is NaN.
void write_sample(ElementType type, double value, void* image, std::int64_t index) {
  const auto sample = static_cast<float>(value);
  if (type == ElementType::uint8) {
    const float nearest = std::nearbyint(sample);
    static_cast<std::uint8_t*>(image)[index] = nearest >= 255 ? 255
                                               : nearest > 0  ? static_cast<std::uint8_t>(nearest)
                                                              : 0;
  } else {
    static_cast<float*>(image)[index] = sample;
  }
}

// What the taps of one output pixel and channel add up to.
struct Sums {
  double product = 0;
  std::int64_t taps_kept = 0;
  double weights = 0, absolute = 0, weights_kept = 0, absolute_kept = 0;
};

double renormalized(const Conv2dSpec& spec, const Sums& sums) {
  const std::int64_t taps = spec.kernel_height * spec.kernel_width;
  if (sums.taps_kept == taps || sums.taps_kept == 0) return sums.product;
  if (spec.border.by == Renormalize::area) {
    return sums.product * static_cast<double>(taps) / static_cast<double>(sums.taps_kept);
  }
  const bool cancels = std::abs(sums.weights_kept) <= 1e-6 * sums.absolute_kept;
  if (cancels || sums.absolute_kept <= 1e-30 * sums.absolute) return sums.product;
  return sums.product * (sums.weights / sums.weights_kept);
}

}  // namespace

void reference_row(const Conv2dSpec& spec, const ImageShape& in, const ImageShape& out,
                   const Padding& padding, std::int64_t n, std::int64_t i, const void* input, void* output) {
  const std::int64_t group_in = spec.in_channels / spec.groups, group_out = spec.out_channels / spec.groups;
  const Border& border = spec.border;
  for (std::int64_t j = 0; j < out.width; ++j) {
    for (std::int64_t d = 0; d < out.channels; ++d) {
      Sums sums;
      for (std::int64_t a = 0; a < spec.kernel_height; ++a) {
        for (std::int64_t b = 0; b < spec.kernel_width; ++b) {
          std::int64_t y = i * spec.stride_height - padding.top + a * spec.dilation_height;
          std::int64_t x = j * spec.stride_width - padding.left + b * spec.dilation_width;
          const bool has_y = walk_inside(border.y.mode, in.height, &y);
          const bool has_x = walk_inside(border.x.mode, in.width, &x);
          const bool kept = (has_y || border.y.mode != BorderMode::renormalize) &&
                            (has_x || border.x.mode != BorderMode::renormalize);
          sums.taps_kept += kept ? 1 : 0;
          for (std::int64_t c = 0; c < group_in; ++c) {
            const double weight = weight_at(spec, a, b, c, d);
            sums.weights += weight;
            sums.absolute += std::abs(weight);
            if (!kept) continue;
            sums.weights_kept += weight;
            sums.absolute_kept += std::abs(weight);
            const double sample =
                !has_y   ? border.y.value
                : !has_x ? border.x.value
                         : read_sample(spec.in_type, input,
                                       index_of(spec.layout, in, n, y, x, d / group_out * group_in + c));
            sums.product += weight * sample;
          }
        }
      }
      const double biased = renormalized(spec, sums) + (spec.bias ? spec.bias[d] : 0.0F);
      write_sample(spec.out_type, activate(spec.activation, biased), output,
                   index_of(spec.layout, out, n, i, j, d));
    }
  }
}

}  // namespace simdconv
