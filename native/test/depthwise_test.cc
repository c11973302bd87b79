// What the tiles of `depthwise` make of rows, strides, blocks of channels and addresses.
#include <algorithm>
#include <memory>

#include "case.h"
#include "check.h"
#include "compare.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "simdconv/conv2d.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

struct Kernel {
  std::int64_t height, width;
};

void make_grouped_case(Isa isa, Kernel kernel, std::int64_t channels, std::int64_t group, Random& random,
                       Case* c) {
  c->spec.isa = isa;
  c->spec.kernel_height = kernel.height;
  c->spec.kernel_width = kernel.width;
  c->spec.in_channels = c->spec.out_channels = channels;
  c->spec.groups = channels / group;
  c->filter.resize(static_cast<std::size_t>(kernel.height * kernel.width * group * channels));
  for (float& weight : c->filter) weight = pick_value(random, Values::integers);
  c->spec.filter = c->filter.data();
  c->bias.resize(static_cast<std::size_t>(channels));
  for (float& bias : c->bias) bias = pick_value(random, Values::integers);
  c->spec.bias = c->bias.data();
}

void make_depthwise_case(Isa isa, Kernel kernel, std::int64_t channels, Random& random, Case* c) {
  make_grouped_case(isa, kernel, channels, 1, random, c);
}

std::shared_ptr<const Plan> make_plan(const Case& c, const char* algorithm) {
  Conv2dSpec spec = c.spec;
  spec.algorithm = algorithm;
  std::shared_ptr<const Conv2d> layer;
  std::shared_ptr<const Plan> plan;
  CHECK(Conv2d::create(spec, &layer) == Status::ok, "%s %s", algorithm, c.name().c_str());
  CHECK(Plan::create(layer, c.input, c.padding, &plan) == Status::ok, "%s %s", algorithm, c.name().c_str());
  return plan;
}

// Images that begin so many floats beyond a whole line.
void compare_beyond_a_line(const Case& c, const char* algorithm, std::int64_t in_past, std::int64_t out_past,
                           Random& random) {
  const std::shared_ptr<const Plan> plan = make_plan(c, algorithm), reference = make_plan(c, "reference");
  const ImageShape& in = plan->input_shape();
  const ImageShape& out = plan->output_shape();
  const std::int64_t in_floats = in.batch * in.height * in.width * in.channels,
                     out_floats = out.batch * out.height * out.width * out.channels;
  GuardedFloats input(in_floats + in_past, Against::start), output(out_floats + out_past, Against::start),
      expected(out_floats, Against::start);
  for (std::int64_t i = 0; i < in_floats; ++i) input[in_past + i] = pick_value(random, Values::integers);
  run_units(*reference, input.data() + in_past, expected.data(), Against::end);
  run_units(*plan, input.data() + in_past, output.data() + out_past, Against::end);
  CHECK(std::equal(expected.data(), expected.data() + out_floats, output.data() + out_past),
        "%s %s, input %d and output %d floats beyond a line", algorithm, c.name().c_str(),
        static_cast<int>(in_past), static_cast<int>(out_past));
  CHECK(output.surroundings_intact(), "%s", c.name().c_str());
  const auto* before = reinterpret_cast<const unsigned char*>(output.data());
  CHECK(std::all_of(before, before + static_cast<std::size_t>(out_past) * sizeof(float),
                    [](unsigned char byte) { return byte == 0xff; }),
        "%s", c.name().c_str());
}

}  // namespace

// Tiles of several heights, those that overlap the one before, kernels of one pass and of many.
TEST(every_height_of_a_depthwise_image) {
  for (const Isa isa : available_isas()) {
    Random random(5);
    for (const Kernel kernel : {Kernel{1, 1}, {3, 3}, {5, 5}, {7, 7}, {2, 7}, {4, 1}}) {
      for (std::int64_t height = 1; height <= 17; ++height) {
        for (const std::int64_t stride : {1, 2, 3}) {
          Case c;
          make_depthwise_case(isa, kernel, 48, random, &c);
          c.spec.stride_height = stride;
          c.spec.stride_width = height % 2 == 0 ? stride : 4 - stride;
          c.spec.dilation_width = 1 + height % 3;
          c.spec.dilation_height = 1 + height % 2;
          c.input = {1, height, 5 + height % 4, 48};
          c.padding = {2 * kernel.height - 2, 1, kernel.width, 2 * kernel.width - 2};
          const Against against = height % 2 == 0 ? Against::end : Against::start;
          const bool accepted = compare_with_reference(c, "depthwise", Values::integers, random, against);
          CHECK(accepted, "%s", c.name().c_str());
        }
      }
    }
  }
}

