// Winograd's forms of every instruction set: against the reference, their error against what they promise, and numbers
// that are not finite.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "case.h"
#include "check.h"
#include "compare.h"
#include "guarded.h"
#include "kernels/cook_toom.h"
#include "kernels/reference.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

struct Form {
  const char* name;
  std::int64_t kernel_height, kernel_width;
  int y, x;  // indices of kForms
};

constexpr Form kTested[] = {{"winograd-2x2", 3, 3, kF2of3, kF2of3}, {"winograd-4x4", 3, 3, kF4of3, kF4of3},
                            {"winograd-6x6", 3, 3, kF6of3, kF6of3}, {"winograd-2x2", 5, 5, kF2of5, kF2of5},
                            {"winograd-4x4", 5, 5, kF4of5, kF4of5}, {"winograd-1x4", 1, 3, kOneTap, kF4of3},
                            {"winograd-4x1", 3, 1, kF4of3, kOneTap}};

// Any options but those that part outputs or taps; enough channels to fill half of a vector.
void make_winograd_case(Random& random, Values values, const Form& form, Case* c) {
  make_random_case(random, values, c);
  Conv2dSpec& s = c->spec;
  s.kernel_height = form.kernel_height;
  s.kernel_width = form.kernel_width;
  s.stride_height = s.stride_width = s.dilation_height = s.dilation_width = 1;
  s.groups = pick_of<std::int64_t>(random, {1, 1, 1, 2, 3});
  s.in_channels = s.groups * pick_of<std::int64_t>(random, {1, 3, 4, 7, 16, 17, 32, 37});
  s.out_channels = s.groups * pick_of<std::int64_t>(random, {9, 15, 16, 17, 32, 33, 47, 65});
  s.bias = nullptr;
  c->bias.clear();
  fill_random_case(random, values, c);
}

// max over outputs of sum over points of |A^T| (sum |B^T|) (max |G|): how far the transforms can enlarge a rounding.
double amplification(const CookToom& form) {
  if (form.pairs == 0) return 1;
  std::vector<double> point = {0}, rows = {0}, weights = {0};
  const auto add = [&](double p, int left_out) {
    double samples = 0, distances = left_out < 0 ? 1 : 2 * p * p;
    for (int k = 0; k < form.pairs; ++k)
      samples += (1 + std::abs(p)) * std::abs(form.coefficient(k, left_out));
    for (int q = 0; q < form.pairs; ++q) {
      if (q != left_out && left_out >= 0) distances *= p * p - form.point[q] * form.point[q];
    }
    point.push_back(p);
    rows.push_back(samples);
    weights.push_back(std::max(1.0, std::pow(std::abs(p), form.taps - 1)) / std::abs(distances));
  };
  for (int pair = 0; pair < form.pairs; ++pair) {
    add(form.point[pair], pair);
    add(-form.point[pair], pair);
  }
  for (int k = 0; k <= form.pairs; ++k) rows[0] += k == form.pairs ? 1 : std::abs(form.coefficient(k));
  weights[0] = 1 / std::abs(form.coefficient(0));
  double most = 0;
  for (int i = 0; i < form.outputs; ++i) {
    double sum = i == form.outputs - 1 ? rows[0] : 0;  // of infinity, whose row of B^T is that of 0 moved on
    for (std::size_t p = 0; p < point.size(); ++p) {
      sum += (i == 0 ? 1 : std::pow(std::abs(point[p]), i)) * rows[p] * weights[p];
    }
    most = std::max(most, sum);
  }
  return most;
}

void compare_random_cases(const Form& form, Values values, std::uint32_t seed) {
  for (const Isa isa : available_isas()) {
    Random random(seed);
    for (int i = 0; i < (case_count() + 6) / 7; ++i) {
      Case c;
      make_winograd_case(random, values, form, &c);
      c.spec.isa = isa;
      const bool accepted = compare_with_reference(
          c, form.name, values, random, i % 2 == 0 ? Against::end : Against::start,
          static_cast<float>(std::sqrt(amplification(kForms[form.y]) * amplification(kForms[form.x]))));
      CHECK(accepted, "%s declined %s", form.name, c.name().c_str());
    }
  }
}

