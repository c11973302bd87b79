// The per-pixel network of every instruction set against its formula in double, pixel by pixel, which knows how far
// each of its numbers may be from a float's; and against the same network as a chain of Conv2d, bit for bit.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "case.h"
#include "check.h"
#include "compare.h"
#include "exact.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "simdconv/cpu.h"
#include "simdconv/pixel_mlp.h"
#include "simdconv/pool.h"

namespace simdconv::test {
namespace {

constexpr double kEps = std::numeric_limits<float>::epsilon();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct MlpCase {
  PixelMlpSpec spec;  // weights and biases point into the vectors below
  ImageShape input{};
  std::vector<std::vector<float>> arrays;

  MlpCase() = default;
  MlpCase(const MlpCase&) = delete;
  MlpCase& operator=(const MlpCase&) = delete;

  std::string name() const {
    std::ostringstream text;
    text << "n" << input.batch << " h" << input.height << " w" << input.width << " c" << input.channels;
    for (const PixelMlpLayer& layer : spec.layers) {
      text << " -> " << layer.out_channels << " act" << static_cast<int>(layer.activation.kind)
           << (layer.bias ? " bias" : "");
      if (layer.residual_from != kNoResidual) {
        text << (layer.residual_after ? " after" : " before") << layer.residual_from;
      }
    }
    const char* const classify[] = {"", " softmax", " argmax"};
    text << classify[static_cast<int>(spec.classify)] << (spec.layout == Layout::nhwc ? " nhwc" : " nchw")
         << (spec.in_type == ElementType::uint8 ? " u8" : " f32")
         << (spec.out_type == ElementType::uint8 ? " -> u8, " : " -> f32, ") << isa_name(spec.isa);
    return text.str();
  }
};

const float* fill(Random& random, Values values, std::int64_t count, MlpCase* c) {
  std::vector<float>& array = c->arrays.emplace_back(static_cast<std::size_t>(count));
  // Integers stay small over several layers, reals about as large as the samples.
  const float scale = values == Values::integers ? 1.0F : 0.25F;
  for (float& value : array) {
    value = values == Values::integers ? static_cast<float>(pick(random, -1, 1))
                                       : scale * pick_value(random, values);
  }
  return array.data();
}

// Layers of the given widths, the first of which is the input's.
void make_layers(Random& random, Values values, const std::vector<std::int64_t>& widths, MlpCase* c) {
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    PixelMlpLayer layer;
    layer.in_channels = widths[i];
    layer.out_channels = widths[i + 1];
    layer.weights = fill(random, values, widths[i] * widths[i + 1], c);
    if (pick(random, 0, 2) != 0) layer.bias = fill(random, values, widths[i + 1], c);
    layer.activation.kind =
        values == Values::integers
            ? pick_of(random, {ActivationKind::none, ActivationKind::relu, ActivationKind::clamp})
            : pick_of(random, kKinds);
    layer.activation = with_parameters(layer.activation.kind);
    c->spec.layers.push_back(layer);
  }
  c->input.channels = widths.front();
}

// Residuals wherever widths allow, from as far back as they do.
void add_residuals(Random& random, MlpCase* c) {
  std::vector<PixelMlpLayer>& layers = c->spec.layers;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (std::size_t value = 0; value <= i; ++value) {
      const std::int64_t width = value == 0 ? c->input.channels : layers[value - 1].out_channels;
      if (width != layers[i].out_channels || pick(random, 0, 2) == 0) continue;
      layers[i].residual_from = static_cast<std::int64_t>(value) - 1;
      layers[i].residual_after = pick(random, 0, 1) == 1;
      break;
    }
  }
}

// ---- the oracle ------------------------------------------------------------------------------

// A number, and how far a float that should be it may be off.
struct Bounded {
  double value = 0, error = 0;
};

// No activation is steeper than hardSwish, 1.5. Its own error as in finish_test.cc.
Bounded activate(const Activation& activation, Bounded x) {
  const double value = exact(activation, x.value);
  const bool rounds = activation.kind != ActivationKind::none && activation.kind != ActivationKind::relu &&
                      activation.kind != ActivationKind::clamp;
  const double own =
      rounds ? 4 * 1.2e-7 * std::fmax(std::fabs(value), 0.1 * std::fmin(1, std::fabs(x.value))) : 0;
  return {value, 1.5 * x.error + own};
}

