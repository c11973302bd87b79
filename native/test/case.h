// Random convolutions, each named by its shape, so that a failure is a reproduction.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "simdconv/conv2d.h"

namespace simdconv::test {

using Random = std::mt19937;

inline std::int64_t pick(Random& random, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(most - least + 1));
}

template <typename T, std::size_t Count>
T pick_of(Random& random, const T (&choices)[Count]) {
  return choices[random() % Count];
}

struct Case {
  Conv2dSpec spec;  // filter and bias point into the vectors below
  ImageShape input{};
  Padding padding{};
  std::vector<float> filter, bias;

  Case() = default;
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;

  std::string name() const;
};

// What values a case has: whole numbers, for which every order of summation gives the same bits, or real
// ones.
enum class Values { integers, reals };

float pick_value(Random& random, Values values);

// Where whole numbers become bytes, so that halves are rounded.
void halve_weights_of_bytes(Values values, Case* c);

// Any options, sizes small and awkward, the kernel never larger than the padded input.
void make_random_case(Random& random, Values values, Case* result);

// Picks padding, image, weights and bias for a layer whose options stand.
void fill_random_case(Random& random, Values values, Case* result);

}  // namespace simdconv::test
