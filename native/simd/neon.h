// The vocabulary on AArch64 Advanced SIMD: 4 floats in a register, 32 registers, tails lane by lane.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#define SIMDCONV_ISA neon

namespace simdconv::neon {
namespace {

using Vec = float32x4_t;
constexpr std::ptrdiff_t kLanes = 4;
constexpr int kRegisters = 32;

inline Vec splat(float x) { return vdupq_n_f32(x); }

// What is multiplied by several vectors: FMAs take it from one lane, which any load can fill. A load that repeats it
// in all lanes would take a turn of the FMAs' ports.
inline Vec broadcast(const float* p) {
  float x = *p;
#if defined(__GNUC__)
  __asm__("" : "+w"(x));
#endif
  return vdupq_n_f32(x);
}
inline Vec broadcast_once(const float* p) { return broadcast(p); }
inline Vec load(const float* p) { return vld1q_f32(p); }
inline void store(float* p, Vec v) { vst1q_f32(p, v); }

// The value in a register: compilers like to load a value again for each FMA that uses it.
inline Vec in_register(Vec v) {
#if defined(__GNUC__)
  __asm__("" : "+w"(v));
#endif
  return v;
}

// The first n lanes, 0 < n < kLanes; memory beyond them is not touched, lanes beyond them are zero.
inline Vec load_first(const float* p, std::int64_t n) {
  Vec v = vsetq_lane_f32(p[0], vdupq_n_f32(0), 0);
  if (n > 1) v = vsetq_lane_f32(p[1], v, 1);
  if (n > 2) v = vsetq_lane_f32(p[2], v, 2);
  return v;
}
inline void store_first(float* p, Vec v, std::int64_t n) {
  vst1q_lane_f32(p, v, 0);
  if (n > 1) vst1q_lane_f32(p + 1, v, 1);
  if (n > 2) vst1q_lane_f32(p + 2, v, 2);
}

// A vector is a quad, which is never joined from two places; these complete the vocabulary.
inline Vec load_joined(const float* first, const float*, std::int64_t) { return load(first); }
inline void store_joined(float* first, float*, Vec v, std::int64_t) { store(first, v); }

// Bytes as floats, and floats as bytes: rounded to the nearest integer, halves to even, clamped to 0 to 255 by
// conversions that saturate, NaN as 0.
inline Vec from_bytes(std::uint32_t bytes) {
  const uint8x8_t eight = vreinterpret_u8_u32(vdup_n_u32(bytes));
  return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(eight))));
}
inline std::uint32_t to_bytes(Vec v) {
  const uint16x4_t words = vqmovn_u32(vcvtnq_u32_f32(v));
  return vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(words, words))), 0);
}
inline Vec load(const std::uint8_t* p) {
  std::uint32_t bytes = 0;
  __builtin_memcpy(&bytes, p, sizeof bytes);
  return from_bytes(bytes);
}
inline Vec load_first(const std::uint8_t* p, std::int64_t n) {
  std::uint32_t bytes = 0;
  for (std::int64_t i = 0; i < n; ++i) bytes |= std::uint32_t{p[i]} << (8 * i);
  return from_bytes(bytes);
}
inline void store(std::uint8_t* p, Vec v) {
  const std::uint32_t bytes = to_bytes(v);
  __builtin_memcpy(p, &bytes, sizeof bytes);
}
inline void store_first(std::uint8_t* p, Vec v, std::int64_t n) {
  const std::uint32_t bytes = to_bytes(v);
  for (std::int64_t i = 0; i < n; ++i) p[i] = static_cast<std::uint8_t>(bytes >> (8 * i));
}

inline Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
inline Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
inline Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
inline Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }  // a * b + c

// The bound comes first; a NaN in x passes.
inline Vec at_least(Vec low, Vec x) { return vmaxq_f32(low, x); }
inline Vec at_most(Vec high, Vec x) { return vminq_f32(high, x); }

// a where x < y, otherwise b (also where x or y is NaN).
inline Vec if_less(Vec x, Vec y, Vec a, Vec b) { return vbslq_f32(vcltq_f32(x, y), a, b); }
inline Vec absolute(Vec x) { return vabsq_f32(x); }
inline Vec nearest_integer(Vec x) { return vrndnq_f32(x); }

// Lane l gets what is in lane places[l]; places are counted in bytes.
using Places = uint8x16_t;
inline Vec permute(Vec v, Places places) {
  return vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(v), places));
}
inline Places traded_places(std::int64_t turn) {  // l xor turn
  constexpr std::uint8_t kBytes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return veorq_u8(vld1q_u8(kBytes), vdupq_n_u8(static_cast<std::uint8_t>(turn * sizeof(float))));
}

// 2^n for an integer -126 <= n <= 128; 2^128 is infinity.
inline Vec power_of_two(Vec n) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23));
}

// Four vectors as rows become four columns.
inline Vec low_halves(Vec a, Vec b) {
  return vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
inline Vec high_halves(Vec a, Vec b) {
  return vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
}
inline void transpose(Vec (&v)[4]) {
  const Vec low_01 = vzip1q_f32(v[0], v[1]), high_01 = vzip2q_f32(v[0], v[1]);
  const Vec low_23 = vzip1q_f32(v[2], v[3]), high_23 = vzip2q_f32(v[2], v[3]);
  v[0] = low_halves(low_01, low_23);
  v[1] = high_halves(low_01, low_23);
  v[2] = low_halves(high_01, high_23);
  v[3] = high_halves(high_01, high_23);
}

// kLanes rows of four floats, `stride` apart, as four columns; and back, the first row first.
inline void load_quads(const float* p, std::ptrdiff_t stride, Vec (&columns)[4]) {
  for (int j = 0; j < 4; ++j, p += stride) columns[j] = load(p);
  transpose(columns);
}
inline void store_quads(float* p, std::ptrdiff_t stride, const Vec (&columns)[4]) {
  Vec rows[4] = {columns[0], columns[1], columns[2], columns[3]};
  transpose(rows);
  for (int j = 0; j < 4; ++j, p += stride) store(p, rows[j]);
}

// kLanes rows of three floats that touch, as three columns; and back.
inline void load_triples(const float* p, Vec (&columns)[3]) {
  const float32x4x3_t v = vld3q_f32(p);
  for (int c = 0; c < 3; ++c) columns[c] = v.val[c];
}
inline void store_triples(float* p, const Vec (&columns)[3]) {
  vst3q_f32(p, float32x4x3_t{{columns[0], columns[1], columns[2]}});
}

}  // namespace
}  // namespace simdconv::neon