Bounded plus(Bounded a, Bounded b) {
  const double sum = a.value + b.value;
  return {sum, a.error + b.error + kEps * std::fabs(sum)};
}

using Pixel = std::vector<Bounded>;

// A sum of n terms is off by at most n roundings of the sum of their magnitudes, two for each product where it is
// rounded on its own.
Pixel run_layer(const PixelMlpLayer& layer, const Pixel& in) {
  Pixel out;
  for (std::int64_t d = 0; d < layer.out_channels; ++d) {
    Bounded sum{layer.bias ? layer.bias[d] : 0.0, 0};
    double magnitude = std::fabs(sum.value);
    for (std::int64_t c = 0; c < layer.in_channels; ++c) {
      const Bounded& x = in[static_cast<std::size_t>(c)];
      const double weight = layer.weights[c * layer.out_channels + d];
      sum.value += weight * x.value;
      sum.error += std::fabs(weight) * x.error;
      magnitude += std::fabs(weight) * (std::fabs(x.value) + x.error);
    }
    sum.error += kEps * static_cast<double>(layer.in_channels + 2) * magnitude;
    out.push_back(sum);
  }
  return out;
}

// All values of the network for one pixel: the input, then each layer's output.
std::vector<Pixel> run_network(const PixelMlpSpec& spec, Pixel input) {
  std::vector<Pixel> values{std::move(input)};
  for (const PixelMlpLayer& layer : spec.layers) {
    Pixel out = run_layer(layer, values.back());
    const Pixel* residual = layer.residual_from == kNoResidual
                                ? nullptr
                                : &values[static_cast<std::size_t>(layer.residual_from + 1)];
    for (std::size_t d = 0; d < out.size(); ++d) {
      if (residual && !layer.residual_after) out[d] = plus(out[d], (*residual)[d]);
      out[d] = activate(layer.activation, out[d]);
      if (residual && layer.residual_after) out[d] = plus(out[d], (*residual)[d]);
    }
    values.push_back(std::move(out));
  }
  return values;
}

// x - largest is off by both errors and its rounding, and the exponential relatively by as much; so is the sum.
Pixel softmax(const Pixel& in) {
  double largest = -kInfinity, least = kInfinity, error = 0, sum = 0;
  for (const Bounded& x : in) {
    largest = std::fmax(largest, x.value);
    least = std::fmin(least, x.value);
    error = std::fmax(error, x.error);
  }
  for (const Bounded& x : in) sum += std::exp(x.value - largest);
  const double relative =
      2 * std::expm1(2 * error + kEps * (largest - least)) + kEps * static_cast<double>(in.size() + 8);
  Pixel out;
  for (const Bounded& x : in) {
    const double value = std::exp(x.value - largest) / sum;
    out.push_back({value, relative * value + 1.22e-38});  // e^-87.3, below which it is 0
  }
  return out;
}

// Whether `index` may be that of the largest: exactly the first one, where nothing is off.
bool is_largest(const Pixel& in, float index) {
  if (!(index >= 0 && index < static_cast<float>(in.size()) && std::floor(index) == index)) return false;
  const auto chosen = static_cast<std::size_t>(index);
  for (std::size_t d = 0; d < in.size(); ++d) {
    const double lead = in[d].value - in[chosen].value, doubt = in[d].error + in[chosen].error;
    if (lead > doubt || (lead == 0 && doubt == 0 && d < chosen)) return false;
  }
  return true;
}

double as_byte(double value) { return std::nearbyint(std::fmin(std::fmax(value, 0), 255)); }

// ---- comparing -------------------------------------------------------------------------------

struct Image {
  Image(ElementType type_, const ImageShape& shape_, Layout layout_, Against against)
      : type(type_),
        shape(shape_),
        layout(layout_),
        floats(type == ElementType::float32 ? count() : 0, against),
        bytes(type == ElementType::uint8 ? count() : 0, against) {}

