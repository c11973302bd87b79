// Which kernels have factors, and how near their products are.
#include "plan/rank_one.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "check.h"

namespace simdconv::test {
namespace {

using Weights = std::vector<float>;

LayerShape shape_of(std::int64_t height, std::int64_t width) {
  return {.kernel_height = height,
          .kernel_width = width,
          .in_channels = 1,
          .out_channels = 1,
          .groups = 1,
          .stride_height = 1,
          .stride_width = 1,
          .dilation_height = 1,
          .dilation_width = 1};
}

bool factor(const Weights& weights, std::int64_t width, RankOne* factors) {
  const LayerShape shape = shape_of(static_cast<std::int64_t>(weights.size()) / width, width);
  return factor_rank_one(view_filter(weights.data(), FilterLayout::hwio, shape, false), shape, 0, factors);
}

bool has_factors(const Weights& weights, std::int64_t width) {
  RankOne factors;
  return factor(weights, width, &factors);
}

bool has_exact_factors(const Weights& weights, std::int64_t width) {
  RankOne factors;
  if (!factor(weights, width, &factors)) return false;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double v = factors.rows[i / static_cast<std::size_t>(width)];
    const double h = factors.columns[i % static_cast<std::size_t>(width)];
    if (v * h != static_cast<double>(weights[i])) return false;
  }
  double sum = 0;
  for (const float v : factors.rows) sum += std::fabs(static_cast<double>(v));
  return sum <= 1;
}

Weights product(const std::vector<double>& rows, const std::vector<double>& columns) {
  Weights weights;
  for (const double v : rows) {
    for (const double h : columns) weights.push_back(static_cast<float>(v * h));
  }
  return weights;
}

// As it comes: not normalised, or normalised before or after it is rounded to float.
enum class Normalised { never, before_rounding, after_rounding };

Weights gaussian(std::int64_t side, double sigma, Normalised normalised) {
  std::vector<double> exact;
  const double centre = static_cast<double>(side - 1) / 2;
  double sum = 0;
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      const double dy = static_cast<double>(y) - centre, dx = static_cast<double>(x) - centre;
      exact.push_back(std::exp(-(dy * dy + dx * dx) / (2 * sigma * sigma)));
      sum += exact.back();
    }
  }
  Weights weights;
  for (const double weight : exact) {
    const auto rounded = static_cast<float>(weight);
    weights.push_back(normalised == Normalised::never             ? rounded
                      : normalised == Normalised::before_rounding ? static_cast<float>(weight / sum)
                                                                  : rounded / static_cast<float>(sum));
  }
  return weights;
}

}  // namespace

TEST(whole_numbers_have_exact_factors) {
  CHECK(has_exact_factors({-1, 0, 1, -2, 0, 2, -1, 0, 1}, 3), "Sobel");
  CHECK(has_exact_factors({-1, -2, -1, 0, 0, 0, 1, 2, 1}, 3), "Sobel, turned");
  CHECK(has_exact_factors({3, 10, 3, 0, 0, 0, -3, -10, -3}, 3), "Scharr");
  CHECK(has_exact_factors({6, 15, 10, 25}, 2), "2 x 5 by 3 x 5");
  CHECK(has_exact_factors(Weights(35, 2), 7), "all 2");
  CHECK(has_exact_factors(Weights(35, 0), 7), "all 0");
  CHECK(has_exact_factors(Weights(49, 1.0F / 49), 7), "the mean of 49");
  CHECK(has_exact_factors(Weights(35, 1e30F), 7), "large ones");
  CHECK(has_exact_factors(Weights(9, 0x1p-120F), 3), "small ones");
  CHECK(
      has_exact_factors(product({1, 4, 6, 4, 1}, {1 / 256.0, 4 / 256.0, 6 / 256.0, 4 / 256.0, 1 / 256.0}), 5),
      "binomial");
  CHECK(has_exact_factors({0, 0, 0, 0, 5, 0, 0, 0, 0}, 3), "a single tap");

  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    std::vector<double> rows(1 + random() % 9), columns(1 + random() % 9);
    for (double& v : rows) v = static_cast<double>(random() % 2001) - 1000;
    for (double& h : columns) h = (static_cast<double>(random() % 2001) - 1000) / 64;
    CHECK(has_exact_factors(product(rows, columns), static_cast<std::int64_t>(columns.size())), "case %d", i);
  }
}

TEST(gaussians_have_factors) {
  for (const Normalised normalised :
       {Normalised::never, Normalised::before_rounding, Normalised::after_rounding}) {
    for (const std::int64_t side : {2, 3, 5, 7, 8, 15, 31, 63}) {
      for (const double sigma : {0.1, 0.3, 0.5, 0.8, 1.0, 1.4, 2.0, 3.3, 5.0, 10.0, 100.0}) {
        CHECK(has_factors(gaussian(side, sigma, normalised), side), "%d x %d, sigma %g, %d",
              static_cast<int>(side), static_cast<int>(side), sigma, static_cast<int>(normalised));
      }
    }
  }
}

TEST(real_factors_are_found) {
  std::mt19937 random(2);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 1000; ++i) {
    std::vector<double> rows(1 + random() % 9), columns(1 + random() % 9);
    for (double& v : rows) v = random() % 4 == 0 ? 0 : normal(random);
    for (double& h : columns) h = random() % 4 == 0 ? 0 : std::exp(20 * normal(random));
    CHECK(has_factors(product(rows, columns), static_cast<std::int64_t>(columns.size())), "case %d", i);
  }
}

TEST(other_kernels_have_no_factors) {
  CHECK(!has_factors({0, 1, 0, 1, -4, 1, 0, 1, 0}, 3), "Laplacian");
  CHECK(!has_factors({-1, -1, -1, -1, 8, -1, -1, -1, -1}, 3), "outline");
  CHECK(!has_factors({-2, -1, 0, -1, 1, 1, 0, 1, 2}, 3), "emboss");
  CHECK(!has_factors({0, -1, 0, -1, 5, -1, 0, -1, 0}, 3), "sharpen");
  CHECK(!has_factors({1, 0, 0, 0, 1, 0, 0, 0, 1}, 3), "diagonal");
  CHECK(!has_factors({1, 2, 2, 5}, 2), "of rank 2");
  CHECK(!has_factors({4000, 4001, 4001, 4002}, 2), "nearly of rank 1, but of whole numbers");
  CHECK(!has_factors({1, 1, 1, 1.00001F}, 2), "a weight that is off");
  Weights cut = gaussian(15, 2, Normalised::before_rounding);
  for (float& weight : cut) weight = weight < 1e-6F ? 0 : weight;
  CHECK(!has_factors(cut, 15), "a Gaussian whose corners were cut off");

  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int i = 0; i < 1000; ++i) {
    Weights weights(9);
    for (float& weight : weights) weight = uniform(random);
    CHECK(!has_factors(weights, 3), "case %d", i);
  }
}

}  // namespace simdconv::test
