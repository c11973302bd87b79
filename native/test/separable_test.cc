// The separable passes of every instruction set against the reference.
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "case.h"
#include "check.h"
#include "compare.h"
#include "guarded.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

constexpr BorderMode kModes[] = {BorderMode::constant,  BorderMode::edge, BorderMode::reflect,
                                 BorderMode::symmetric, BorderMode::wrap, BorderMode::renormalize};

// Gives each output channel factors of its own.
void make_separable(Random& random, Values values, Case* c) {
  const std::int64_t height = c->spec.kernel_height, width = c->spec.kernel_width, out = c->spec.out_channels;
  const bool channel_last =
      c->spec.filter_layout == FilterLayout::hwio || c->spec.filter_layout == FilterLayout::ihwo;
  const auto factor = [&] {
    return values == Values::integers ? static_cast<double>(pick(random, -2, 2))
                                      : static_cast<double>(pick_value(random, values));
  };
  c->filter.resize(static_cast<std::size_t>(height * width * out));
  std::vector<double> rows(static_cast<std::size_t>(height)), columns(static_cast<std::size_t>(width));
  for (std::int64_t d = 0; d < out; ++d) {
    for (double& v : rows) v = factor();
    for (double& h : columns) h = factor();
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t tap = y * width + x;
        c->filter[static_cast<std::size_t>(channel_last ? tap * out + d : d * height * width + tap)] =
            static_cast<float>(rows[static_cast<std::size_t>(y)] * columns[static_cast<std::size_t>(x)]);
      }
    }
  }
  c->spec.filter = c->filter.data();
  halve_weights_of_bytes(values, c);
}

void compare_random_cases(Values values, std::uint32_t seed) {
  for (const Isa isa : available_isas()) {
    Random random(seed);
    for (int i = 0; i < case_count();) {
      Case c;
      make_random_case(random, values, &c);
      const Conv2dSpec& s = c.spec;
      const bool interleaves = s.layout == Layout::nhwc && s.out_channels != s.groups;
      if (s.in_channels != s.groups || interleaves || s.stride_height != 1 || s.stride_width != 1) continue;
      c.spec.isa = isa;
      make_separable(random, values, &c);
      const Against against = i++ % 2 == 0 ? Against::end : Against::start;
      const bool accepted = compare_with_reference(c, "separable", values, random, against);
      CHECK(accepted, "%s", c.name().c_str());
    }
  }
}

Case& make_image_case(Random& random, Values values, std::int64_t channels, std::int64_t side, Case* c) {
  Conv2dSpec& s = c->spec;
  s.in_channels = s.out_channels = s.groups = channels;
  s.kernel_height = s.kernel_width = side;
  make_separable(random, values, c);
  c->padding = {side / 2, (side - 1) / 2, side / 2, (side - 1) / 2};
  return *c;
}

}  // namespace

TEST(separable_whole_numbers_agree_bit_for_bit) { compare_random_cases(Values::integers, 5); }

TEST(separable_real_numbers_agree_within_rounding) { compare_random_cases(Values::reals, 6); }

// Rows of several segments, whose ends need columns of others; kernels wider than the image.
TEST(separable_long_rows_and_large_kernels) {
  for (const Isa isa : available_isas()) {
    Random random(7);
    for (const BorderMode mode : kModes) {
      for (const std::int64_t channels : {1, 3, 4}) {
        for (const std::int64_t width : {2, 30, 9001}) {
          const Values values = mode == BorderMode::renormalize ? Values::reals : Values::integers;
          Case c;
          make_image_case(random, values, channels, width > 1000 ? 5 : 13, &c);
          c.spec.isa = isa;
          c.spec.border = {{BorderMode::reflect, 0}, {mode, 2}, Renormalize::area};
          c.input = {1, width > 1000 ? 3 : 17, width, channels};
          CHECK(compare_with_reference(c, "separable", values, random, Against::end), "accepted");
        }
      }
    }
  }
}

TEST(separable_every_kernel_height_and_width) {
  for (const Isa isa : available_isas()) {
    Random random(8);
    for (std::int64_t side = 1; side <= 17; ++side) {
      for (const std::int64_t channels : {1, 3}) {
        Case c;
        make_image_case(random, Values::integers, channels, side, &c);
        c.spec.isa = isa;
        c.spec.border = {{BorderMode::edge, 0}, {BorderMode::reflect, 0}, Renormalize::area};
        c.input = {1, 19, 37, channels};
        CHECK(compare_with_reference(c, "separable", Values::integers, random, Against::start), "accepted");
      }
    }
  }
}

