#include "compare.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>

#include "check.h"
#include "kernels/reference.h"

namespace simdconv::test {
namespace {

std::int64_t element_count(const ImageShape& s) { return s.batch * s.height * s.width * s.channels; }

// An image of either type, of which each element is a number.
class Image {
 public:
  Image(ElementType type, std::int64_t count, Against against)
      : type_(type),
        floats_(type == ElementType::float32 ? count : 0, against),
        bytes_(type == ElementType::uint8 ? count : 0, against) {}

  void* data() { return type_ == ElementType::uint8 ? static_cast<void*>(bytes_.data()) : floats_.data(); }
  float get(std::int64_t i) { return type_ == ElementType::uint8 ? bytes_[i] : floats_[i]; }
  void set(std::int64_t i, float value) {
    if (type_ == ElementType::uint8) {
      bytes_[i] = static_cast<std::uint8_t>(value);
    } else {
      floats_[i] = value;
    }
  }
  bool surroundings_intact() const { return floats_.surroundings_intact() && bytes_.surroundings_intact(); }

 private:
  ElementType type_;
  GuardedFloats floats_;
  GuardedBytes bytes_;
};

// Where the result is a byte, samples are small, so that most sums stay within 0 to 255.
float pick_sample(Random& random, const Conv2dSpec& spec, Values values) {
  if (spec.in_type == ElementType::float32) return pick_value(random, values);
  const bool small = spec.out_type == ElementType::uint8 && pick(random, 0, 15) != 0;
  return static_cast<float>(pick(random, 0, small ? 9 : 255));
}

float as_byte(float value) { return std::nearbyint(std::fmin(std::fmax(value, 0.0F), 255.0F)); }

// About twice the rounding of a float sum: terms * eps * sum |x w|, and the activations' own error on top.
// The sums here have at most 5 x 5 x 65 terms of at most 1 (a constant border: 2; bytes: 255), and a renormalized
// one grows 25-fold at the most.
float tolerance_of(const Case& c) {
  const Conv2dSpec& s = c.spec;
  const std::int64_t group_in = s.in_channels / s.groups;
  const auto terms = static_cast<float>(s.kernel_height * s.kernel_width * group_in + 2);
  constexpr float kEps = std::numeric_limits<float>::epsilon();
  const float largest = s.in_type == ElementType::uint8 ? 255 : 2;
  return 2 * std::sqrt(terms) * kEps * terms * largest + 16 * kEps;
}

}  // namespace

void run_units(const Plan& plan, const void* in, void* out, Against against) {
  const auto scratch_floats = static_cast<std::int64_t>(plan.scratch_bytes() / sizeof(float));
  GuardedFloats scratch(scratch_floats, against);
  std::int64_t before = Plan::kNoUnit;
  for (std::int64_t unit = plan.units() - 1; unit >= 0; --unit) {
    plan.run_unit(unit, before, in, out, reinterpret_cast<std::byte*>(scratch.data()));
    before = unit % 3 == 0 ? Plan::kNoUnit : unit;
  }
}

bool compare_with_reference(Case& c, const char* algorithm, Values values, Random& random, Against against,
                            float rounding) {
  const std::string name = c.name() + ", " + algorithm;
  std::shared_ptr<const Conv2d> layer;
  std::shared_ptr<const Plan> plan;
  c.spec.algorithm = algorithm;
  const Status created = Conv2d::create(c.spec, &layer);
  if (created == Status::declined) return false;
  CHECK(created == Status::ok, "%s", name.c_str());
  if (!layer) return true;
  CHECK(Plan::create(layer, c.input, c.padding, &plan) == Status::ok, "%s", name.c_str());
  if (!plan) return true;
  const ImageShape out = plan->output_shape();

  Image input(c.spec.in_type, element_count(c.input), against);
  Image output(c.spec.out_type, element_count(out), against);
  for (std::int64_t i = 0; i < element_count(c.input); ++i) input.set(i, pick_sample(random, c.spec, values));
  run_units(*plan, input.data(), output.data(), against);
  CHECK(output.surroundings_intact(), "%s writes beside its output", name.c_str());

  Conv2dSpec in_floats = c.spec;
  in_floats.out_type = ElementType::float32;
  std::vector<float> expected(static_cast<std::size_t>(element_count(out)));
  for (std::int64_t n = 0; n < out.batch; ++n) {
    for (std::int64_t y = 0; y < out.height; ++y) {
      reference_row(in_floats, c.input, out, c.padding, n, y, input.data(), expected.data());
    }
  }
  // By weight, a factor may be large where the kept weights nearly cancel, and the error with it.
  const bool by_weight = c.spec.border.renormalizes() && c.spec.border.by == Renormalize::weight;
  const bool bytes = c.spec.out_type == ElementType::uint8;
  for (std::int64_t i = 0; i < element_count(out); ++i) {
    const float want = expected[static_cast<std::size_t>(i)], got = output.get(i);
    const float scale = std::fmax(1.0F, std::fabs(want) * (by_weight ? 100.0F : 1.0F));
    const float tolerance = values == Values::integers ? 0 : tolerance_of(c) * scale * rounding;
    // As bytes, what lies between the two ends of the tolerance, each rounded.
    const bool right = bytes ? got >= as_byte(want - tolerance) && got <= as_byte(want + tolerance)
                             : std::fabs(got - want) <= tolerance;
    CHECK(right, "%s: element %lld is %g, not %g", name.c_str(), static_cast<long long>(i),
          static_cast<double>(got), static_cast<double>(want));
    if (!right) return true;
  }
  return true;
}

int case_count() {
  const char* count = std::getenv("SIMDCONV_TEST_CASES");
  return count ? std::max(1, std::atoi(count)) : 1500;
}

}  // namespace simdconv::test
