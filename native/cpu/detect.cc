// What this CPU can do, asked of the CPU itself. An instruction set counts only when the operating system
// saves its registers, too.
#include <cstdint>
#include <cstring>

#include "kernels/kernels.h"
#include "simdconv/cpu.h"

#if defined(__x86_64__) || defined(_M_X64)
#define SIMDCONV_X86 1
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

namespace simdconv {
namespace {

#if defined(SIMDCONV_X86)

struct CpuidRegisters {
  std::uint32_t eax, ebx, ecx, edx;
};

CpuidRegisters cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
  CpuidRegisters r{};
#if defined(_MSC_VER)
  int values[4];
  __cpuidex(values, static_cast<int>(leaf), static_cast<int>(subleaf));
  std::memcpy(&r, values, sizeof r);
#else
  __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
#endif
  return r;
}

// The register states that the operating system saves (extended control register 0).
std::uint64_t saved_states() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  std::uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
#endif
}

constexpr bool has_bit(std::uint32_t word, int bit) { return ((word >> bit) & 1U) != 0; }

struct X86Features {
  bool avx2_fma = false;
  bool avx512 = false;  // F, DQ, BW and VL: every AVX-512 server since Skylake
};

X86Features x86_features() {
  X86Features features;
  const std::uint32_t highest_leaf = cpuid(0, 0).eax;
  if (highest_leaf < 7) return features;
  const CpuidRegisters basic = cpuid(1, 0);
  const bool osxsave = has_bit(basic.ecx, 27);
  if (!osxsave) return features;
  constexpr std::uint64_t kYmmState = 0x06, kZmmState = 0xe6;
  const std::uint64_t states = saved_states();
  const CpuidRegisters extended = cpuid(7, 0);

  const bool avx = has_bit(basic.ecx, 28), fma = has_bit(basic.ecx, 12), avx2 = has_bit(extended.ebx, 5);
  if ((states & kYmmState) != kYmmState || !avx || !fma || !avx2) return features;
  features.avx2_fma = true;

  const bool f = has_bit(extended.ebx, 16), dq = has_bit(extended.ebx, 17);
  const bool bw = has_bit(extended.ebx, 30), vl = has_bit(extended.ebx, 31);
  if ((states & kZmmState) != kZmmState || !f || !dq || !bw || !vl) return features;
  features.avx512 = true;
  return features;
}

bool cpu_runs(Isa isa) {
  static const X86Features features = x86_features();
  switch (isa) {
    case Isa::scalar:
      return true;
    case Isa::avx2:
      return features.avx2_fma;
    case Isa::avx512:
      return features.avx512;
    case Isa::neon:
      return false;
  }
  return false;
}

#elif defined(__aarch64__) || defined(_M_ARM64)

// Advanced SIMD is part of the AArch64 base.
bool cpu_runs(Isa isa) { return isa == Isa::scalar || isa == Isa::neon; }

#else

bool cpu_runs(Isa isa) { return isa == Isa::scalar; }

#endif

}  // namespace

const std::vector<Isa>& available_isas() {
  static const std::vector<Isa> isas = [] {
    std::vector<Isa> found;
    for (const Isa isa : {Isa::avx512, Isa::avx2, Isa::neon, Isa::scalar}) {
      if (cpu_runs(isa) && kernels_for(isa) != nullptr) found.push_back(isa);
    }
    return found;
  }();
  return isas;
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::scalar:
      return "scalar";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::neon:
      return "neon";
  }
  return "unknown";
}

std::string cpu_name() {
#if defined(SIMDCONV_X86)
  if (cpuid(0x80000000U, 0).eax >= 0x80000004U) {
    char brand[49] = {};
    char* part = brand;
    for (const std::uint32_t leaf : {0x80000002U, 0x80000003U, 0x80000004U}) {
      const CpuidRegisters r = cpuid(leaf, 0);
      std::memcpy(part, &r, sizeof r);
      part += sizeof r;
    }
    std::string name(brand);
    const std::size_t first = name.find_first_not_of(' ');
    const std::size_t last = name.find_last_not_of(' ');
    if (first != std::string::npos) return name.substr(first, last - first + 1);
  }
  return "x86-64";
#elif defined(__aarch64__) || defined(_M_ARM64)
  return "aarch64";
#else
  return "unknown";
#endif
}

}  // namespace simdconv
