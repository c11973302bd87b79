// Groups of several channels that share a vector: every size, on memory that ends at unreadable pages.
#include <memory>
#include <string>
#include <vector>

#include "case.h"
#include "check.h"
#include "compare.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "simdconv/conv2d.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

// What `grouped` takes, on any image; all options that it does not care about are random.
void make_grouped_case(Isa isa, std::int64_t group, std::int64_t kernel, std::int64_t stride, Values values,
                       Random& random, Case* c) {
  make_random_case(random, values, c);
  Conv2dSpec& s = c->spec;
  s.isa = isa;
  s.in_channels = s.out_channels = kernels_for(isa)->lanes * pick(random, 1, 5);
  s.groups = s.in_channels / group;
  s.kernel_height = s.kernel_width = kernel;
  s.stride_height = s.stride_width = stride;
  s.dilation_height = s.dilation_width = 1;
  s.layout = Layout::nhwc;
  fill_random_case(random, values, c);
}

// Whether a layer of such groups is left to others; then the reason says so.
bool accepts(const Case& c, std::string* reason) {
  Conv2dSpec spec = c.spec;
  spec.algorithm = "grouped";
  std::shared_ptr<const Conv2d> layer;
  return Conv2d::create(spec, &layer, reason) == Status::ok;
}

void compare_all_groups(Values values, std::uint32_t seed) {
  for (const Isa isa : available_isas()) {
    Random random(seed);
    const GroupedKernels& kernels = kernels_for(isa)->grouped;
    for (std::int64_t group = 2; group <= kernels.most_channels; group *= 2) {
      for (const std::int64_t kernel : {3, 5}) {
        for (const std::int64_t stride : {1, 2}) {
          for (int i = 0; i < 24; ++i) {
            Case c;
            make_grouped_case(isa, group, kernel, stride, values, random, &c);
            const Against against = i % 2 == 0 ? Against::end : Against::start;
            const bool accepted = compare_with_reference(c, "grouped", values, random, against);
            const bool has_tile = kernel == 3 || kernels.tiles.best.five[0] != 0;
            CHECK(accepted == has_tile, "%s", c.name().c_str());
          }
        }
      }
    }
  }
}

}  // namespace

TEST(grouped_whole_numbers_agree_bit_for_bit) { compare_all_groups(Values::integers, 71); }

TEST(grouped_real_numbers_agree_within_rounding) { compare_all_groups(Values::reals, 72); }

TEST(grouped_says_what_it_leaves_to_others) {
  const KernelTable& kernels = *kernels_for(available_isas().front());
  const std::int64_t lanes = kernels.lanes;
  if (kernels.grouped.most_channels == 0) return;
  const auto reason = [&](auto change) {
    Random random(73);
    Case c;
    make_grouped_case(kernels.isa, 2, 3, 1, Values::integers, random, &c);
    c.spec.in_channels = c.spec.out_channels = lanes;
    c.spec.groups = lanes / 2;
    c.spec.border = {};
    change(c.spec);
    fill_random_case(random, Values::integers, &c);
    std::string said;
    return accepts(c, &said) ? std::string("accepted") : said;
  };
  const auto is = [&](const std::string& said, const char* part) {
    CHECK(said.find(part) != std::string::npos, "\"%s\" lacks \"%s\"", said.c_str(), part);
  };
  is(reason([](Conv2dSpec&) {}), "accepted");
  is(reason([](Conv2dSpec& s) { s.groups = s.in_channels; }), "a single input channel");
  is(reason([&](Conv2dSpec& s) { s.in_channels = lanes * 2, s.groups = lanes / 2; }), "4 in and 2 out");
  is(reason([&](Conv2dSpec& s) { s.in_channels = s.out_channels = lanes * 3, s.groups = lanes; }),
     "3 in and 3 out");
  is(reason([&](Conv2dSpec& s) { s.in_channels = s.out_channels = lanes + 2, s.groups = lanes / 2 + 1; }),
     "not whole vectors");
  is(reason([](Conv2dSpec& s) { s.layout = Layout::nchw; }), "nchw");
  is(reason([](Conv2dSpec& s) { s.kernel_width = 5; }), "no tile for such a kernel");
  is(reason([](Conv2dSpec& s) { s.stride_width = 2; }), "strides");
  is(reason([](Conv2dSpec& s) { s.dilation_width = 2; }), "dilations");
}

}  // namespace simdconv::test
