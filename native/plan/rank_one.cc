#include "plan/rank_one.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

namespace simdconv {
namespace {

constexpr double kRounding = 0x1p-24;  // of a float, relative

// Weights near v h are products of four rounded ones (w, and w' w'' / w''' as its estimate), each perhaps
// rounded twice (made, then normalised), and v and h are rounded once more: 4 x 2 + 2 = 10 roundings. The
// error of every single weight is held to this, so a sum is what it would be with weights a few roundings
// off, and no sample, however large, finds more.
constexpr double kTolerance = 12 * kRounding;

// What underflow costs on top, in v and in w.
constexpr double kDenormal = std::numeric_limits<float>::denorm_min();

// Weights on a grid of fewer steps are whole numbers rather than rounded ones; those have exact factors or
// none.
constexpr double kMostSteps = 0x1p16;

struct Kernel {
  std::int64_t height, width;
  std::vector<double> weights;            // [height][width]
  std::int64_t pivot_y = 0, pivot_x = 0;  // of the weight largest in magnitude

  double at(std::int64_t y, std::int64_t x) const { return weights[static_cast<std::size_t>(y * width + x)]; }
  double pivot() const { return at(pivot_y, pivot_x); }
};

Kernel read_kernel(const FilterView& filter, const LayerShape& shape, std::int64_t channel) {
  Kernel kernel{shape.kernel_height, shape.kernel_width, {}};
  kernel.weights.reserve(static_cast<std::size_t>(kernel.height * kernel.width));
  double largest = -1;
  for (std::int64_t y = 0; y < kernel.height; ++y) {
    for (std::int64_t x = 0; x < kernel.width; ++x) {
      const double weight = filter.at(y, x, 0, channel);
      kernel.weights.push_back(weight);
      if (std::abs(weight) <= largest) continue;
      largest = std::abs(weight);
      kernel.pivot_y = y;
      kernel.pivot_x = x;
    }
  }
  return kernel;
}

// The exponent of a number's lowest bit.
int lowest_bit(double x) {
  int exponent = 0;
  const auto digits = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
  return exponent - 53 + std::countr_zero(static_cast<std::uint64_t>(std::abs(digits)));
}

// Scales by powers of two, which are exact, so that sum |v| <= 1: then the vertical pass cannot overflow.
// False where the products are not the weights within `tolerance`.
bool round_factors(const Kernel& kernel, const std::vector<double>& rows, const std::vector<double>& columns,
                   double tolerance, RankOne* factors) {
  double sum = 0, largest = 0;
  for (const double v : rows) sum += std::abs(v);
  int exponent = 0;
  std::frexp(sum, &exponent);
  factors->rows.clear();
  factors->columns.clear();
  for (const double v : rows) factors->rows.push_back(static_cast<float>(std::ldexp(v, -exponent)));
  for (const double h : columns) {
    factors->columns.push_back(static_cast<float>(std::ldexp(h, exponent)));
    largest = std::max(largest, std::abs(std::ldexp(h, exponent)));
  }

  const double slack = tolerance > 0 ? kDenormal * (1 + largest) : 0;
  for (std::int64_t y = 0; y < kernel.height; ++y) {
    for (std::int64_t x = 0; x < kernel.width; ++x) {
      const double product = static_cast<double>(factors->rows[static_cast<std::size_t>(y)]) *
                             static_cast<double>(factors->columns[static_cast<std::size_t>(x)]);
      const double weight = kernel.at(y, x);
      if (!(std::abs(weight - product) <= tolerance * std::abs(weight) + slack)) return false;
    }
  }
  return true;
}

// In whole steps of the grid on which all weights stand: h is the pivot's row divided by its greatest common
// divisor. If there are exact factors at all, every row is a whole multiple of that.
bool factor_exactly(const Kernel& kernel, int grid, RankOne* factors) {
  const auto whole = [&](std::int64_t y, std::int64_t x) {
    return static_cast<std::int64_t>(std::ldexp(kernel.at(y, x), -grid));
  };
  std::int64_t divisor = 0;
  for (std::int64_t x = 0; x < kernel.width; ++x) divisor = std::gcd(divisor, whole(kernel.pivot_y, x));
  std::vector<double> rows, columns;
  for (std::int64_t x = 0; x < kernel.width; ++x) {
    columns.push_back(static_cast<double>(whole(kernel.pivot_y, x)) / static_cast<double>(divisor));
  }
  const double unit = columns[static_cast<std::size_t>(kernel.pivot_x)];
  for (std::int64_t y = 0; y < kernel.height; ++y) {
    const double steps = std::trunc(static_cast<double>(whole(y, kernel.pivot_x)) / unit);
    rows.push_back(std::ldexp(steps, grid));
  }
  return round_factors(kernel, rows, columns, 0, factors);
}

}  // namespace

bool factor_rank_one(const FilterView& filter, const LayerShape& shape, std::int64_t channel,
                     RankOne* factors) {
  const Kernel kernel = read_kernel(filter, shape, channel);
  if (kernel.pivot() == 0) {
    factors->rows.assign(static_cast<std::size_t>(kernel.height), 0.0F);
    factors->columns.assign(static_cast<std::size_t>(kernel.width), 0.0F);
    return true;
  }

  int grid = std::numeric_limits<int>::max();
  for (const double weight : kernel.weights) {
    if (weight != 0) grid = std::min(grid, lowest_bit(weight));
  }
  const double steps = std::ldexp(std::abs(kernel.pivot()), -grid);
  if (steps < 0x1p53 && factor_exactly(kernel, grid, factors)) return true;
  if (steps < kMostSteps) return false;

  std::vector<double> rows, columns;
  for (std::int64_t y = 0; y < kernel.height; ++y) {
    rows.push_back(kernel.at(y, kernel.pivot_x) / kernel.pivot());
  }
  for (std::int64_t x = 0; x < kernel.width; ++x) columns.push_back(kernel.at(kernel.pivot_y, x));
  return round_factors(kernel, rows, columns, kTolerance, factors);
}

}  // namespace simdconv
