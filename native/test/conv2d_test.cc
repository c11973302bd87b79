// The direct kernel of every instruction set against the reference, on memory that ends at unreadable pages.
#include "simdconv/conv2d.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>

#include "case.h"
#include "check.h"
#include "compare.h"
#include "guarded.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

void compare_random_cases(Values values, std::uint32_t seed, int count) {
  for (const Isa isa : available_isas()) {
    Random random(seed);
    constexpr const char* kAlgorithms[] = {"direct", "planar", "depthwise", "flat"};
    int accepted[4] = {};
    for (int i = 0; i < count; ++i) {
      Case c;
      make_random_case(random, values, &c);
      c.spec.isa = isa;
      for (int a = 0; a < 4; ++a) {
        const Against against = i % 2 == 0 ? Against::end : Against::start;
        if (compare_with_reference(c, kAlgorithms[a], values, random, against)) ++accepted[a];
      }
    }
    CHECK(accepted[0] == count, "direct declined %d of %d", count - accepted[0], count);
    CHECK(accepted[1] == count, "planar declined %d of %d", count - accepted[1], count);
    for (int a = 2; a < 4; ++a) {
      CHECK(accepted[a] * 20 >= count, "%s met %d of %d layers", kAlgorithms[a], accepted[a], count);
    }
  }
}

}  // namespace

TEST(whole_numbers_agree_bit_for_bit) { compare_random_cases(Values::integers, 1, case_count()); }

TEST(real_numbers_agree_within_rounding) { compare_random_cases(Values::reals, 2, case_count()); }

TEST(every_tile_width_and_channel_count) {
  for (const Isa isa : available_isas()) {
    Random random(3);
    for (std::int64_t width = 1; width <= 31; ++width) {
      for (const std::int64_t channels : {1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65}) {
        Case c;
        c.spec.isa = isa;
        c.spec.kernel_height = 2;
        c.spec.kernel_width = 3;
        c.spec.in_channels = 5;
        c.spec.out_channels = channels;
        c.filter.resize(static_cast<std::size_t>(30 * channels));
        for (float& weight : c.filter) weight = pick_value(random, Values::integers);
        c.spec.filter = c.filter.data();
        c.input = {1, 3, width, 5};
        c.padding = {0, 1, 2, 1};
        compare_with_reference(c, "direct", Values::integers, random, Against::end);
      }
    }
  }
}

// Pixels 4 KiB apart are gathered into strips whose pixels are not.
TEST(channels_that_collide_in_cache) {
  for (const Isa isa : available_isas()) {
    Random random(4);
    for (const std::int64_t side : {1, 3}) {
      for (const std::int64_t stride : {1, 2}) {
        Case c;
        c.spec.isa = isa;
        c.spec.kernel_height = c.spec.kernel_width = side;
        c.spec.stride_height = c.spec.stride_width = stride;
        c.spec.in_channels = 1024;
        c.spec.out_channels = 17;
        c.filter.resize(static_cast<std::size_t>(side * side * 1024 * 17));
        for (float& weight : c.filter) weight = pick_value(random, Values::integers);
        c.spec.filter = c.filter.data();
        c.spec.border = {{BorderMode::edge, 0}, {BorderMode::wrap, 0}, Renormalize::area};
        c.input = {2, 4, 17, 1024};
        c.padding = {side / 2, side / 2, side / 2, side / 2};
        compare_with_reference(c, "direct", Values::integers, random, Against::end);
      }
    }
  }
}

// Weights that do not rest in L2: blocks that are asked for while another is multiplied, and blocks that no L2 holds.
TEST(weights_from_beyond_l2) {
  struct Size {
    std::int64_t side, in_channels, out_channels;
  };
  for (const Isa isa : available_isas()) {
    Random random(5);
    for (const Size& size : {Size{1, 611, 150}, Size{3, 75, 150}, Size{3, 1900, 19}}) {
      Case c;
      c.spec.isa = isa;
      c.spec.kernel_height = c.spec.kernel_width = size.side;
      c.spec.in_channels = size.in_channels;
      c.spec.out_channels = size.out_channels;
      c.filter.resize(static_cast<std::size_t>(size.side * size.side * size.in_channels * size.out_channels));
      for (float& weight : c.filter) weight = pick_value(random, Values::integers);
      c.spec.filter = c.filter.data();
      c.input = {1, 3, 31, size.in_channels};
      c.padding = {size.side / 2, 0, 0, size.side / 2};
      compare_with_reference(c, "direct", Values::integers, random, Against::end);
    }
  }
}

// Images of many groups are read in slices of them, of which the last may be smaller.
TEST(slices_of_groups) {
  struct Size {
    std::int64_t groups, group_in, group_out, stride;
    Layout layout;
    ElementType type;
  };
  constexpr Size kSizes[] = {{7, 47, 3, 1, Layout::nhwc, ElementType::float32},
                             {7, 47, 2, 2, Layout::nchw, ElementType::float32},
                             {32, 16, 16, 2, Layout::nhwc, ElementType::float32},
                             {5, 70, 33, 1, Layout::nhwc, ElementType::uint8}};
  for (const Isa isa : available_isas()) {
    Random random(6);
    for (const Size& size : kSizes) {
      Case c;
      c.spec.isa = isa;
      c.spec.kernel_height = c.spec.kernel_width = 3;
      c.spec.stride_height = c.spec.stride_width = size.stride;
      c.spec.groups = size.groups;
      c.spec.in_channels = size.groups * size.group_in;
      c.spec.out_channels = size.groups * size.group_out;
      c.spec.layout = size.layout;
      c.spec.in_type = size.type;
      c.filter.resize(static_cast<std::size_t>(9 * size.group_in * c.spec.out_channels));
      for (float& weight : c.filter) weight = pick_value(random, Values::integers);
      c.spec.filter = c.filter.data();
      c.spec.border = {{BorderMode::constant, 1}, {BorderMode::reflect, 0}, Renormalize::area};
      c.input = {1, 8, 33, c.spec.in_channels};
      c.padding = {1, 1, 1, 1};
      compare_with_reference(c, "direct", Values::integers, random, Against::end);
    }
  }
}

