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

// About twice the rounding of a float sum: terms * eps * sum |x w|, and the activations' own error on top.
// The sums here have at most 5 x 5 x 65 terms of at most 1 (a constant border: 2), and a renormalized one
// grows 25-fold at the most.
float tolerance_of(const Case& c) {
  const Conv2dSpec& s = c.spec;
  const std::int64_t group_in = s.in_channels / s.groups;
  const auto terms = static_cast<float>(s.kernel_height * s.kernel_width * group_in + 2);
  constexpr float kEps = std::numeric_limits<float>::epsilon();
  return 2 * std::sqrt(terms) * kEps * terms * 2 + 16 * kEps;
}

}  // namespace

void run_units(const Plan& plan, const float* in, float* out, Against against) {
  const auto scratch_floats = static_cast<std::int64_t>(plan.scratch_bytes() / sizeof(float));
  GuardedFloats scratch(scratch_floats, against);
  for (std::int64_t unit = plan.units() - 1; unit >= 0; --unit) {
    plan.run_unit(unit, in, out, reinterpret_cast<std::byte*>(scratch.data()));
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

  GuardedFloats input(element_count(c.input), against), output(element_count(out), against);
  for (std::int64_t i = 0; i < input.count(); ++i) input[i] = pick_value(random, values);
  run_units(*plan, input.data(), output.data(), against);
  CHECK(output.surroundings_intact(), "%s writes beside its output", name.c_str());

  std::vector<float> expected(static_cast<std::size_t>(output.count()));
  for (std::int64_t n = 0; n < out.batch; ++n) {
    for (std::int64_t y = 0; y < out.height; ++y) {
      reference_row(c.spec, c.input, out, c.padding, n, y, input.data(), expected.data());
    }
  }
  // By weight, a factor may be large where the kept weights nearly cancel, and the error with it.
  const bool by_weight = c.spec.border.renormalizes() && c.spec.border.by == Renormalize::weight;
  for (std::int64_t i = 0; i < output.count(); ++i) {
    const float want = expected[static_cast<std::size_t>(i)], got = output[i];
    const float scale = std::fmax(1.0F, std::fabs(want) * (by_weight ? 100.0F : 1.0F));
    const float tolerance = values == Values::integers ? 0 : tolerance_of(c) * scale * rounding;
    const bool right = std::fabs(got - want) <= tolerance;
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