TEST(separable_scratch_does_not_grow_with_the_image) {
  for (const std::int64_t side : {5, 31, 101}) {
    for (const std::int64_t channels : {1, 3, 40}) {
      Random random(9);
      Case c;
      make_image_case(random, Values::integers, channels, side, &c);
      c.spec.border = {{BorderMode::renormalize, 0}, {BorderMode::constant, 1}, Renormalize::area};
      c.spec.isa = available_isas().front();
      std::shared_ptr<const Conv2d> layer;
      CHECK(Conv2d::create(c.spec, &layer) == Status::ok, "%s", c.name().c_str());
      for (const std::int64_t extent : {1024, 16384}) {
        std::shared_ptr<const Plan> plan;
        CHECK(Plan::create(layer, {1, extent, extent, channels}, c.padding, &plan) == Status::ok, "the plan");
        CHECK(plan->describe().algorithm == "separable", "%s", plan->describe().algorithm.c_str());
        CHECK(plan->scratch_bytes() <= 524288, "%zu bytes", plan->scratch_bytes());
      }
    }
  }
}

// A product with a weight of zero is a product: it makes NaN of NaN and of infinity.
TEST(separable_zeros_do_not_hide_nan) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float filter[9] = {-1, 0, 1, -2, 0, 2, -1, 0, 1};
  for (const Isa isa : available_isas()) {
    for (const float sample : {std::nanf(""), kInfinity}) {
      std::vector<float> input(49, 1.0F);
      input[24] = sample;
      Conv2dSpec spec;
      spec.isa = isa;
      spec.kernel_height = spec.kernel_width = 3;
      spec.filter = filter;
      spec.algorithm = "separable";
      std::shared_ptr<const Conv2d> layer;
      std::shared_ptr<const Plan> plan;
      CHECK(Conv2d::create(spec, &layer) == Status::ok, "%s", isa_name(isa));
      CHECK(Plan::create(layer, {1, 7, 7, 1}, {1, 1, 1, 1}, &plan) == Status::ok, "%s", isa_name(isa));
      GuardedFloats output(49, Against::end);
      run_units(*plan, input.data(), output.data(), Against::end);
      for (std::int64_t y = 0; y < 7; ++y) {
        for (std::int64_t x = 0; x < 7; ++x) {
          const bool sees = y >= 2 && y <= 4 && x >= 2 && x <= 4;
          const float got = output[y * 7 + x];
          const bool infinite = sees && x != 3 && !std::isnan(sample);
          CHECK(infinite ? got == (x == 2 ? kInfinity : -kInfinity) : std::isnan(got) == sees,
                "%s: row %d column %d is %g", isa_name(isa), static_cast<int>(y), static_cast<int>(x),
                static_cast<double>(got));
        }
      }
    }
  }
}

TEST(separable_declines) {
  const float ones[49] = {}, diagonal[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, infinite[2] = {1, INFINITY};
  const auto reason_of = [](const float* filter, auto change) {
    Conv2dSpec spec;
    spec.filter = filter;
    spec.algorithm = "separable";
    change(spec);
    std::shared_ptr<const Conv2d> layer;
    std::string reason;
    const Status status = Conv2d::create(spec, &layer, &reason);
    return status == Status::declined ? reason : "";
  };
  const auto expect = [](const std::string& reason, const char* wanted) {
    CHECK(reason == wanted, "\"%s\", not \"%s\"", reason.c_str(), wanted);
  };
  expect(reason_of(ones, [](Conv2dSpec& s) { s.in_channels = 7; }),
         "an output channel sees 7 input channels");
  expect(reason_of(ones, [](Conv2dSpec& s) { s.out_channels = 7; }),
         "an input channel has 7 output channels, which nhwc interleaves");
  expect(reason_of(ones, [](Conv2dSpec& s) { s.stride_height = 2; }), "vertical stride 2 is more than 1");
  expect(reason_of(ones, [](Conv2dSpec& s) { s.stride_width = 3; }), "horizontal stride 3 is more than 1");
  expect(reason_of(diagonal, [](Conv2dSpec& s) { s.kernel_height = s.kernel_width = 3; }),
         "the kernel of output channel 0 is no product of a column and a row");
  expect(reason_of(ones,
                   [](Conv2dSpec& s) {
                     s.kernel_width = 49;
                     s.dilation_width = 100;
                   }),
         "the kernel spans 4800 floats of a row beyond the first pixel, more than 4096");
  expect(reason_of(infinite, [](Conv2dSpec& s) { s.kernel_width = 2; }), "a weight is not finite");
}

}  // namespace simdconv::test
