// The planar convolution of every instruction set against the reference, and its parts on their own.
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "case.h"
#include "check.h"
#include "compare.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "plan/axis_taps.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

struct PlanarShape {
  std::int64_t groups, group_in, group_out;
  std::int64_t height, width;
  std::int64_t kernel_height, kernel_width;
};

// A layer with whole numbers, 'same' padding, and borders that differ by axis.
void make_case(Random& random, Isa isa, const PlanarShape& shape, Case* c) {
  Conv2dSpec& s = c->spec;
  s.isa = isa;
  s.groups = shape.groups;
  s.in_channels = shape.groups * shape.group_in;
  s.out_channels = shape.groups * shape.group_out;
  s.kernel_height = shape.kernel_height;
  s.kernel_width = shape.kernel_width;
  s.border = {{BorderMode::reflect, 0}, {BorderMode::constant, 2}, Renormalize::area};
  c->filter.resize(
      static_cast<std::size_t>(shape.kernel_height * shape.kernel_width * shape.group_in * s.out_channels));
  for (float& weight : c->filter) weight = pick_value(random, Values::integers);
  s.filter = c->filter.data();
  c->input = {1, shape.height, shape.width, s.in_channels};
  c->padding = {shape.kernel_height / 2, (shape.kernel_height - 1) / 2, shape.kernel_width / 2,
                (shape.kernel_width - 1) / 2};
}

std::size_t scratch_of(const Case& c) {
  std::shared_ptr<const Conv2d> layer;
  std::shared_ptr<const Plan> plan;
  CHECK(Conv2d::create(c.spec, &layer) == Status::ok, "%s", c.name().c_str());
  CHECK(Plan::create(layer, c.input, c.padding, &plan) == Status::ok, "%s", c.name().c_str());
  CHECK(plan->describe().algorithm == "planar", "%s", plan->describe().algorithm.c_str());
  return plan->scratch_bytes();
}

}  // namespace

// The sample of output i under tap t is where the formula has it: start + (i + shift) strides.
TEST(axis_taps_stand_where_the_formula_has_them) {
  for (std::int64_t taps = 1; taps <= 7; ++taps) {
    for (std::int64_t dilation = 1; dilation <= 12; ++dilation) {
      for (std::int64_t stride = 1; stride <= 8; ++stride) {
        for (const std::int64_t outputs : {1, 2, 5, 100}) {
          const AxisTaps axis(taps, dilation, stride, outputs);
          CHECK(axis.places() <= taps * outputs, "more places than taps");
          for (std::int64_t t = 0; t < taps; ++t) {
            const std::int64_t piece = axis.piece(t), shift = axis.shift(t);
            CHECK(piece >= 0 && piece < axis.pieces() && shift >= 0 && shift <= axis.reach(),
                  "out of the pieces");
            CHECK(axis.start(piece) + shift * stride == t * dilation, "tap %d of dilation %d, stride %d",
                  static_cast<int>(t), static_cast<int>(dilation), static_cast<int>(stride));
          }
        }
      }
    }
  }
}

// Pixels to planes and back: nothing is read or written beside them, and what stands between pixels is left alone.
TEST(interleaving_goes_there_and_back) {
  for (const Isa isa : available_isas()) {
    const PlanarKernels& kernels = kernels_for(isa)->planar;
    for (const Against against : {Against::end, Against::start}) {
      for (std::int64_t channels = 1; channels <= 21; channels += channels < 9 ? 1 : 4) {
        for (std::int64_t pixels = 1; pixels <= 50; ++pixels) {
          for (const std::int64_t gap : {0, 1, 5}) {
            const std::int64_t stride = channels + gap, count = (pixels - 1) * stride + channels;
            GuardedFloats image(count, against), planes(channels * pixels, against), back(count, against);
            for (std::int64_t i = 0; i < count; ++i) image[i] = static_cast<float>(i);
            kernels.to_planes({image.data(), stride, planes.data(), pixels, pixels, channels});
            kernels.from_planes({planes.data(), pixels, back.data(), stride, pixels, channels});
            bool there = planes.surroundings_intact(), and_back = back.surroundings_intact();
            for (std::int64_t p = 0; p < pixels; ++p) {
              for (std::int64_t c = 0; c < stride && p * stride + c < count; ++c) {
                const float value = back[p * stride + c];
                there = there && (c >= channels || planes[c * pixels + p] == image[p * stride + c]);
                and_back = and_back && (c < channels ? value == image[p * stride + c] : std::isnan(value));
              }
            }
            CHECK(there && and_back, "%s: %d channels of %d pixels, %d apart", isa_name(isa),
                  static_cast<int>(channels), static_cast<int>(pixels), static_cast<int>(stride));
          }
        }
      }
    }
  }
}

