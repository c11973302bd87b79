// The vocabulary on AVX-512: 16 floats in a register, 32 registers, tails by mask.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define SIMDCONV_ISA avx512

namespace simdconv::avx512 {
namespace {

using Vec = __m512;
constexpr std::ptrdiff_t kLanes = 16;
constexpr int kRegisters = 32;

inline Vec splat(float x) { return _mm512_set1_ps(x); }
inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }

// The value in a register: compilers like to load a value again for each FMA that uses it.
inline Vec in_register(Vec v) {
#if defined(__GNUC__)
  __asm__("" : "+v"(v));
#endif
  return v;
}
inline Vec broadcast(const float* p) { return in_register(splat(*p)); }
inline Vec broadcast_once(const float* p) { return splat(*p); }  // a single FMA broadcasts what it reads

// The first n lanes, 0 < n < kLanes; memory beyond them is not touched, lanes beyond them are zero.
inline __mmask16 first_lanes(std::int64_t n) { return static_cast<__mmask16>((1U << n) - 1); }
inline Vec load_first(const float* p, std::int64_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
inline void store_first(float* p, Vec v, std::int64_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }

// The first n lanes, whole quads, from or to one place, the others from or to where `rest` has them; nothing else is
// touched.
inline Vec load_joined(const float* first, const float* rest, std::int64_t n) {
  const auto others = static_cast<__mmask16>(~first_lanes(n));
  return _mm512_mask_loadu_ps(load_first(first, n), others, rest);
}
inline void store_joined(float* first, float* rest, Vec v, std::int64_t n) {
  store_first(first, v, n);
  _mm512_mask_storeu_ps(rest, static_cast<__mmask16>(~first_lanes(n)), v);
}

// Bytes as floats, and floats as bytes: rounded to the nearest integer, halves to even, clamped to 0 to 255, NaN
// as 0 (maxps gives its second operand then). What is too large for an integer becomes 2^31, which saturates.
inline Vec from_bytes(__m128i bytes) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)); }
inline __m128i to_bytes(Vec v) {
  return _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(_mm512_max_ps(v, _mm512_setzero_ps())));
}
inline Vec load(const std::uint8_t* p) {
  return from_bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline Vec load_first(const std::uint8_t* p, std::int64_t n) {
  return from_bytes(_mm_maskz_loadu_epi8(first_lanes(n), p));
}
inline void store(std::uint8_t* p, Vec v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), to_bytes(v)); }
inline void store_first(std::uint8_t* p, Vec v, std::int64_t n) {
  _mm_mask_storeu_epi8(p, first_lanes(n), to_bytes(v));
}

inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }  // a * b + c

// The bound comes first; a NaN in x passes.
inline Vec at_least(Vec low, Vec x) { return _mm512_max_ps(low, x); }
inline Vec at_most(Vec high, Vec x) { return _mm512_min_ps(high, x); }

// a where x < y, otherwise b (also where x or y is NaN).
inline Vec if_less(Vec x, Vec y, Vec a, Vec b) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, y, _CMP_LT_OQ), b, a);
}
inline Vec absolute(Vec x) { return _mm512_abs_ps(x); }
inline Vec nearest_integer(Vec x) {
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// Lane l gets what is in lane places[l].
using Places = __m512i;
inline Vec permute(Vec v, Places places) { return _mm512_permutexvar_ps(places, v); }
inline Places traded_places(std::int64_t turn) {  // l xor turn
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_xor_si512(lanes, _mm512_set1_epi32(static_cast<int>(turn)));
}

// 2^n for an integer -126 <= n <= 128; 2^128 is infinity.
inline Vec power_of_two(Vec n) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23));
}

// Four vectors as rows become four columns, in each quarter on its own.
inline void transpose_quarters(Vec (&v)[4]) {
  const Vec low_01 = _mm512_unpacklo_ps(v[0], v[1]), high_01 = _mm512_unpackhi_ps(v[0], v[1]);
  const Vec low_23 = _mm512_unpacklo_ps(v[2], v[3]), high_23 = _mm512_unpackhi_ps(v[2], v[3]);
  v[0] = _mm512_shuffle_ps(low_01, low_23, 0x44);
  v[1] = _mm512_shuffle_ps(low_01, low_23, 0xEE);
  v[2] = _mm512_shuffle_ps(high_01, high_23, 0x44);
  v[3] = _mm512_shuffle_ps(high_01, high_23, 0xEE);
}

// kLanes rows of four floats, `stride` apart, as four columns; and back, the first row first.
inline void load_quads(const float* p, std::ptrdiff_t stride, Vec (&columns)[4]) {
  for (int j = 0; j < 4; ++j, p += stride) {
    Vec v = _mm512_castps128_ps512(_mm_loadu_ps(p));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 4 * stride), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 8 * stride), 2);
    columns[j] = _mm512_insertf32x4(v, _mm_loadu_ps(p + 12 * stride), 3);
  }
  transpose_quarters(columns);
}
inline void store_quads(float* p, std::ptrdiff_t stride, const Vec (&columns)[4]) {
  Vec rows[4] = {columns[0], columns[1], columns[2], columns[3]};
  transpose_quarters(rows);
  for (int j = 0; j < 4; ++j, p += stride) _mm_storeu_ps(p, _mm512_castps512_ps128(rows[j]));
  for (int j = 0; j < 4; ++j, p += stride) _mm_storeu_ps(p, _mm512_extractf32x4_ps(rows[j], 1));
  for (int j = 0; j < 4; ++j, p += stride) _mm_storeu_ps(p, _mm512_extractf32x4_ps(rows[j], 2));
  for (int j = 0; j < 4; ++j, p += stride) _mm_storeu_ps(p, _mm512_extractf32x4_ps(rows[j], 3));
}

// kLanes rows of three floats that touch, as three columns; and back. In lane l of vector v is a float of column
// (l + v) % 3, and since 3 and 16 have no divisor in common, those of a column are in 16 different lanes.
inline __mmask16 third_lanes(int first) {
  return static_cast<__mmask16>(0x9249 << first);
}  // first, first + 3, ...
inline __m512i multiples(int factor, int plus) {  // modulo 16, as permutations take them
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_add_epi32(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(factor)), _mm512_set1_epi32(plus));
}
inline Vec take_thirds(Vec from_0, Vec from_1, Vec from_2) {
  return _mm512_mask_blend_ps(third_lanes(2), _mm512_mask_blend_ps(third_lanes(1), from_0, from_1), from_2);
}
inline void load_triples(const float* p, Vec (&columns)[3]) {
  const Vec a = load(p), b = load(p + kLanes), c = load(p + 2 * kLanes);
  columns[0] = _mm512_permutexvar_ps(multiples(3, 0), take_thirds(a, c, b));  // row i is in lane 3 i + column
  columns[1] = _mm512_permutexvar_ps(multiples(3, 1), take_thirds(b, a, c));
  columns[2] = _mm512_permutexvar_ps(multiples(3, 2), take_thirds(c, b, a));
}
inline void store_triples(float* p, const Vec (&columns)[3]) {
  const Vec x = _mm512_permutexvar_ps(multiples(11, 0), columns[0]);  // 3 x 11 = 1, modulo 16
  const Vec y = _mm512_permutexvar_ps(multiples(11, -11), columns[1]);
  const Vec z = _mm512_permutexvar_ps(multiples(11, -22), columns[2]);
  store(p, take_thirds(x, y, z));
  store(p + kLanes, take_thirds(y, z, x));
  store(p + 2 * kLanes, take_thirds(z, x, y));
}

}  // namespace
}  // namespace simdconv::avx512
