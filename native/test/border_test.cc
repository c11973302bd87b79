// The maps of the borders, written out, and against a walk.
#include "plan/border.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "check.h"
#include "guarded.h"
#include "plan/renormalize.h"
#include "simdconv/conv2d.h"

namespace simdconv::test {
namespace {

// The letters that stand at coordinates -6 to n + 5 of the row "abcd..." of n samples; "-" outside.
std::string picture(BorderMode mode, std::int64_t extent) {
  std::string letters;
  for (std::int64_t i = -6; i < extent + 6; ++i) {
    const std::int64_t source = border_source(mode, i, extent);
    letters += source == kOutside ? '-' : static_cast<char>('a' + source);
  }
  return letters;
}

}  // namespace

TEST(border_maps_written_out) {
  const struct {
    BorderMode mode;
    const char *one, *two, *four;
  } rows[] = {
      {BorderMode::constant, "------a------", "------ab------", "------abcd------"},
      {BorderMode::renormalize, "------a------", "------ab------", "------abcd------"},
      {BorderMode::edge, "aaaaaaaaaaaaa", "aaaaaaabbbbbbb", "aaaaaaabcddddddd"},
      {BorderMode::reflect, "aaaaaaaaaaaaa", "ababababababab", "abcdcbabcdcbabcd"},
      {BorderMode::symmetric, "aaaaaaaaaaaaa", "baabbaabbaabba", "cddcbaabcddcbaab"},
      {BorderMode::wrap, "aaaaaaaaaaaaa", "ababababababab", "cdabcdabcdabcdab"},
  };
  for (const auto& row : rows) {
    CHECK(picture(row.mode, 1) == row.one, "n = 1: %s", picture(row.mode, 1).c_str());
    CHECK(picture(row.mode, 2) == row.two, "n = 2: %s", picture(row.mode, 2).c_str());
    CHECK(picture(row.mode, 4) == row.four, "n = 4: %s", picture(row.mode, 4).c_str());
  }
}

TEST(border_maps_are_total) {
  for (const BorderMode mode :
       {BorderMode::edge, BorderMode::reflect, BorderMode::symmetric, BorderMode::wrap}) {
    for (std::int64_t extent = 1; extent <= 7; ++extent) {
      for (std::int64_t i = -100; i <= 100; ++i) {
        const std::int64_t source = border_source(mode, i, extent);
        CHECK(source >= 0 && source < extent, "mode %d, n = %d, i = %d", static_cast<int>(mode),
              static_cast<int>(extent), static_cast<int>(i));
        if (i >= 0 && i < extent)
          CHECK(source == i, "inside, n = %d, i = %d", static_cast<int>(extent), static_cast<int>(i));
      }
    }
  }
}

TEST(taps_inside_by_counting) {
  for (std::int64_t first = -9; first <= 9; ++first) {
    for (std::int64_t dilation = 1; dilation <= 4; ++dilation) {
      for (std::int64_t taps = 1; taps <= 5; ++taps) {
        for (std::int64_t extent = 1; extent <= 6; ++extent) {
          const TapRange range = taps_inside(first, dilation, taps, extent);
          for (std::int64_t t = 0; t < taps; ++t) {
            const std::int64_t at = first + t * dilation;
            const bool inside = at >= 0 && at < extent;
            CHECK(inside == (t >= range.begin && t < range.end), "first %d, dilation %d, tap %d, extent %d",
                  static_cast<int>(first), static_cast<int>(dilation), static_cast<int>(t),
                  static_cast<int>(extent));
          }
        }
      }
    }
  }
}

TEST(pad_fills_the_surroundings) {
  const ImageShape shape{1, 2, 3, 1};
  const float input[6] = {1, 2, 3, 4, 5, 6};
  const Border border{{BorderMode::constant, 9}, {BorderMode::reflect, 0}, Renormalize::area};
  const float expected[4 * 6] = {9, 9, 9, 9, 9, 9, 2, 1, 2, 3, 2, 1, 5, 4, 5, 6, 5, 4, 9, 9, 9, 9, 9, 9};
  GuardedFloats output(24, Against::end);
  CHECK(pad(input, output.data(), ElementType::float32, shape, Layout::nhwc, {1, 1, 1, 2}, border) ==
            Status::ok,
        "pad");
  CHECK(std::equal(std::begin(expected), std::end(expected), output.data()), "the picture differs");
  const Border renormalizing{{BorderMode::renormalize, 0}, {BorderMode::edge, 0}, Renormalize::area};
  CHECK(pad(input, output.data(), ElementType::float32, shape, Layout::nhwc, {1, 1, 1, 2}, renormalizing) ==
            Status::bad_argument,
        "pad");
}

TEST(pad_fills_the_surroundings_of_bytes) {
  const ImageShape shape{1, 2, 3, 1};
  const std::uint8_t input[6] = {1, 2, 3, 4, 5, 255};
  const std::uint8_t expected[4 * 6] = {9, 9, 9, 9,   9, 9, 2, 1, 2, 3, 2, 1,
                                        5, 4, 5, 255, 5, 4, 9, 9, 9, 9, 9, 9};
  Border border{{BorderMode::constant, 9}, {BorderMode::reflect, 0}, Renormalize::area};
  GuardedBytes output(24, Against::end);
  const auto pad_bytes = [&] {
    return pad(input, output.data(), ElementType::uint8, shape, Layout::nhwc, {1, 1, 1, 2}, border);
  };
  CHECK(pad_bytes() == Status::ok, "pad");
  CHECK(std::equal(std::begin(expected), std::end(expected), output.data()), "the picture differs");
  for (const float value : {-1.0F, 256.0F, 0.5F, std::nanf("")}) {
    border.y.value = value;
    CHECK(pad_bytes() == Status::bad_argument, "%g is no byte", static_cast<double>(value));
  }
}

}  // namespace simdconv::test