  std::int64_t pixels() const { return shape.height * shape.width; }
  std::int64_t count() const { return shape.batch * pixels() * shape.channels; }
  void* data() { return type == ElementType::uint8 ? static_cast<void*>(bytes.data()) : floats.data(); }
  // Of pixel p of all images.
  std::int64_t place(std::int64_t p, std::int64_t channel) const {
    if (layout == Layout::nhwc) return p * shape.channels + channel;
    return (p / pixels() * shape.channels + channel) * pixels() + p % pixels();
  }
  float get(std::int64_t i) { return type == ElementType::uint8 ? bytes[i] : floats[i]; }
  void set(std::int64_t i, float value) {
    if (type == ElementType::uint8) {
      bytes[i] = static_cast<std::uint8_t>(value);
    } else {
      floats[i] = value;
    }
  }
  bool surroundings_intact() const { return floats.surroundings_intact() && bytes.surroundings_intact(); }

  ElementType type;
  ImageShape shape;
  Layout layout;
  GuardedFloats floats;
  GuardedBytes bytes;
};

std::shared_ptr<const Plan> plan_of(const MlpCase& c) {
  std::shared_ptr<const PixelMlp> mlp;
  std::shared_ptr<const Plan> plan;
  CHECK(PixelMlp::create(c.spec, &mlp) == Status::ok, "%s", c.name().c_str());
  if (mlp) CHECK(PixelMlp::plan(mlp, c.input, &plan) == Status::ok, "%s", c.name().c_str());
  return plan;
}

void compare(MlpCase& c, Values values, Random& random, Against against) {
  const std::string name = c.name();
  const std::shared_ptr<const Plan> plan = plan_of(c);
  if (!plan) return;
  Image input(c.spec.in_type, c.input, c.spec.layout, against);
  Image output(c.spec.out_type, plan->output_shape(), c.spec.layout, against);
  for (std::int64_t i = 0; i < input.count(); ++i) {
    const bool bytes = c.spec.in_type == ElementType::uint8;
    input.set(i, bytes ? static_cast<float>(pick(random, 0, pick(random, 0, 3) == 0 ? 255 : 9))
                       : pick_value(random, values));
  }
  run_units(*plan, input.data(), output.data(), against);
  CHECK(output.surroundings_intact(), "%s writes beside its output", name.c_str());
  CHECK(input.surroundings_intact(), "%s writes beside its input", name.c_str());

  for (std::int64_t p = 0; p < c.input.batch * input.pixels(); ++p) {
    Pixel pixel;
    for (std::int64_t d = 0; d < c.input.channels; ++d) pixel.push_back({input.get(input.place(p, d)), 0});
    Pixel want = run_network(c.spec, std::move(pixel)).back();
    if (values == Values::integers) {
      for (Bounded& x : want) x.error = 0;
    }
    if (c.spec.classify == Classify::argmax) {
      const float index = output.get(output.place(p, 0));
      CHECK(is_largest(want, index), "%s: pixel %lld is of class %g", name.c_str(), static_cast<long long>(p),
            static_cast<double>(index));
      if (!is_largest(want, index)) return;
      continue;
    }
    if (c.spec.classify == Classify::softmax) want = softmax(want);
    for (std::int64_t d = 0; d < output.shape.channels; ++d) {
      const Bounded& x = want[static_cast<std::size_t>(d)];
      const double got = output.get(output.place(p, d));
      const bool right = c.spec.out_type == ElementType::uint8
                             ? got >= as_byte(x.value - x.error) && got <= as_byte(x.value + x.error)
                             : std::fabs(got - x.value) <= x.error;
      CHECK(right, "%s: channel %lld of pixel %lld is %.9g, not %.9g within %g", name.c_str(),
            static_cast<long long>(d), static_cast<long long>(p), got, x.value, x.error);
      if (!right) return;
    }
  }
}

// The same network as Conv2d layers, in the same order of multiplications.
std::vector<float> run_chain(const MlpCase& c, std::vector<float> image) {
  ImageShape shape = c.input;
  for (const PixelMlpLayer& layer : c.spec.layers) {
    Conv2dSpec spec;
    spec.in_channels = layer.in_channels;
    spec.out_channels = layer.out_channels;
    spec.filter = layer.weights;
    spec.bias = layer.bias;
    spec.activation = layer.activation;
    spec.layout = c.spec.layout;
    spec.isa = c.spec.isa;
    spec.algorithm = "direct";
    std::shared_ptr<const Conv2d> conv;
    std::shared_ptr<const Plan> plan;
    CHECK(Conv2d::create(spec, &conv) == Status::ok, "%s", c.name().c_str());
    CHECK(Plan::create(conv, shape, {}, &plan) == Status::ok, "%s", c.name().c_str());
    shape.channels = layer.out_channels;
    std::vector<float> out(
        static_cast<std::size_t>(shape.batch * shape.height * shape.width * shape.channels));
    run_units(*plan, image.data(), out.data(), Against::end);
    image = std::move(out);
  }
  return image;
}