// A layer on one image, with the formula's outputs in double.
struct Measured {
  static constexpr std::int64_t kChannels = 48, kOutSide = 16;
  std::int64_t taps, side;  // of the kernel and of the image, in one direction
  std::vector<float> filter, image;
  std::vector<double> expected;

  template <typename Sample, typename Weight>
  Measured(std::int64_t kernel, Sample sample, Weight weight)
      : taps(kernel),
        side(kOutSide + kernel - 1),
        filter(static_cast<std::size_t>(kernel * kernel * kChannels * kChannels)),
        image(static_cast<std::size_t>(side * side * kChannels)),
        expected(static_cast<std::size_t>(kOutSide * kOutSide * kChannels)) {
    for (float& v : filter) v = static_cast<float>(weight());
    for (float& v : image) v = static_cast<float>(sample());
    for (std::int64_t y = 0; y < kOutSide; ++y) {
      for (std::int64_t x = 0; x < kOutSide; ++x) {
        for (std::int64_t tap = 0; tap < taps * taps * kChannels; ++tap) {
          const std::int64_t c = tap % kChannels, b = tap / kChannels % taps, a = tap / kChannels / taps;
          const double value = image[static_cast<std::size_t>(((y + a) * side + x + b) * kChannels + c)];
          for (std::int64_t d = 0; d < kChannels; ++d) {
            expected[static_cast<std::size_t>((y * kOutSide + x) * kChannels + d)] +=
                value * filter[static_cast<std::size_t>(tap * kChannels + d)];
          }
        }
      }
    }
  }

  std::vector<float> run(const char* algorithm, Isa isa) const {
    Conv2dSpec spec;
    spec.kernel_height = spec.kernel_width = taps;
    spec.in_channels = spec.out_channels = kChannels;
    spec.filter = filter.data();
    spec.isa = isa;
    spec.algorithm = algorithm;
    std::shared_ptr<const Conv2d> layer;
    std::shared_ptr<const Plan> plan;
    CHECK(Conv2d::create(spec, &layer) == Status::ok, "%s", algorithm);
    CHECK(Plan::create(layer, {1, side, side, kChannels}, {0, 0, 0, 0}, &plan) == Status::ok, "%s",
          algorithm);
    std::vector<float> out(expected.size());
    run_units(*plan, image.data(), out.data(), Against::end);
    return out;
  }

  double largest_sample() const {
    float largest = 0;
    for (const float v : image) largest = std::max(largest, std::abs(v));
    return largest;
  }
  double largest_sum() const {  // of the magnitudes of an output channel's weights
    std::array<double, kChannels> sums{};
    for (std::size_t i = 0; i < filter.size(); ++i)
      sums[i % kChannels] += std::abs(static_cast<double>(filter[i]));
    return *std::max_element(sums.begin(), sums.end());
  }

  struct Error {
    double largest, mean_square;
  };
  Error error_of(const std::vector<float>& out) const {
    Error error{};
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double difference = std::abs(static_cast<double>(out[i]) - expected[i]);
      error.largest = std::max(error.largest, difference);
      error.mean_square += difference * difference;
    }
    error.mean_square = std::sqrt(error.mean_square / static_cast<double>(out.size()));
    return error;
  }
};

}  // namespace

// F(2x2) needs halves and quarters of whole numbers, which floats have.
TEST(winograd_2x2_of_whole_numbers_is_exact) { compare_random_cases(kTested[0], Values::integers, 11); }

TEST(winograd_agrees_within_rounding) {
  std::uint32_t seed = 12;
  for (const Form& form : kTested) compare_random_cases(form, Values::reals, seed++);
}

// The factors that are documented with `accuracy`.
constexpr double kHigh = 310, kFast = 1770;

