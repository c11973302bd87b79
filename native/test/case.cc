#include "case.h"

#include <algorithm>
#include <sstream>

#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

constexpr BorderMode kModes[] = {BorderMode::constant,  BorderMode::edge, BorderMode::reflect,
                                 BorderMode::symmetric, BorderMode::wrap, BorderMode::renormalize};
const char* const kModeNames[] = {"constant", "edge", "reflect", "symmetric", "wrap", "renormalize"};
const char* const kFilterLayoutNames[] = {"hwio", "oihw", "ohwi", "ihwo"};

// 1 and the neighbours of every instruction set's lanes and blocks.
constexpr std::int64_t kChannels[] = {1, 1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 47, 65};

AxisBorder pick_axis(Random& random) {
  const BorderMode mode = pick_of(random, kModes);
  const float value = mode == BorderMode::constant ? static_cast<float>(pick(random, -2, 2)) : 0.0F;
  return {mode, value};
}

}  // namespace

std::string Case::name() const {
  std::ostringstream text;
  const auto axis = [&text](const char* prefix, const AxisBorder& border) {
    text << prefix << kModeNames[static_cast<int>(border.mode)];
    if (border.mode == BorderMode::constant) text << border.value;
  };
  text << "n" << input.batch << " h" << input.height << " w" << input.width << " c" << input.channels
       << " -> " << spec.out_channels << ", g" << spec.groups << " k" << spec.kernel_height << "x"
       << spec.kernel_width << " s" << spec.stride_height << "x" << spec.stride_width << " d"
       << spec.dilation_height << "x" << spec.dilation_width << " p" << padding.top << "," << padding.bottom
       << "," << padding.left << "," << padding.right;
  axis(" y:", spec.border.y);
  axis(" x:", spec.border.x);
  if (spec.border.renormalizes()) {
    text << (spec.border.by == Renormalize::area ? " by area" : " by weight");
  }
  text << (spec.layout == Layout::nhwc ? " nhwc " : " nchw ")
       << kFilterLayoutNames[static_cast<int>(spec.filter_layout)] << (spec.flip ? " flip" : "")
       << (spec.bias ? " bias" : "") << " act" << static_cast<int>(spec.activation.kind)
       << (spec.in_type == ElementType::uint8 ? " u8" : " f32")
       << (spec.out_type == ElementType::uint8 ? " -> u8, " : " -> f32, ") << isa_name(spec.isa);
  return text.str();
}

float pick_value(Random& random, Values values) {
  if (values == Values::integers) return static_cast<float>(pick(random, -4, 4));
  return std::uniform_real_distribution<float>(-1, 1)(random);
}

void halve_weights_of_bytes(Values values, Case* c) {
  if (values != Values::integers || c->spec.out_type != ElementType::uint8) return;
  for (float& weight : c->filter) weight /= 2;
}

void make_random_case(Random& random, Values values, Case* result) {
  Case& c = *result;
  Conv2dSpec& s = c.spec;
  s.kernel_height = pick(random, 1, 5);
  s.kernel_width = pick(random, 1, 5);
  s.stride_height = pick(random, 1, 3);
  s.stride_width = pick(random, 1, 3);
  s.dilation_height = pick(random, 1, 3);
  s.dilation_width = pick_of<std::int64_t>(random, {1, 1, 2, 3, 11});
  std::int64_t group_in = pick_of(random, kChannels), group_out = pick_of(random, kChannels);
  s.groups = pick_of<std::int64_t>(random, {1, 1, 1, 2, 3, 7});
  if (pick(random, 0, 4) == 0) group_in = 1;
  if (s.groups > 1) group_out = std::min<std::int64_t>(group_out, 20);
  if (pick(random, 0, 1) == 0) {  // depthwise
    s.groups = pick(random, 0, 1) == 0 ? pick_of(random, kChannels) : 16 * pick(random, 1, 3);
    group_in = 1;
    group_out = pick_of<std::int64_t>(random, {1, 1, 1, 2, 3, 4});
    if (pick(random, 0, 3) != 0) s.dilation_height = 1;
    if (pick(random, 0, 3) != 0) s.stride_height = pick(random, 1, 2);
    if (pick(random, 0, 3) != 0 && s.groups % 16 != 0) s.stride_width = 1;
    s.kernel_height = pick(random, 1, 11);
  }
  s.in_channels = group_in * s.groups;
  s.out_channels = group_out * s.groups;
  s.filter_layout = static_cast<FilterLayout>(pick(random, 0, 3));
  s.layout = static_cast<Layout>(pick(random, 0, 1));
  s.flip = pick(random, 0, 1) == 1;
  s.border = {pick_axis(random), pick_axis(random), static_cast<Renormalize>(pick(random, 0, 1))};
  if (values == Values::integers) {
    s.activation.kind = pick_of(random, {ActivationKind::none, ActivationKind::relu, ActivationKind::clamp});
    if (s.border.renormalizes())
      s.border.y = s.border.x = {BorderMode::edge, 0};  // its factors are not whole
  } else {
    s.activation.kind = static_cast<ActivationKind>(pick(random, 0, 9));
  }
  if (s.activation.kind == ActivationKind::leaky_relu) s.activation.a = 0.125F;
  if (s.activation.kind == ActivationKind::clamp) s.activation = {ActivationKind::clamp, -3, 5};

  fill_random_case(random, values, result);
}

void fill_random_case(Random& random, Values values, Case* result) {
  Case& c = *result;
  Conv2dSpec& s = c.spec;
  const std::int64_t group_in = s.in_channels / s.groups;
  const std::int64_t most_pad = pick(random, 0, 3) == 0 ? 9 : 2;
  c.padding = {pick(random, 0, most_pad), pick(random, 0, most_pad), pick(random, 0, most_pad),
               pick(random, 0, most_pad)};
  const std::int64_t span_height = (s.kernel_height - 1) * s.dilation_height + 1;
  const std::int64_t span_width = (s.kernel_width - 1) * s.dilation_width + 1;
  const auto extent = [&](std::int64_t span, std::int64_t before, std::int64_t after) {
    return pick(random, 0, 8) + std::max<std::int64_t>(1, span - before - after);
  };
  c.input = {
      pick(random, 1, 2), extent(span_height, c.padding.top, c.padding.bottom),
      extent(span_width, c.padding.left, c.padding.right) + pick_of<std::int64_t>(random, {0, 0, 5, 20, 33}),
      s.in_channels};

  c.filter.resize(static_cast<std::size_t>(s.kernel_height * s.kernel_width * group_in * s.out_channels));
  for (float& weight : c.filter) weight = pick_value(random, values);
  s.filter = c.filter.data();
  s.in_type = pick_of(random, {ElementType::float32, ElementType::float32, ElementType::uint8});
  s.out_type = pick_of(random, {ElementType::float32, ElementType::float32, ElementType::uint8});
  halve_weights_of_bytes(values, result);
  s.bias = nullptr;
  if (pick(random, 0, 1) == 1) {
    c.bias.resize(static_cast<std::size_t>(s.out_channels));
    for (float& value : c.bias) value = pick_value(random, values);
    s.bias = c.bias.data();
  }
}

}  // namespace simdconv::test
