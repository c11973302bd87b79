// The vocabulary without SIMD: one float at a time, in what every CPU of the architecture has.
#pragma once

#include <math.h>

#include <cstddef>
#include <cstdint>

#define SIMDCONV_ISA scalar

namespace simdconv::scalar {
namespace {

using Vec = float;
constexpr std::ptrdiff_t kLanes = 1;
constexpr int kRegisters = 16;

inline Vec splat(float x) { return x; }
inline Vec load(const float* p) { return *p; }
inline void store(float* p, Vec v) { *p = v; }
inline Vec in_register(Vec v) { return v; }
inline Vec broadcast(const float* p) { return in_register(splat(*p)); }
inline Vec broadcast_once(const float* p) { return broadcast(p); }

// There is no n with 0 < n < 1; these complete the vocabulary.
inline Vec load_first(const float* p, std::int64_t) { return *p; }
inline void store_first(float* p, Vec v, std::int64_t) { *p = v; }

inline Vec load_joined(const float* first, const float*, std::int64_t) { return *first; }
inline void store_joined(float* first, float*, Vec v, std::int64_t) { *first = v; }

// Bytes as floats, and floats as bytes: rounded to the nearest integer, halves to even, clamped to 0 to 255, NaN
// as 0. From 2^23 on the last bit of a float counts ones, so an addition rounds.
inline Vec load(const std::uint8_t* p) { return *p; }
inline Vec load_first(const std::uint8_t* p, std::int64_t) { return *p; }
inline void store(std::uint8_t* p, Vec v) {
  const float clamped = v > 0 ? (v < 255 ? v : 255.0F) : 0.0F;
  *p = static_cast<std::uint8_t>(__builtin_bit_cast(std::uint32_t, clamped + 0x1p23F));
}
inline void store_first(std::uint8_t* p, Vec v, std::int64_t) { store(p, v); }

inline Vec add(Vec a, Vec b) { return a + b; }
inline Vec sub(Vec a, Vec b) { return a - b; }
inline Vec mul(Vec a, Vec b) { return a * b; }
inline Vec div(Vec a, Vec b) { return a / b; }
inline Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }  // rounded twice: the base CPU has no fused one

// The bound comes first; a NaN in x passes.
inline Vec at_least(Vec low, Vec x) { return low > x ? low : x; }
inline Vec at_most(Vec high, Vec x) { return high < x ? high : x; }

// a where x < y, otherwise b (also where x or y is NaN).
inline Vec if_less(Vec x, Vec y, Vec a, Vec b) { return x < y ? a : b; }
inline Vec absolute(Vec x) { return ::fabsf(x); }
inline Vec nearest_integer(Vec x) { return ::nearbyintf(x); }

// 2^n for an integer -126 <= n <= 128; 2^128 is infinity, and a NaN counts as 0.
inline Vec power_of_two(Vec n) {
  const std::int32_t exponent = n == n ? static_cast<std::int32_t>(n) : 0;
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(exponent + 127) << 23);
}

// A row of four floats as four columns of one; and back.
inline void load_quads(const float* p, std::ptrdiff_t, Vec (&columns)[4]) {
  for (int c = 0; c < 4; ++c) columns[c] = p[c];
}
inline void store_quads(float* p, std::ptrdiff_t, const Vec (&columns)[4]) {
  for (int c = 0; c < 4; ++c) p[c] = columns[c];
}

// A row of three floats as three columns of one; and back.
inline void load_triples(const float* p, Vec (&columns)[3]) {
  for (int c = 0; c < 3; ++c) columns[c] = p[c];
}
inline void store_triples(float* p, const Vec (&columns)[3]) {
  for (int c = 0; c < 3; ++c) p[c] = columns[c];
}

}  // namespace
}  // namespace simdconv::scalar