// A weight times the border's value is a product like any other; a tap that is left out is none.
TEST(infinite_weights_meet_the_border) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Isa isa : available_isas()) {
    for (const BorderMode mode : {BorderMode::constant, BorderMode::renormalize}) {
      const float filter[3] = {kInfinity, 1, 1}, input[2] = {1, 2};
      Conv2dSpec spec;
      spec.isa = isa;
      spec.kernel_width = 3;
      spec.filter = filter;
      spec.border = {{BorderMode::constant, 0}, {mode, 0}, Renormalize::area};
      std::shared_ptr<const Conv2d> layer;
      std::shared_ptr<const Plan> plan;
      CHECK(Conv2d::create(spec, &layer) == Status::ok, "%s", isa_name(isa));
      CHECK(Plan::create(layer, {1, 1, 2, 1}, {0, 0, 1, 1}, &plan) == Status::ok, "%s", isa_name(isa));
      GuardedFloats output(2, Against::end);
      run_units(*plan, input, output.data(), Against::end);
      if (mode == BorderMode::constant) {
        CHECK(std::isnan(output[0]), "infinity times a zero border is %g", static_cast<double>(output[0]));
      } else {
        CHECK(std::fabs(output[0] - 3 * 1.5F) < 1e-6F, "the left-out tap gives %g",
              static_cast<double>(output[0]));
      }
      CHECK(output[1] == kInfinity, "got %g", static_cast<double>(output[1]));
    }
  }
}

TEST(impossible_layers_are_refused) {
  const float filter[4] = {1, 1, 1, 1};
  std::shared_ptr<const Conv2d> layer;
  const auto create = [&](auto change) {
    Conv2dSpec spec;
    spec.filter = filter;
    change(spec);
    return Conv2d::create(spec, &layer);
  };
  CHECK(create([](Conv2dSpec&) {}) == Status::ok, "the valid one");
  CHECK(create([](Conv2dSpec& s) { s.filter = nullptr; }) == Status::bad_argument, "no filter");
  CHECK(create([](Conv2dSpec& s) { s.groups = 2; }) == Status::bad_argument, "groups that divide nothing");
  CHECK(create([](Conv2dSpec& s) { s.groups = 0; }) == Status::bad_argument, "no groups");
  CHECK(create([](Conv2dSpec& s) { s.stride_width = 0; }) == Status::bad_argument, "stride 0");
  CHECK(create([](Conv2dSpec& s) { s.dilation_height = -1; }) == Status::bad_argument, "dilation -1");
  CHECK(create([](Conv2dSpec& s) { s.in_channels = s.out_channels = std::int64_t{1} << 31; }) ==
            Status::too_large,
        "2^62 weights");
  CHECK(create([](Conv2dSpec& s) { s.algorithm = "guess"; }) == Status::bad_argument, "an unknown algorithm");

  CHECK(create([](Conv2dSpec& s) { s.kernel_width = 3; }) == Status::ok, "the valid one");
  std::shared_ptr<const Plan> plan;
  CHECK(Plan::create(layer, {1, 1, 2, 1}, {0, 0, 0, 0}, &plan) == Status::kernel_too_large, "3 columns on 2");
  CHECK(Plan::create(layer, {1, 1, 2, 1}, {0, 0, 1, 0}, &plan) == Status::ok, "3 columns on 3");
  CHECK(Plan::create(layer, {1, 1, 2, 2}, {0, 0, 1, 0}, &plan) == Status::bad_argument,
        "another channel count");
  CHECK(Plan::create(layer, {1, 1, 2, 1}, {0, -1, 1, 0}, &plan) == Status::bad_argument, "a negative pad");
  const std::int64_t large = std::int64_t{1} << 30;
  CHECK(Plan::create(layer, {large, large, 3, 1}, {0, 0, 0, 0}, &plan) == Status::too_large, "2^60 pixels");
  CHECK(Plan::create(layer, {1, 3, 3, 1}, {large, large, large, large}, &plan) == Status::too_large,
        "2^62 outputs");
}

// Scratch depends on the layer and the window, not on how many rows the image has.
TEST(scratch_does_not_grow_with_the_image) {
  const float filter[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  for (const Layout layout : {Layout::nhwc, Layout::nchw}) {
    for (const BorderMode mode : {BorderMode::constant, BorderMode::wrap, BorderMode::renormalize}) {
      Conv2dSpec spec;
      spec.kernel_height = spec.kernel_width = 3;
      spec.filter = filter;
      spec.layout = layout;
      spec.border = {{mode, 0}, {mode, 0}, Renormalize::area};
      std::shared_ptr<const Conv2d> layer;
      CHECK(Conv2d::create(spec, &layer) == Status::ok, "the layer");
      std::size_t scratch[2] = {};
      for (int i = 0; i < 2; ++i) {
        std::shared_ptr<const Plan> plan;
        const std::int64_t side = i == 0 ? 1024 : 16384;
        CHECK(Plan::create(layer, {1, side, side, 1}, {1, 1, 1, 1}, &plan) == Status::ok, "the plan");
        scratch[i] = plan->scratch_bytes();
      }
      CHECK(scratch[1] <= 524288, "%zu bytes", scratch[1]);
    }
  }
}

}  // namespace simdconv::test
