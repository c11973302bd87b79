// The vocabulary of the library: instruction sets, statuses, shapes, borders, activations.
// Axes always come in the order batch, height, width, channels; sizes count elements.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdconv {

enum class Isa : std::uint8_t { scalar, avx2, avx512, neon };

// What a call reports; nothing in the library throws, prints or aborts.
enum class Status : std::uint8_t {
  ok,
  bad_argument,      // a size, a stride, a group count or a pointer that no layer can have
  kernel_too_large,  // the dilated kernel does not fit the padded input
  too_large,         // a product of sizes does not fit the address space
  declined,          // the forced algorithm cannot run this layer
  out_of_memory,
};

enum class Layout : std::uint8_t { nhwc, nchw };

// What the samples of an image are in memory. All arithmetic is on floats: a byte counts as 0 to 255; a result
// that is stored as a byte is rounded to the nearest integer, halves to even, and clamped to 0 to 255; NaN
// becomes 0.
enum class ElementType : std::uint8_t { float32, uint8 };

// Index order of a filter, outermost first: h and w kernel axes, i input channel of a group, o output
// channel.
enum class FilterLayout : std::uint8_t { hwio, oihw, ohwi, ihwo };

// What rounding may do to a sum; see plan/winograd_plan.h for the bounds.
enum class Accuracy : std::uint8_t {
  exact,  // only products of the formula are added: whole numbers give whole results
  high,   // about what float sums have anyway; whole weights are treated as exact
  fast,   // about ten times that
};

// What stands beyond the image's border; see plan/border.h for the maps.
enum class BorderMode : std::uint8_t { constant, edge, reflect, symmetric, wrap, renormalize };

struct AxisBorder {
  BorderMode mode = BorderMode::constant;
  float value = 0;  // of a constant
};

// How renormalize re-weights a sum from which taps were left out (Liu et al., arXiv 1811.11718).
enum class Renormalize : std::uint8_t {
  area,    // taps of the window / taps kept
  weight,  // sum of the channel's weights / sum of its weights kept
};

struct Border {
  AxisBorder y, x;
  Renormalize by = Renormalize::area;

  bool renormalizes() const { return y.mode == BorderMode::renormalize || x.mode == BorderMode::renormalize; }
};

enum class ActivationKind : std::uint8_t {
  none,
  relu,
  leaky_relu,  // a = alpha
  clamp,       // a = minimum, b = maximum
  sigmoid,
  tanh,
  hard_swish,
  silu,
  gelu,       // exact, by erf
  gelu_tanh,  // the approximation by tanh
};

struct Activation {
  ActivationKind kind = ActivationKind::none;
  float a = 0, b = 0;
};

struct ImageShape {
  std::int64_t batch, height, width, channels;
};

struct Padding {
  std::int64_t top, bottom, left, right;
};

}  // namespace simdconv