// Where blocks of channels begin depends on where the image does.
TEST(depthwise_blocks_begin_on_lines) {
  for (const Isa isa : available_isas()) {
    Random random(6);
    for (const std::int64_t channels : {16, 64, 80, 112}) {
      for (std::int64_t past = 0; past < 16; ++past) {
        Case c;
        make_depthwise_case(isa, past % 2 == 0 ? Kernel{3, 3} : Kernel{5, 5}, channels, random, &c);
        c.spec.stride_height = c.spec.stride_width = 1 + past / 4 % 2;
        c.input = {2, 6, 9, channels};
        c.padding = {1, 1, 2, 1};
        compare_beyond_a_line(c, "depthwise", past, past, random);
        compare_beyond_a_line(c, "depthwise", past, (past + 4) % 16, random);
      }
    }
  }
}

// Blocks hold whole groups, so where groups are larger than what arrays start on, some begin within a line.
TEST(grouped_blocks_begin_on_lines) {
  for (const Isa isa : available_isas()) {
    Random random(9);
    const KernelTable& kernels = *kernels_for(isa);
    for (std::int64_t group = 2; group <= kernels.grouped.most_channels; group *= 2) {
      for (std::int64_t past = 0; past < 16; ++past) {
        Case c;
        make_grouped_case(isa, {3, 3}, past % 2 == 0 ? 64 : 80, group, random, &c);
        c.spec.stride_height = c.spec.stride_width = 1 + past / 4 % 2;
        c.input = {2, 6, 9, c.spec.in_channels};
        c.padding = {1, 1, 2, 1};
        compare_beyond_a_line(c, "grouped", past, past, random);
        compare_beyond_a_line(c, "grouped", past, (past + 4) % 16, random);
      }
    }
  }
}

// Tiles that take two blocks of channels at a time, of an even number of them and of an odd one, of all
// heights, with dilations that part rows.
TEST(depthwise_pairs_of_blocks) {
  for (const Isa isa : available_isas()) {
    Random random(8);
    for (const std::int64_t channels : {16, 48, 64}) {
      for (std::int64_t height = 8; height <= 19; ++height) {
        Case c;
        make_depthwise_case(isa, {3, 3}, channels, random, &c);
        c.spec.dilation_height = c.spec.dilation_width = 2 + height % 2;
        c.spec.stride_height = c.spec.stride_width = 1 + height / 2 % 2;
        c.input = {1, height, 11 + height % 3, channels};
        c.padding = {1, 2, 2, 1};
        compare_beyond_a_line(c, "depthwise", 4, height % 3, random);
      }
    }
  }
}

// Pixels that share sets of L1.
TEST(depthwise_channels_that_collide_in_cache) {
  for (const Isa isa : available_isas()) {
    Random random(7);
    for (const Kernel kernel : {Kernel{3, 3}, {5, 5}, {7, 7}, {7, 4}}) {
      for (const std::int64_t stride : {1, 2}) {
        for (const BorderMode mode : {BorderMode::constant, BorderMode::reflect, BorderMode::renormalize}) {
          Case c;
          make_depthwise_case(isa, kernel, 512, random, &c);
          c.spec.stride_height = c.spec.stride_width = stride;
          c.spec.dilation_width = 3 - stride;
          c.spec.border = {{BorderMode::constant, 0}, {mode, 0}, Renormalize::area};
          c.input = {1, 9, 10, 512};
          c.padding = {2, 2, 3, 1};
          if (mode == BorderMode::renormalize) {
            compare_with_reference(c, "depthwise", Values::reals, random, Against::end);
          } else {
            compare_beyond_a_line(c, "depthwise", 4, 4, random);
          }
        }
      }
    }
  }
}

}  // namespace simdconv::test
