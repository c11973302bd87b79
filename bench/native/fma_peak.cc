// The FMA peak of one thread: independent chains of fused multiply-adds in registers, nothing else.
// Usage: fma_peak ISA SECONDS; prints the mean of that time in GFLOP/s (a fused multiply-add counts 2).
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

constexpr int kChains = 12;  // 2 ports x 4 cycles, and some
constexpr long kRounds = 20000;

// The empty asm makes each chain's value unknown, so that no two chains fold into one.
#define FMA_LOOP(Vec, splat, fma)                                                                            \
  Vec chain[kChains];                                                                                        \
  _Pragma("GCC unroll 12") for (int i = 0; i < kChains; ++i) chain[i] = splat(1.0F + static_cast<float>(i)); \
  const Vec factor = splat(0.999999F), term = splat(1e-6F);                                                  \
  for (long round = 0; round < kRounds; ++round) {                                                           \
    _Pragma("GCC unroll 12") for (int i = 0; i < kChains; ++i) chain[i] = fma(chain[i], factor, term);       \
    _Pragma("GCC unroll 12") for (int i = 0; i < kChains; ++i) __asm__ volatile("" : REGISTER(chain[i]));    \
  }                                                                                                          \
  return static_cast<double>(kRounds) * kChains * 2 * sizeof(Vec) / sizeof(float)

#if defined(__x86_64__)
#define REGISTER "+v"
__attribute__((target("avx512f"))) double avx512_round() {
  FMA_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps);
}
#undef REGISTER
#define REGISTER "+x"
__attribute__((target("avx2,fma"))) double avx2_round() { FMA_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps); }
float scalar_splat(float x) { return x; }
float scalar_fma(float a, float b, float c) { return a * b + c; }
double scalar_round() { FMA_LOOP(float, scalar_splat, scalar_fma); }
#elif defined(__aarch64__)
#define REGISTER "+w"
float32x4_t neon_fma(float32x4_t a, float32x4_t b, float32x4_t c) { return vfmaq_f32(c, a, b); }
double neon_round() { FMA_LOOP(float32x4_t, vdupq_n_f32, neon_fma); }
#endif

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  double (*round)() = nullptr;
#if defined(__x86_64__)
  if (std::strcmp(argv[1], "avx512") == 0) round = avx512_round;
  if (std::strcmp(argv[1], "avx2") == 0) round = avx2_round;
  if (std::strcmp(argv[1], "scalar") == 0) round = scalar_round;
#elif defined(__aarch64__)
  if (std::strcmp(argv[1], "neon") == 0) round = neon_round;
#endif
  if (!round) return 2;
  using Clock = std::chrono::steady_clock;
  const double nanoseconds = std::atof(argv[2]) * 1e9;
  round();  // wakes the vector units up
  double flops = 0;
  double elapsed = 0;
  const auto start = Clock::now();
  do {
    flops += round();
    elapsed = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  } while (elapsed < nanoseconds);
  std::printf("%.2f\n", flops / elapsed);
  return 0;
}