TEST(planar_every_tile_and_output_count) {
  for (const Isa isa : available_isas()) {
    Random random(31);
    for (std::int64_t outputs = 1; outputs <= 18; ++outputs) {
      for (std::int64_t width = 1; width <= 61; width += width < 20 ? 1 : 8) {
        Case c;
        make_case(random, isa, {1, 1 + width % 5, outputs, 3 + width % 3, width, 2, 3}, &c);
        c.spec.layout = width % 2 == 0 ? Layout::nhwc : Layout::nchw;
        compare_with_reference(c, "planar", Values::integers, random, Against::end);
      }
    }
  }
}

// Windows cut across rows and columns, and groups into shares.
TEST(planar_windows_and_shares) {
  constexpr PlanarShape kShapes[] = {{1, 64, 3, 40, 130, 3, 3}, {1, 3, 5, 31, 2500, 5, 3},
                                     {1, 700, 2, 3, 90, 1, 5},  {37, 3, 5, 17, 23, 3, 3},
                                     {70, 1, 2, 9, 40, 2, 2},   {3, 40, 8, 6, 33, 3, 1},
                                     {1, 3, 4, 60, 70, 1, 1},   {9, 4, 4, 21, 19, 1, 1}};
  for (const Isa isa : available_isas()) {
    Random random(32);
    for (const PlanarShape& shape : kShapes) {
      for (const Layout layout : {Layout::nhwc, Layout::nchw}) {
        for (const std::int64_t stride : {1, 2}) {
          Case c;
          make_case(random, isa, shape, &c);
          c.spec.layout = layout;
          c.spec.stride_height = c.spec.stride_width = stride;
          c.input.batch = 2;
          compare_with_reference(c, "planar", Values::integers, random, Against::start);
        }
      }
    }
  }
}

// Every pixel near an edge has its own factor, in tiles that hold parts of several rows.
TEST(planar_renormalizes) {
  for (const Isa isa : available_isas()) {
    Random random(33);
    for (const Renormalize by : {Renormalize::area, Renormalize::weight}) {
      for (const ActivationKind kind : {ActivationKind::none, ActivationKind::silu}) {
        Case c;
        make_case(random, isa, {5, 2, 3, 19, 21, 3, 5}, &c);
        c.spec.border = {{BorderMode::renormalize, 0}, {BorderMode::renormalize, 0}, by};
        c.spec.activation.kind = kind;
        for (float& weight : c.filter) weight = std::fabs(pick_value(random, Values::reals)) + 0.1F;
        compare_with_reference(c, "planar", Values::reals, random, Against::end);
      }
    }
  }
}

TEST(planar_scratch_does_not_grow_with_the_image) {
  Random random(34);
  for (const PlanarShape& shape : {PlanarShape{1, 3, 1, 0, 0, 3, 3}, PlanarShape{32, 4, 4, 0, 0, 3, 3},
                                   PlanarShape{1, 64, 3, 0, 0, 5, 5}, PlanarShape{1, 3, 2, 0, 0, 1, 1}}) {
    for (const std::int64_t side : {1024, 16384}) {
      PlanarShape sized = shape;
      sized.height = sized.width = side;
      Case c;
      make_case(random, available_isas().front(), sized, &c);
      c.spec.algorithm = "planar";
      c.spec.border.y = c.spec.border.x = {BorderMode::renormalize, 0};
      CHECK(scratch_of(c) <= 524288, "%zu bytes", scratch_of(c));
    }
  }
}