// Layers of whole vectors, whatever the input has.
void make_whole_vectors(Random& random, Isa isa, std::vector<std::int64_t>* widths) {
  for (std::size_t i = 1; i < widths->size(); ++i)
    (*widths)[i] = kernels_for(isa)->lanes * pick(random, 1, 5);
}

}  // namespace

// Every number of channels around a vector and every number of pixels around a tile, whole numbers exactly.
TEST(mlp_every_width_and_pixel_count) {
  for (const Isa isa : available_isas()) {
    Random random(51);
    const std::int64_t lanes = kernels_for(isa)->lanes;
    for (const Layout layout : {Layout::nhwc, Layout::nchw}) {
      for (std::int64_t pixels = 1; pixels <= 13 * lanes + 1; pixels += pixels < 4 * lanes + 2 ? 1 : 5) {
        MlpCase c;
        c.spec.isa = isa;
        c.spec.layout = layout;
        const std::int64_t width = 1 + pixels % (lanes + 1);
        make_layers(random, Values::integers, {width, pick(random, 1, 2 * lanes + 1), 1 + pixels % 9}, &c);
        c.input = {1, 1, pixels, width};
        compare(c, Values::integers, random, pixels % 2 == 0 ? Against::end : Against::start);
      }
    }
  }
}

TEST(mlp_wide_and_deep) {
  struct Network {
    std::vector<std::int64_t> widths;
    std::int64_t pixels;
  };
  const Network networks[] = {{{1024, 1024, 7}, 55},
                              {{3, 1024, 1024, 1}, 70},
                              {{13, 131, 67, 257, 31}, 101},
                              {{64, 64, 64, 64}, 131},
                              {std::vector<std::int64_t>(65, 5), 37}};
  for (const Isa isa : available_isas()) {
    Random random(52);
    for (const Network& network : networks) {
      for (const Values values : {Values::integers, Values::reals}) {
        MlpCase c;
        c.spec.isa = isa;
        c.spec.layout = pick_of(random, {Layout::nhwc, Layout::nchw});
        make_layers(random, values, network.widths, &c);
        // Sums of sums of 1024 would pass 2^24.
        for (PixelMlpLayer& layer : c.spec.layers) {
          if (values == Values::integers) layer.activation = with_parameters(ActivationKind::clamp);
        }
        c.input.batch = c.input.height = 1;
        c.input.width = network.pixels;
        compare(c, values, random, Against::end);
      }
    }
  }
}

// Lanes that are channels: every number of pixels around a tile and a group, tiles of all widths.
TEST(mlp_whole_vectors_and_pixel_count) {
  for (const Isa isa : available_isas()) {
    Random random(59);
    const std::int64_t lanes = kernels_for(isa)->lanes;
    for (std::int64_t pixels = 1; pixels <= 70; ++pixels) {
      MlpCase c;
      c.spec.isa = isa;
      const std::int64_t vectors = 1 + pixels % 5;
      make_layers(random, Values::integers, {pick(random, 1, 2 * lanes + 1), vectors * lanes, 2 * lanes}, &c);
      c.input = {1, 1, pixels, c.spec.layers.front().in_channels};
      compare(c, Values::integers, random, pixels % 2 == 0 ? Against::end : Against::start);
    }
  }
}

