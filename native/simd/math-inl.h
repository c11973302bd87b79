// Elementary functions in the vocabulary, for activations. Included once per instruction set, after its
// header. Polynomials are minimax fits of the relative error; the bounds hold in exact arithmetic, float
// rounding (about 1e-7) comes on top.

namespace simdconv::SIMDCONV_ISA {
namespace {

template <int Terms>
inline Vec polynomial(Vec x, const float (&coefficients)[Terms]) {  // constant term first
  Vec sum = splat(coefficients[Terms - 1]);
  for (int k = Terms - 2; k >= 0; --k) sum = fma(sum, x, splat(coefficients[k]));
  return sum;
}

// e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln(2) / 2; degree 6, 2e-9.
// Below -87.3 the answer stays at the least normal number, above 88.3 it is infinity, NaN passes.
inline Vec exponential(Vec x) {
  constexpr float kTerms[] = {1.0F,         1.0F,          0.49999991F,  0.16666420F,
                              0.041668233F, 0.0083748987F, 0.0013836740F};
  x = at_most(splat(89.0F), at_least(splat(-87.3F), x));
  const Vec n = nearest_integer(mul(x, splat(1.4426950409F)));
  Vec r = fma(n, splat(-0.693359375F), x);  // ln 2 in two parts: the first has 9 bits, so n times it is exact
  r = fma(n, splat(2.12194440e-4F), r);
  return mul(polynomial(r, kTerms), power_of_two(n));
}

// 1 / (1 + e^-x)
inline Vec logistic(Vec x) { return div(splat(1), add(splat(1), exponential(sub(splat(0), x)))); }

// Below 0.625 an odd polynomial (4e-9), above it sign(x) (1 - 2 / (e^2|x| + 1)).
inline Vec hyperbolic_tangent(Vec x) {
  constexpr float kTerms[] = {1.0F, -0.33333260F, 0.13331127F, -0.053721067F, 0.020590987F, -0.0056599872F};
  const Vec magnitude = absolute(x);
  const Vec near_zero = mul(x, polynomial(mul(x, x), kTerms));
  const Vec far = sub(splat(1), div(splat(2), add(exponential(add(magnitude, magnitude)), splat(1))));
  const Vec signed_far = if_less(x, splat(0), sub(splat(0), far), far);
  return if_less(magnitude, splat(0.625F), near_zero, signed_far);
}

// erfc(|x|) = e^(-x^2) q(t), t = 1 / (1 + 0.4 |x|), degree 9, 3e-8 up to |x| = 9.3; beyond it is less than
// any normal number, and 0 here. erfc(-x) = 2 - erfc(x).
inline Vec complementary_error(Vec x) {
  constexpr float kTerms[] = {2.2173991e-5F, 0.22516778F, 0.23062243F,   0.18095039F,   0.25808924F,
                              -0.048327576F, 0.25077611F, -0.044446964F, -0.083125457F, 0.030271908F};
  const Vec magnitude = absolute(x);
  const Vec t = div(splat(1), fma(splat(0.4F), magnitude, splat(1)));
  const Vec near_zero = mul(exponential(sub(splat(0), mul(x, x))), polynomial(t, kTerms));
  const Vec right = if_less(splat(9.3F), magnitude, splat(0), near_zero);
  return if_less(x, splat(0), sub(splat(2), right), right);
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
