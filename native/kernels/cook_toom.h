// The minimal filtering algorithms F(m, r) of Toom and Cook, in Winograd's form: m neighbouring outputs of a filter of
// r taps from m + r - 1 products instead of m r.
//
//   outputs = A^T [(G filter) * (B^T samples)]
//
// The samples and the filter are polynomials; they are evaluated at m + r - 2 points and at infinity, multiplied
// there, and the product's coefficients are recovered. The points are 0, pairs +p and -p, and infinity: the rows of a
// pair share their even and odd parts, which halves the arithmetic. With P(x) the product of (x^2 - p^2) over all
// pairs, and Q(x) that over all pairs but p, the rows of B^T are, as polynomials (the coefficient of x^k is that of
// sample k),
//
//   point 0: P(x)      points +p, -p: x^2 Q(x) +- p x Q(x)      infinity: x P(x)
//
// Larger points make A^T and G badly scaled, points close to each other make G large. +-3/4 and +-3/2 halve the error
// of the customary +-1 and +-2 for m = 4 (DESIGN.md has the table; the search is that of Barabasz et al. 2018, "Error
// Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks", arXiv 1803.10986).
//
// Plain constants only: this header is included by files that are compiled for one instruction set each.
#pragma once

namespace simdconv {

inline constexpr int kMostPairs = 3;

struct CookToom {
  int outputs, taps, pairs;
  double point[kMostPairs];  // of each pair, the positive one

  // Samples under the outputs, products, points: the same number, 1 where there is nothing to transform.
  constexpr int points() const { return outputs + taps - 1; }

  // The coefficient of x^2k in P(x), or in Q(x) where a pair is left out.
  constexpr double coefficient(int k, int left_out = -1) const {
    double product[kMostPairs + 1] = {1};
    int degree = 0;
    for (int pair = 0; pair < pairs; ++pair) {
      if (pair == left_out) continue;
      const double square = point[pair] * point[pair];
      for (int i = ++degree; i >= 0; --i) product[i] = (i > 0 ? product[i - 1] : 0) - square * product[i];
    }
    return product[k];
  }
};

// The forms that kernels are made for.
inline constexpr CookToom kForms[] = {
    {1, 1, 0, {}},           // one tap: nothing to save
    {2, 3, 1, {1}},          // F(2, 3)
    {4, 3, 2, {0.75, 1.5}},  // F(4, 3)
    {6, 3, 3, {0.5, 1, 2}},  // F(6, 3)
    {2, 5, 2, {0.75, 1.5}},  // F(2, 5)
    {4, 5, 3, {0.5, 1, 2}},  // F(4, 5)
};

inline constexpr int kOneTap = 0, kF2of3 = 1, kF4of3 = 2, kF6of3 = 3, kF2of5 = 4, kF4of5 = 5;
inline constexpr int kFormCount = sizeof(kForms) / sizeof(kForms[0]);
inline constexpr int kMostPoints = 8, kMostOutputs = 6;  // of a form

}  // namespace simdconv