// Any options, sizes small and awkward.
TEST(mlp_random) {
  constexpr std::int64_t kWidths[] = {1, 1, 2, 3, 3, 4, 5, 7, 8, 8, 9, 13, 16, 16, 17, 29, 32, 33, 48};
  for (const Isa isa : available_isas()) {
    Random random(53);
    for (int i = 0; i < case_count() / 2; ++i) {
      const Values values = i % 2 == 0 ? Values::integers : Values::reals;
      MlpCase c;
      c.spec.isa = isa;
      c.spec.layout = pick_of(random, {Layout::nhwc, Layout::nchw});
      c.spec.in_type = pick_of(random, {ElementType::float32, ElementType::uint8});
      c.spec.out_type = pick_of(random, {ElementType::float32, ElementType::uint8});
      c.spec.classify = pick_of(random, {Classify::none, Classify::softmax, Classify::argmax});
      std::vector<std::int64_t> widths(static_cast<std::size_t>(pick(random, 2, 6)));
      const std::int64_t usual = pick_of(random, kWidths);
      for (std::int64_t& width : widths) width = pick(random, 0, 1) == 0 ? usual : pick_of(random, kWidths);
      if (i % 3 == 0) make_whole_vectors(random, isa, &widths);
      make_layers(random, values, widths, &c);
      add_residuals(random, &c);
      if (c.spec.classify == Classify::softmax && values == Values::integers) {
        c.spec.classify = Classify::none;  // it is not whole
      }
      c.input = {pick(random, 1, 2), pick(random, 1, 5), pick(random, 1, 40), widths.front()};
      compare(c, values, random, i % 3 == 0 ? Against::start : Against::end);
    }
  }
}

TEST(mlp_is_a_chain_of_direct_convolutions_bit_for_bit) {
  constexpr std::int64_t kWidths[] = {1, 3, 5, 8, 16, 19, 32, 64, 100};
  for (const Isa isa : available_isas()) {
    Random random(54);
    for (int i = 0; i < case_count() / 10; ++i) {
      MlpCase c;
      c.spec.isa = isa;
      c.spec.layout = pick_of(random, {Layout::nhwc, Layout::nchw});
      std::vector<std::int64_t> widths(static_cast<std::size_t>(pick(random, 2, 5)));
      for (std::int64_t& width : widths) width = pick_of(random, kWidths);
      if (i % 2 == 0) make_whole_vectors(random, isa, &widths);
      make_layers(random, Values::reals, widths, &c);
      c.input = {pick(random, 1, 2), pick(random, 1, 9), pick(random, 1, 30), widths.front()};
      const std::shared_ptr<const Plan> plan = plan_of(c);
      if (!plan) return;
      Image input(ElementType::float32, c.input, c.spec.layout, Against::end);
      Image output(ElementType::float32, plan->output_shape(), c.spec.layout, Against::end);
      for (std::int64_t k = 0; k < input.count(); ++k) input.set(k, pick_value(random, Values::reals));
      run_units(*plan, input.data(), output.data(), Against::end);
      const std::vector<float> chain =
          run_chain(c, std::vector<float>(input.floats.data(), input.floats.data() + input.count()));
      CHECK(std::memcmp(chain.data(), output.data(), chain.size() * sizeof(float)) == 0, "%s",
            c.name().c_str());
    }
  }
}

// One pixel whose channels are the biases.
TEST(mlp_special_values) {
  struct Answer {
    std::vector<float> in;
    float index;
    std::vector<float> softmax;
  };
  const Answer answers[] = {{{1, 1, 0}, 0, {0.42231882F, 0.42231882F, 0.15536241F}},
                            {{-kInfinity, 2, 2}, 1, {0, 0.5F, 0.5F}},
                            {{0, -200, -kInfinity}, 0, {1, 0, 0}},
                            {{3e38F, 3e38F, -3e38F}, 0, {0.5F, 0.5F, 0}},
                            {{1, kInfinity, 5}, 1, {kNan, kNan, kNan}},
                            {{1, 2, kNan}, 2, {kNan, kNan, kNan}},
                            {{kNan, 2, 1}, 0, {kNan, kNan, kNan}},
                            {{-kInfinity, -kInfinity, -kInfinity}, 0, {kNan, kNan, kNan}}};
  for (const Isa isa : available_isas()) {
    for (const Answer& answer : answers) {
      for (const Classify classify : {Classify::softmax, Classify::argmax}) {
        MlpCase c;
        c.spec.isa = isa;
        c.spec.classify = classify;
        c.spec.layout = Layout::nchw;
        c.input = {1, 1, 1, 1};
        const float weights[3] = {0, 0, 0}, zero = 0;
        PixelMlpLayer layer;
        layer.out_channels = 3;
        layer.weights = weights;
        layer.bias = answer.in.data();
        c.spec.layers = {layer};
        const std::shared_ptr<const Plan> plan = plan_of(c);
        if (!plan) return;
        float out[3] = {};
        run_units(*plan, &zero, out, Against::end);
        if (classify == Classify::argmax) {
          CHECK(out[0] == answer.index, "%s: class %g, not %g", isa_name(isa), static_cast<double>(out[0]),
                static_cast<double>(answer.index));
          continue;
        }
        for (std::size_t d = 0; d < 3; ++d) {
          const float want = answer.softmax[d];
          CHECK(std::isnan(want) ? std::isnan(out[d]) : std::fabs(out[d] - want) <= 2 * kEps,
                "%s: channel %d of softmax is %g, not %g", isa_name(isa), static_cast<int>(d),
                static_cast<double>(out[d]), static_cast<double>(want));
        }
      }
    }
  }
}