// The bound that is documented, with 16 roundings beside those of the sum; and the error that one can expect, in
// roundings of the direct sum, which is far below.
TEST(winograd_keeps_its_promise) {
  Random random(5);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::student_t_distribution<double> heavy(2);
  const auto weight = [&] { return normal(random) / 20; };
  const struct {
    const char* name;
    std::function<double()> sample, weight;
    bool is_common = true;
  } distributions[] = {
      {"uniform", [&] { return uniform(random); }, weight},
      {"heavy-tailed", [&] { return heavy(random); }, weight},
      {"after relu", [&] { return std::max(0.0, normal(random)); }, weight},
      {"all positive", [&] { return uniform(random) + 1; }, [&] { return std::abs(normal(random)); }},
      {"far from zero", [&] { return uniform(random) + 100; }, weight},
      {"many magnitudes", [&] { return std::exp(5 * normal(random)); },
       [&] { return uniform(random) * std::exp(2 * normal(random)); }, false},
  };
  constexpr double kUnit = std::numeric_limits<float>::epsilon() / 2;
  for (const auto& [name, sample, weight_of, is_common] : distributions) {
    for (const std::int64_t kernel : {3, 5}) {
      const Measured data(kernel, sample, weight_of);
      for (const Isa isa : available_isas()) {
        const double direct = data.error_of(data.run("direct", isa)).mean_square;
        for (const Form& form : kTested) {
          if (form.kernel_height != kernel || form.kernel_width != kernel) continue;
          const int points = kForms[form.y].points();
          const Measured::Error error = data.error_of(data.run(form.name, isa));
          const double factor = points == 8 ? kFast : kHigh;
          CHECK(std::pow(amplification(kForms[form.y]), 2) <= factor, "%s, %d points", form.name, points);
          const double bound =
              factor * (Measured::kChannels + 16) * kUnit * data.largest_sample() * data.largest_sum();
          CHECK(error.largest <= bound, "%s, %s, %s: %g of %g", form.name, name, isa_name(isa), error.largest,
                bound);
          const double expected_ratio = points == 4 ? 1.5 : points == 6 ? 4 : 16;
          CHECK(!is_common || error.mean_square <= expected_ratio * direct, "%s, %s, %s: %g, direct %g",
                form.name, name, isa_name(isa), error.mean_square, direct);
        }
      }
    }
  }
}

// An infinity or a NaN reaches the outputs whose windows hold it and no other.
TEST(winograd_keeps_what_is_not_finite_in_its_place) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  for (const Isa isa : available_isas()) {
    Random random(7);
    for (int i = 0; i < 84; ++i) {
      const Form& form = kTested[i % 7];
      Case c;
      make_winograd_case(random, Values::reals, form, &c);
      c.spec.isa = isa;
      c.spec.activation = {};
      c.spec.algorithm = form.name;
      c.spec.in_type = c.spec.out_type = ElementType::float32;  // bytes are finite
      if (c.spec.border.renormalizes()) c.spec.border.y = c.spec.border.x = {BorderMode::reflect, 0};
      std::shared_ptr<const Conv2d> layer;
      std::shared_ptr<const Plan> plan;
      CHECK(Conv2d::create(c.spec, &layer) == Status::ok, "%s", c.name().c_str());
      CHECK(Plan::create(layer, c.input, c.padding, &plan) == Status::ok, "%s", c.name().c_str());
      const ImageShape in = c.input, out = plan->output_shape();
      GuardedFloats image(in.batch * in.height * in.width * in.channels, Against::end);
      GuardedFloats output(out.batch * out.height * out.width * out.channels, Against::end);
      for (std::int64_t k = 0; k < image.count(); ++k) image[k] = pick_value(random, Values::reals);
      for (int k = 0; k < 3; ++k) {
        image[pick(random, 0, image.count() - 1)] = pick_of(random, {kInfinity, -kInfinity, kNaN});
      }
      run_units(*plan, image.data(), output.data(), Against::end);
      std::vector<float> expected(static_cast<std::size_t>(output.count()));
      for (std::int64_t n = 0; n < out.batch; ++n) {
        for (std::int64_t y = 0; y < out.height; ++y) {
          reference_row(c.spec, in, out, c.padding, n, y, image.data(), expected.data());
        }
      }
      for (std::int64_t k = 0; k < output.count(); ++k) {
        const float want = expected[static_cast<std::size_t>(k)], got = output[k];
        const bool right = std::isnan(want)   ? std::isnan(got)
                           : std::isinf(want) ? got == want
                                              : std::abs(got - want) <= 1e-3F;
        CHECK(right, "%s, %s: element %lld is %g, not %g", c.name().c_str(), form.name,
              static_cast<long long>(k), static_cast<double>(got), static_cast<double>(want));
        if (!right) break;
      }
    }
  }
}

