// What a run costs, so that algorithms can be compared before one runs. The unit is a tick, the time in which a core
// makes one vector FMA: then the same few constants hold, nearly, for every instruction set. They were measured (Zen 4)
// and are not measured again in each process: the same layer shall give the same bits every time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "simdconv/types.h"

namespace simdconv {

// A product of a tile with weights, step by step: a step is one channel of a tap. Fewer than 8 chains leave an FMA
// waiting for the one before it, and so does a single vector, whose samples are loaded for one FMA each, unless that FMA
// loads them itself; filling and emptying the registers takes the time of a few steps.
inline double product_ticks(std::int64_t steps, std::int64_t pixels, std::int64_t vectors, Isa isa) {
  constexpr std::int64_t kFewestChains = 8;
  constexpr double kBoundByLoads = 1.3;
  const std::int64_t chains = pixels * vectors;
  const double fmas = static_cast<double>(steps * std::max(chains, kFewestChains));
  const bool waits = vectors == 1 && isa != Isa::avx512;
  return fmas * (waits ? kBoundByLoads : 1) + static_cast<double>(3 * chains);
}

// Weights that are read once, front to back: from L2 they come for nothing, from L3 and from memory they hold up the
// FMAs, though both go on at once.
inline double stream_ticks(std::size_t bytes, std::int64_t times) {
  constexpr std::size_t kInL2 = std::size_t{1} << 19, kInL3 = std::size_t{1} << 24;
  const double bytes_per_tick = bytes <= kInL3 ? 16 : 9;
  return bytes <= kInL2 ? 0 : static_cast<double>(bytes) * static_cast<double>(times) / bytes_per_tick;
}

inline double seconds_of(double ticks, Isa isa) {
  return ticks *
         (isa == Isa::avx512 ? 0.27e-9 : 0.14e-9);  // a server core of 2023; others are as far off for all
}

}  // namespace simdconv