// As Conv2d: a pixel that is not finite is its own affair, and nobody else's.
TEST(mlp_keeps_infinity_and_nan_to_their_pixels) {
  for (const Isa isa : available_isas()) {
    Random random(55);
    MlpCase c;
    c.spec.isa = isa;
    make_layers(random, Values::reals, {3, 16, 16, 3}, &c);
    c.input = {1, 1, 50, 3};
    const std::shared_ptr<const Plan> plan = plan_of(c);
    if (!plan) return;
    std::vector<float> clean(150, 0.5F), spoilt = clean, out(150), spoilt_out(150);
    spoilt[std::size_t{3} * 7] = kNan;
    spoilt[std::size_t{3} * 49 + 2] = kInfinity;
    run_units(*plan, clean.data(), out.data(), Against::end);
    run_units(*plan, spoilt.data(), spoilt_out.data(), Against::end);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i / 3 == 7 || i / 3 == 49) continue;
      CHECK(out[i] == spoilt_out[i], "%s: element %d", isa_name(isa), static_cast<int>(i));
    }
    CHECK(std::isnan(spoilt_out[std::size_t{3} * 7]), "%s: NaN was lost", isa_name(isa));
  }
}

TEST(mlp_refuses_what_is_no_network) {
  const std::vector<float> weights(64, 1.0F);
  const auto status_of = [&](std::vector<PixelMlpLayer> layers, const PixelMlpSpec& base = {}) {
    PixelMlpSpec spec = base;
    for (PixelMlpLayer& layer : layers) layer.weights = weights.data();
    spec.layers = std::move(layers);
    std::shared_ptr<const PixelMlp> mlp;
    return PixelMlp::create(spec, &mlp);
  };
  const auto layer = [](std::int64_t in, std::int64_t out, std::int64_t from = kNoResidual) {
    PixelMlpLayer made;
    made.in_channels = in;
    made.out_channels = out;
    made.residual_from = from;
    return made;
  };
  CHECK(status_of({layer(3, 4), layer(4, 3, kFromInput)}) == Status::ok, "a network");
  CHECK(status_of({}) == Status::bad_argument, "no layers");
  CHECK(status_of({layer(3, 4), layer(5, 3)}) == Status::bad_argument, "widths do not meet");
  CHECK(status_of({layer(0, 4)}) == Status::bad_argument, "no channels");
  CHECK(status_of({layer(3, 4), layer(4, 4, kFromInput)}) == Status::bad_argument, "a residual's width");
  CHECK(status_of({layer(4, 4), layer(4, 4, 1)}) == Status::bad_argument, "a residual of its own");
  CHECK(status_of({layer(4, 4), layer(4, 4, -3)}) == Status::bad_argument, "a residual from nowhere");
  PixelMlpSpec bytes;
  bytes.classify = Classify::argmax;
  bytes.out_type = ElementType::uint8;
  CHECK(status_of({layer(1, 64)}, bytes) == Status::ok, "64 classes");
  const std::vector<float> many(257, 1.0F);
  bytes.layers = {layer(1, 257)};
  bytes.layers[0].weights = many.data();
  std::shared_ptr<const PixelMlp> mlp;
  CHECK(PixelMlp::create(bytes, &mlp) == Status::bad_argument, "the index 256 is no byte");
  CHECK(PixelMlp::create({{layer(1, 1)}, {}, {}, {}, {}, {}}, &mlp) == Status::bad_argument, "no weights");
}