TEST(planar_is_chosen_where_lanes_would_idle) {
  const std::vector<float> filter(std::size_t{64} * 64 * 9, 1.0F);
  const auto answer = [&](Isa isa, const PlanarShape& shape, Layout layout) {
    Conv2dSpec spec;
    spec.isa = isa;
    spec.groups = shape.groups;
    spec.in_channels = shape.groups * shape.group_in;
    spec.out_channels = shape.groups * shape.group_out;
    spec.kernel_height = shape.kernel_height;
    spec.kernel_width = shape.kernel_width;
    spec.layout = layout;
    spec.filter = filter.data();
    std::shared_ptr<const Conv2d> layer;
    std::shared_ptr<const Plan> plan;
    CHECK(Conv2d::create(spec, &layer) == Status::ok, "%s", isa_name(isa));
    CHECK(Plan::create(layer, {1, 9, 9, spec.in_channels}, {}, &plan) == Status::ok, "%s", isa_name(isa));
    for (const Candidate& candidate : plan->describe().candidates) {
      if (candidate.name == "planar") return candidate.accepted ? "yes" : candidate.reason;
    }
    return std::string();
  };
  for (const Isa isa : available_isas()) {
    const auto expect = [&](const PlanarShape& shape, const char* wanted, Layout layout = Layout::nhwc) {
      const std::string got = answer(isa, shape, layout);
      CHECK(got == wanted, "%s: \"%s\", not \"%s\"", isa_name(isa), got.c_str(), wanted);
    };
    if (isa == Isa::scalar) {
      expect({1, 64, 3, 0, 0, 3, 3}, "lanes are one float wide, so that none are idle");
      continue;
    }
    expect({1, 64, 1, 0, 0, 3, 3}, "yes");
    expect({32, 4, 1, 0, 0, 3, 3}, "yes");
    expect({1, 1, 5, 0, 0, 7, 7}, "yes");
    expect({4, 16, 16, 0, 0, 3, 3}, "yes", Layout::nchw);
    expect({9, 1, 1, 0, 0, 3, 3}, "each output channel sees an input channel of its own");
    expect({1, 64, 32, 0, 0, 3, 3}, "32 output channels idle too few of 32 lanes to pay for planes");
  }
}

// A weight times the border's zero is a product like any other.
TEST(planar_infinite_weights_meet_the_border) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Isa isa : available_isas()) {
    const float filter[6] = {kInfinity, 1, 1, 1, 1, 1}, input[4] = {1, 2, 3, 4};
    Conv2dSpec spec;
    spec.isa = isa;
    spec.kernel_width = 3;
    spec.out_channels = 2;  // of which the first has the infinite weight
    spec.filter = filter;
    spec.algorithm = "planar";
    std::shared_ptr<const Conv2d> layer;
    std::shared_ptr<const Plan> plan;
    CHECK(Conv2d::create(spec, &layer) == Status::ok, "%s", isa_name(isa));
    CHECK(Plan::create(layer, {1, 1, 4, 1}, {0, 0, 1, 1}, &plan) == Status::ok, "%s", isa_name(isa));
    GuardedFloats output(8, Against::end);
    run_units(*plan, input, output.data(), Against::end);
    CHECK(std::isnan(output[0]), "infinity times a zero border is %g", static_cast<double>(output[0]));
    for (const std::int64_t p : {1, 2, 3}) {
      CHECK(output[p * 2] == kInfinity, "pixel %d is %g", static_cast<int>(p),
            static_cast<double>(output[p * 2]));
    }
    for (const std::int64_t p : {0, 1, 2, 3}) CHECK(std::isfinite(output[p * 2 + 1]), "it spreads");

    spec.border.x.mode = BorderMode::renormalize;
    std::string reason;
    CHECK(Conv2d::create(spec, &layer, &reason) == Status::declined, "a tap is left out as a zero");
  }
}

}  // namespace simdconv::test
