// The planar convolution: lanes are neighbouring pixels, for layers with few output channels. Samples stand
// in planes, so a vector of outputs is a sum of weights times unaligned vectors of samples; each is loaded
// once for all output channels of the tile. A step is one tap of one input channel.
//
//                 samples [step]    | x0 (16 pixels) | x1 (16 pixels) | x2 ... x5
//                                   +----------------+----------------+---
//   output 0    w -- broadcast -->  |    acc 0,0     |    acc 0,1     |
//   output 1    w -- broadcast -->  |    acc 1,0     |    acc 1,1     |
//   output 2    w -- broadcast -->  |    acc 2,0     |    acc 2,1     |
//   output 3    w -- broadcast -->  |    acc 3,0     |    acc 3,1     |
//
// AVX-512, 4 outputs: 24 accumulators + 6 samples + 1 weight = 31 of 32 registers; a step is 6 loads, 4
// broadcasts, 24 FMAs. Samples under a tap straddle two cache lines, which counts twice: 14 of 24 cycles
// where a core does one FMA and one load a cycle. One output alone uses a sample once, and is bound by its
// loads.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

template <int Outputs, int Vectors>
SIMDCONV_INLINE void planar_tile(const PlanarTiles& tiles, const float* in, float* out) {
  Vec acc[Outputs][Vectors];
  SIMDCONV_UNROLL
  for (int d = 0; d < Outputs; ++d) {
    const Vec bias = splat(tiles.bias[d]);
    SIMDCONV_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[d][v] = bias;
  }
  const float* weights = tiles.weights;
  for (std::int64_t k = 0; k < tiles.steps; ++k, weights += Outputs) {
    const float* samples = in + tiles.offsets[k];
    Vec x[Vectors];
    SIMDCONV_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      x[v] = load(samples + v * kLanes);
      if constexpr (Outputs > 1)
        x[v] = in_register(x[v]);  // a single output takes it from memory as it multiplies
    }
    SIMDCONV_UNROLL
    for (int d = 0; d < Outputs; ++d) {
      const Vec weight = broadcast(weights + d);
      SIMDCONV_UNROLL
      for (int v = 0; v < Vectors; ++v) acc[d][v] = fma(weight, x[v], acc[d][v]);
    }
  }
  const Vec low = splat(tiles.low), high = splat(tiles.high);
  SIMDCONV_UNROLL
  for (int d = 0; d < Outputs; ++d, out += tiles.out_stride) {
    SIMDCONV_UNROLL
    for (int v = 0; v < Vectors; ++v) store(out + v * kLanes, at_most(high, at_least(low, acc[d][v])));
  }
}

template <int Outputs, int Vectors>
void planar_tiles(const PlanarTiles& tiles) {
  constexpr std::ptrdiff_t kPixels = Vectors * kLanes;
  for (std::int64_t t = 0; t < tiles.tiles; ++t) {
    planar_tile<Outputs, Vectors>(tiles, tiles.in + t * kPixels, tiles.out + t * kPixels);
  }
}

template <int Outputs, int Vectors>
constexpr void add_planar_tiles(PlanarKernels& kernels) {
  if constexpr (Vectors > 0) {
    kernels.tile[Outputs - 1][Vectors - 1] = &planar_tiles<Outputs, Vectors>;
    add_planar_tiles<Outputs, Vectors - 1>(kernels);
  }
}

template <int Outputs, int Most, int... More>
constexpr void add_planar_outputs(PlanarKernels& kernels) {
  kernels.outputs = Outputs;
  kernels.vectors[Outputs - 1] = Most;
  add_planar_tiles<Outputs, Most>(kernels);
  if constexpr (sizeof...(More) > 0) add_planar_outputs<Outputs + 1, More...>(kernels);
}

// The most vectors of a tile with 1, 2, ... outputs.
template <int... Vectors>
constexpr PlanarKernels planar_kernels() {
  PlanarKernels kernels{.outputs = 0,
                        .vectors = {},
                        .tile = {},
                        .to_planes = &interleaved_to_planes,
                        .from_planes = &planes_to_interleaved};
  add_planar_outputs<1, Vectors...>(kernels);
  return kernels;
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