TEST(mlp_scratch_does_not_grow_with_the_image) {
  for (const Isa isa : available_isas()) {
    std::size_t scratch[2] = {};
    for (const int i : {0, 1}) {
      Random random(56);
      MlpCase c;
      c.spec.isa = isa;
      c.spec.in_type = c.spec.out_type = ElementType::uint8;
      make_layers(random, Values::reals, {3, 64, 64, 3}, &c);
      c.input = {1, 1024, i == 0 ? 1024 : 16384, 3};
      const std::shared_ptr<const Plan> plan = plan_of(c);
      if (!plan) return;
      scratch[i] = plan->scratch_bytes();
    }
    CHECK(scratch[0] == scratch[1] && scratch[0] <= 262144, "%s: %zu and %zu bytes", isa_name(isa),
          scratch[0], scratch[1]);
  }
}

TEST(mlp_says_where_its_planes_are) {
  const auto home = [](Isa isa, const std::vector<std::int64_t>& widths) {
    Random random(57);
    MlpCase c;
    c.spec.isa = isa;
    make_layers(random, Values::reals, widths, &c);
    c.input = {1, 500, 500, widths.front()};
    const std::shared_ptr<const Plan> plan = plan_of(c);
    std::string accepted;
    if (!plan) return accepted;
    for (const Candidate& candidate : plan->describe().candidates) {
      CHECK(candidate.accepted == candidate.reason.empty(), "%s", candidate.name.c_str());
      if (candidate.accepted) accepted += candidate.name;
    }
    return accepted;
  };
  for (const Isa isa : available_isas()) {
    CHECK(home(isa, {3, 16, 16, 3}) == "fused-l1", "%s", isa_name(isa));
    if (isa != Isa::scalar) CHECK(home(isa, {64, 512, 512, 512}) == "fused-l2", "%s", isa_name(isa));
  }
}

TEST(mlp_says_what_its_lanes_are) {
  for (const Isa isa : available_isas()) {
    const std::int64_t lanes = kernels_for(isa)->lanes;
    const auto are_channels = [&](const std::vector<std::int64_t>& widths, Layout layout, Classify classify) {
      Random random(60);
      MlpCase c;
      c.spec.isa = isa;
      c.spec.layout = layout;
      c.spec.classify = classify;
      make_layers(random, Values::reals, widths, &c);
      c.input = {1, 20, 30, widths.front()};
      const std::shared_ptr<const Plan> plan = plan_of(c);
      return plan && plan->describe().kernel.find("direct") != std::string::npos;
    };
    const std::vector<std::int64_t> whole = {3, 2 * lanes, lanes};
    CHECK(are_channels(whole, Layout::nhwc, Classify::none) == (lanes > 1), "%s", isa_name(isa));
    CHECK(!are_channels(whole, Layout::nchw, Classify::none), "%s: planes", isa_name(isa));
    CHECK(!are_channels(whole, Layout::nhwc, Classify::softmax), "%s: softmax", isa_name(isa));
    CHECK(!are_channels(whole, Layout::nhwc, Classify::argmax), "%s: argmax", isa_name(isa));
    CHECK(!are_channels({3, 1024, lanes}, Layout::nhwc, Classify::none), "%s: pages", isa_name(isa));
    if (lanes > 1)
      CHECK(!are_channels({3, 2 * lanes, lanes + 1}, Layout::nhwc, Classify::none), "%s", isa_name(isa));
  }
}

// Units share nothing, whatever thread does them.
TEST(mlp_in_the_pool) {
  Random random(58);
  MlpCase c;
  c.spec.isa = available_isas().front();
  make_layers(random, Values::reals, {3, 32, 32, 3}, &c);
  c.input = {2, 200, 301, 3};
  const std::shared_ptr<const Plan> plan = plan_of(c);
  if (!plan) return;
  CHECK(plan->units() >= 8, "%lld units", static_cast<long long>(plan->units()));
  CHECK(plan->macs() == std::int64_t{2} * 200 * 301 * (96 + 1024 + 96), "macs");
  std::vector<float> in(std::size_t{2} * 200 * 301 * 3), out(in.size()), alone(in.size());
  for (float& x : in) x = pick_value(random, Values::reals);
  run_units(*plan, in.data(), alone.data(), Against::end);
  CHECK(Pool::process().run(*plan, in.data(), out.data()) == Status::ok, "run");
  CHECK(std::memcmp(out.data(), alone.data(), out.size() * sizeof(float)) == 0, "threads differ");
}

}  // namespace simdconv::test
