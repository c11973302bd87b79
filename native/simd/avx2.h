// The vocabulary on AVX2 with FMA: 8 floats in a register, 16 registers, tails by mask.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define SIMDCONV_ISA avx2

namespace simdconv::avx2 {
namespace {

using Vec = __m256;
constexpr std::ptrdiff_t kLanes = 8;
constexpr int kRegisters = 16;

inline Vec splat(float x) { return _mm256_set1_ps(x); }
inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }

// The value in a register: compilers like to load a value again for each FMA that uses it.
inline Vec in_register(Vec v) {
#if defined(__GNUC__)
  __asm__("" : "+x"(v));
#endif
  return v;
}
inline Vec broadcast(const float* p) { return in_register(splat(*p)); }
inline Vec broadcast_once(const float* p) { return broadcast(p); }

// The first n lanes, 0 < n < kLanes; memory beyond them is not touched, lanes beyond them are zero.
inline __m256i first_lanes(std::int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Vec load_first(const float* p, std::int64_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
inline void store_first(float* p, Vec v, std::int64_t n) { _mm256_maskstore_ps(p, first_lanes(n), v); }

// The first quad from or to one place, the second from or to where `rest` has it.
inline Vec load_joined(const float* first, const float* rest, std::int64_t /*4*/) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(first)), _mm_loadu_ps(rest + 4), 1);
}
inline void store_joined(float* first, float* rest, Vec v, std::int64_t /*4*/) {
  _mm_storeu_ps(first, _mm256_castps256_ps128(v));
  _mm_storeu_ps(rest + 4, _mm256_extractf128_ps(v, 1));
}

// Bytes as floats, and floats as bytes: rounded to the nearest integer, halves to even, clamped to 0 to 255, NaN
// as 0 (maxps gives its second operand then).
inline Vec from_bytes(__m128i bytes) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)); }
inline __m128i to_bytes(Vec v) {
  const Vec clamped = _mm256_min_ps(_mm256_max_ps(v, _mm256_setzero_ps()), _mm256_set1_ps(255));
  const __m256i whole = _mm256_cvtps_epi32(clamped);
  const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  return _mm_packus_epi16(words, words);
}
inline Vec load(const std::uint8_t* p) {
  return from_bytes(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
inline Vec load_first(const std::uint8_t* p, std::int64_t n) {
  std::int64_t bytes = 0;
  for (std::int64_t i = 0; i < n; ++i) bytes |= std::int64_t{p[i]} << (8 * i);
  return from_bytes(_mm_cvtsi64_si128(bytes));
}
inline void store(std::uint8_t* p, Vec v) { _mm_storel_epi64(reinterpret_cast<__m128i*>(p), to_bytes(v)); }
inline void store_first(std::uint8_t* p, Vec v, std::int64_t n) {
  const std::int64_t bytes = _mm_cvtsi128_si64(to_bytes(v));
  for (std::int64_t i = 0; i < n; ++i) p[i] = static_cast<std::uint8_t>(bytes >> (8 * i));
}

inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }  // a * b + c

// The bound comes first; a NaN in x passes.
inline Vec at_least(Vec low, Vec x) { return _mm256_max_ps(low, x); }
inline Vec at_most(Vec high, Vec x) { return _mm256_min_ps(high, x); }

// a where x < y, otherwise b (also where x or y is NaN).
inline Vec if_less(Vec x, Vec y, Vec a, Vec b) {
  return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, y, _CMP_LT_OQ));
}
inline Vec absolute(Vec x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
inline Vec nearest_integer(Vec x) {
  return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// Lane l gets what is in lane places[l].
using Places = __m256i;
inline Vec permute(Vec v, Places places) { return _mm256_permutevar8x32_ps(v, places); }
inline Places traded_places(std::int64_t turn) {  // l xor turn
  return _mm256_xor_si256(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                          _mm256_set1_epi32(static_cast<int>(turn)));
}

// 2^n for an integer -126 <= n <= 128; 2^128 is infinity.
inline Vec power_of_two(Vec n) {
  return _mm256_castsi256_ps(
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}

// Four vectors as rows become four columns, in each half on its own.
inline void transpose_halves(Vec (&v)[4]) {
  const Vec low_01 = _mm256_unpacklo_ps(v[0], v[1]), high_01 = _mm256_unpackhi_ps(v[0], v[1]);
  const Vec low_23 = _mm256_unpacklo_ps(v[2], v[3]), high_23 = _mm256_unpackhi_ps(v[2], v[3]);
  v[0] = _mm256_shuffle_ps(low_01, low_23, 0x44);
  v[1] = _mm256_shuffle_ps(low_01, low_23, 0xEE);
  v[2] = _mm256_shuffle_ps(high_01, high_23, 0x44);
  v[3] = _mm256_shuffle_ps(high_01, high_23, 0xEE);
}

// kLanes rows of four floats, `stride` apart, as four columns; and back, the first row first.
inline void load_quads(const float* p, std::ptrdiff_t stride, Vec (&columns)[4]) {
  for (int j = 0; j < 4; ++j, p += stride) {
    const Vec v = _mm256_castps128_ps256(_mm_loadu_ps(p));
    columns[j] = _mm256_insertf128_ps(v, _mm_loadu_ps(p + 4 * stride), 1);
  }
  transpose_halves(columns);
}
inline void store_quads(float* p, std::ptrdiff_t stride, const Vec (&columns)[4]) {
  Vec rows[4] = {columns[0], columns[1], columns[2], columns[3]};
  transpose_halves(rows);
  for (int j = 0; j < 4; ++j, p += stride) _mm_storeu_ps(p, _mm256_castps256_ps128(rows[j]));
  for (int j = 0; j < 4; ++j, p += stride) _mm_storeu_ps(p, _mm256_extractf128_ps(rows[j], 1));
}

// kLanes rows of three floats that touch, as three columns; and back. In lane l of vector v is a float of column
// (l + 2 v) % 3, and since 3 and 8 have no divisor in common, those of a column are in 8 different lanes.
inline __m256i multiples(int factor, int plus) {  // modulo 8, as permutations take them
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_add_epi32(_mm256_mullo_epi32(lanes, _mm256_set1_epi32(factor)), _mm256_set1_epi32(plus));
}
inline Vec take_thirds(Vec from_0, Vec from_1, Vec from_2) {
  return _mm256_blend_ps(_mm256_blend_ps(from_0, from_1, 0x92), from_2, 0x24);
}
inline void load_triples(const float* p, Vec (&columns)[3]) {
  const Vec a = load(p), b = load(p + kLanes), c = load(p + 2 * kLanes);
  columns[0] =
      _mm256_permutevar8x32_ps(take_thirds(a, b, c), multiples(3, 0));  // row i is in lane 3 i + column
  columns[1] = _mm256_permutevar8x32_ps(take_thirds(c, a, b), multiples(3, 1));
  columns[2] = _mm256_permutevar8x32_ps(take_thirds(b, c, a), multiples(3, 2));
}
inline void store_triples(float* p, const Vec (&columns)[3]) {
  const Vec x = _mm256_permutevar8x32_ps(columns[0], multiples(3, 0));  // 3 x 3 = 1, modulo 8
  const Vec y = _mm256_permutevar8x32_ps(columns[1], multiples(3, -3));
  const Vec z = _mm256_permutevar8x32_ps(columns[2], multiples(3, -6));
  store(p, take_thirds(x, y, z));
  store(p + kLanes, take_thirds(z, x, y));
  store(p + 2 * kLanes, take_thirds(y, z, x));
}

}  // namespace
}  // namespace simdconv::avx2