// Samples near the largest float: transforms overflow, the formula's sums do not.
TEST(winograd_overflows_only_where_the_formula_does) {
  Random random(8);
  const Measured data(
      3, [&] { return 3e38 * pick_value(random, Values::reals); },
      [&] { return 1e-4 * pick_value(random, Values::reals); });
  for (const Isa isa : available_isas()) {
    for (int form = 0; form < 3; ++form) {
      const Measured::Error error = data.error_of(data.run(kTested[form].name, isa));
      CHECK(error.largest <= 1e30, "%s, %s: %g", kTested[form].name, isa_name(isa), error.largest);
    }
  }
}

// What auto does, and why.
TEST(winograd_is_chosen_where_it_may_be) {
  std::vector<float> filter(static_cast<std::size_t>(9 * 64 * 64), 0.5F);
  const auto chosen = [&](auto change) {
    Conv2dSpec spec;
    spec.kernel_height = spec.kernel_width = 3;
    spec.in_channels = spec.out_channels = 64;
    spec.filter = filter.data();
    spec.isa = available_isas().front();
    change(spec);
    std::shared_ptr<const Conv2d> layer;
    std::shared_ptr<const Plan> plan;
    std::string reason;
    const Status status = Conv2d::create(spec, &layer, &reason);
    if (status != Status::ok) return status == Status::declined ? "declined: " + reason : "failed";
    Plan::create(layer, {1, 58, 58, 64}, {0, 0, 0, 0}, &plan);
    return plan->describe().algorithm;
  };
  const auto is = [](const std::string& got, const char* wanted) {
    CHECK(got == wanted, "%s, not %s", got.c_str(), wanted);
  };
  is(chosen([](Conv2dSpec&) {}), "winograd-4x4");
  is(chosen([](Conv2dSpec& s) { s.accuracy = Accuracy::exact; }), "direct");
  is(chosen([](Conv2dSpec& s) { s.algorithm = "winograd"; }), "winograd-4x4");
  is(chosen([](Conv2dSpec& s) { s.algorithm = "winograd-6x6"; }), "winograd-6x6");
  is(chosen([](Conv2dSpec& s) { s.stride_width = 2; }), "direct");
  is(chosen([](Conv2dSpec& s) {
       s.algorithm = "winograd";
       s.stride_width = 2;
     }),
     "declined: strides part the outputs");
  is(chosen([](Conv2dSpec& s) {
       s.algorithm = "winograd";
       s.accuracy = Accuracy::exact;
     }),
     "declined: its products are not the formula's, and the sums shall be exact");
  is(chosen([](Conv2dSpec& s) { s.algorithm = "wino"; }), "failed");
  std::fill(filter.begin(), filter.end(), 2.0F);  // whole
  is(chosen([](Conv2dSpec&) {}), "direct");
  is(chosen([](Conv2dSpec& s) { s.accuracy = Accuracy::fast; }) == "direct" ? "direct" : "another",
     "another");
  filter[0] = std::numeric_limits<float>::infinity();
  is(chosen([](Conv2dSpec&) {}), "direct");
}

}  // namespace simdconv::test
