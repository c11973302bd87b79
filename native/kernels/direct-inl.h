// The direct convolution, tile by tile: `Pixels` neighbours of an output row, `Vectors` vectors of
// output channels. On AVX-512 the full tile is 14 x 2: 28 accumulators + 2 weights + 1 broadcast = 31 of 32
// registers.
//
//                 weights [step][vector 0 | vector 1]      a step is one input element of a run
//                            |         |
//   pixel  0   x -- splat -> acc 0,0   acc 0,1             per step: 2 loads, 14 broadcasts, 28 FMAs
//   pixel  1   x -- splat -> acc 1,0   acc 1,1             28 chains cover 2 FMA ports x 4 cycles 3.5 times
//     ...
//   pixel 13   x -- splat -> acc 13,0  acc 13,1
//
// The accumulators start as the bias and never leave their registers until they are clamped and stored.

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

// Hides how a value was made, so that the compiler keeps it in a register instead of making it again.
#if defined(__GNUC__)
#define SIMDCONV_OPAQUE(value) __asm__("" : "+r"(value))
#else
#define SIMDCONV_OPAQUE(value)
#endif

// Where the pixels of a tile are: 14 addresses from two moving pointers and three constant strides, by the
// addressing modes that x86 has (base + index * 1, 2, 4): stride, 2 stride, 3, 4, 5, 2 * 3.
struct PixelStrides {
  std::ptrdiff_t one, three, five;  // bytes
};

template <int Pixel>
SIMDCONV_INLINE const float* pixel_address(const char* base, const PixelStrides& stride) {
  if constexpr (Pixel == 0) return reinterpret_cast<const float*>(base);
  if constexpr (Pixel == 1) return reinterpret_cast<const float*>(base + stride.one);
  if constexpr (Pixel == 2) return reinterpret_cast<const float*>(base + stride.one * 2);
  if constexpr (Pixel == 3) return reinterpret_cast<const float*>(base + stride.three);
  if constexpr (Pixel == 4) return reinterpret_cast<const float*>(base + stride.one * 4);
  if constexpr (Pixel == 5) return reinterpret_cast<const float*>(base + stride.five);
  if constexpr (Pixel == 6) return reinterpret_cast<const float*>(base + stride.three * 2);
}

constexpr int kPixelsPerBase = 7;

// One step for pixels Pixel, Pixel + 1, ... of the tile.
template <int Pixel, int Pixels, int Vectors>
SIMDCONV_INLINE void multiply_pixels(const char* low_base, const char* high_base, const PixelStrides& stride,
                                     const Vec (&weights)[Vectors], Vec (&acc)[Pixels][Vectors]) {
  if constexpr (Pixel < Pixels) {
    const char* base = Pixel < kPixelsPerBase ? low_base : high_base;
    const float* sample = pixel_address<Pixel % kPixelsPerBase>(base, stride);
    const Vec x = Vectors == 1 ? broadcast_once(sample) : broadcast(sample);
    SIMDCONV_UNROLL for (int v = 0; v < Vectors; ++v) acc[Pixel][v] = fma(x, weights[v], acc[Pixel][v]);
    multiply_pixels<Pixel + 1>(low_base, high_base, stride, weights, acc);
  }
}

// Lines that are soon needed are asked for a few at a time, before each stretch of steps: all at once they would take
// the places that L1 has for lines on their way, and the multiplication would wait for its own.
template <int Pixels, int Vectors>
void direct_tiles(const DirectTiles& tiles) {
  constexpr std::ptrdiff_t kFloat = sizeof(float);
  constexpr int kPixelsAsked = (Pixels + 1) / 2;  // for each stretch: sums of few steps have two or three
  const std::ptrdiff_t out_stride = tiles.out_stride;
  PixelStrides stride{tiles.pixel_stride * kFloat, tiles.pixel_stride * kFloat * 3,
                      tiles.pixel_stride * kFloat * 5};
  SIMDCONV_OPAQUE(stride.one);
  SIMDCONV_OPAQUE(stride.three);
  SIMDCONV_OPAQUE(stride.five);
  const std::int64_t last_channels = tiles.channels - (Vectors - 1) * kLanes;  // of the last vector
  const float* ahead = tiles.ahead;
  std::ptrdiff_t column = tiles.column_offset;
  float* out = tiles.out;
  for (std::int64_t t = tiles.tiles; t > 0; --t, column += Pixels * tiles.pixel_stride) {
    Vec acc[Pixels][Vectors];
    SIMDCONV_UNROLL for (int p = 0; p < Pixels; ++p) {
      SIMDCONV_UNROLL for (int v = 0; v < Vectors; ++v) acc[p][v] = load(tiles.bias + v * kLanes);
    }

    const float* weights = tiles.weights;
    const float *asked = out, *asked_end = out + Pixels * out_stride;
    for (std::int64_t y = 0; y < tiles.kernel_rows; ++y) {
      const float* run = tiles.rows[y * tiles.row_step] + column;
      for (std::int64_t r = 0; r < tiles.runs; ++r, run += tiles.run_stride) {
        const char* low_base = reinterpret_cast<const char*>(run);
        const char* high_base = low_base + (stride.one * 4 + stride.three);
        SIMDCONV_OPAQUE(high_base);
        for (std::int64_t rest = tiles.run_length; rest > 0; rest -= kDirectStretch) {
          for (int p = 0; p < kPixelsAsked && asked < asked_end; ++p, asked += out_stride) {
            SIMDCONV_UNROLL for (int v = 1; v <= Vectors; ++v) {  // where a vector ends the next begins
              SIMDCONV_PREFETCH_STORE(asked + v * kLanes - 1);
            }
          }
          if (tiles.samples_ahead != 0) {
            const char* next = low_base + tiles.samples_ahead * kFloat;
            SIMDCONV_UNROLL for (int p = 0; p < Pixels; ++p, next += stride.one) SIMDCONV_PREFETCH_L2(next);
          }
          for (std::int64_t line = tiles.lines_ahead; line > 0; --line, ahead += kDirectStretch) {
            SIMDCONV_PREFETCH_L2(ahead);
          }
          for (std::int64_t e = rest < kDirectStretch ? rest : kDirectStretch; e > 0; --e) {
            Vec w[Vectors];
            SIMDCONV_UNROLL for (int v = 0; v < Vectors; ++v) w[v] = load(weights + v * kLanes);
            multiply_pixels<0>(low_base, high_base, stride, w, acc);
            weights += Vectors * kLanes;
            low_base += kFloat;
            high_base += kFloat;
          }
        }
      }
    }

    const Vec low = splat(tiles.low), high = splat(tiles.high);
    SIMDCONV_UNROLL for (int p = 0; p < Pixels; ++p, out += out_stride) {
      SIMDCONV_UNROLL for (int v = 0; v < Vectors; ++v) {
        const Vec clamped = at_most(high, at_least(low, acc[p][v]));
        if (v < Vectors - 1 || last_channels == kLanes) {
          store(out + v * kLanes, clamped);
        } else {
          store_first(out + v * kLanes, clamped, last_channels);
        }
      }
    }
  }
}

// Fills the table with the tiles of `Vectors` vectors and Pixels, Pixels - 1, ..., 1 pixels.
template <int Vectors, int Pixels>
constexpr void add_direct_tiles(KernelTable& table) {
  if constexpr (Pixels > 0) {
    table.direct[Vectors - 1][Pixels - 1] = &direct_tiles<Pixels, Vectors>;
    add_direct_tiles<Vectors, Pixels - 1>(table);
  }
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
