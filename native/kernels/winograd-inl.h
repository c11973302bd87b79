// The two ends of a Winograd convolution, one tile at a time, and the multiplication between them. (Lavin and Gray
// 2015, "Fast Algorithms for Convolutional Neural Networks", arXiv 1509.09308, in the nested form.)
//
//   input     [points][points] pixels, lanes are channels         B^T d B         [points x points][channels]
//   multiply  some tiles x two vectors of output channels, for one of the points: the direct kernel's tile
//   output    [points x points][channels]                         A^T m A         [outputs][outputs] pixels
//
// The ends are a pass over the columns, which leaves its result in L1, and one over the rows. F(4x4, 3x3): 12 FMAs
// for a transform of 6 samples, 144 for a tile and a vector of channels, against 36 x vectors of output channels of
// the multiplication.

#include "kernels/cook_toom.h"
#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

constexpr float power(double x, int n) { return n == 0 ? 1 : static_cast<float>(x * power(x, n - 1)); }

// A form's coefficients as the kernels want them.
struct FormConstants {
  float point[kMostPairs];
  float product[kMostPairs];              // of P: of x^0, x^2, ...; that of the highest power is 1
  float partial[kMostPairs][kMostPairs];  // of Q, for each pair
  float powers[kMostOutputs][kMostPairs];
};

template <int Form>
constexpr FormConstants form_constants() {
  constexpr CookToom f = kForms[Form];
  FormConstants constants{};
  for (int pair = 0; pair < f.pairs; ++pair) {
    constants.point[pair] = static_cast<float>(f.point[pair]);
    constants.product[pair] = static_cast<float>(f.coefficient(pair));
    for (int k = 0; k < f.pairs - 1; ++k) {
      constants.partial[pair][k] = static_cast<float>(f.coefficient(k, pair));
    }
    for (int i = 0; i < f.outputs; ++i) constants.powers[i][pair] = power(f.point[pair], i);
  }
  return constants;
}

// points = B^T samples, written `Step` apart.
template <int Form, std::ptrdiff_t Step>
SIMDCONV_INLINE void to_points(const Vec* sample, Vec* point) {
  constexpr CookToom f = kForms[Form];
  static constexpr FormConstants k = form_constants<Form>();
  if constexpr (f.pairs == 0) {
    point[0] = sample[0];
  } else {
    constexpr std::ptrdiff_t last = std::ptrdiff_t{2} * f.pairs;
    Vec zero = sample[last], infinity = sample[last + 1];
    SIMDCONV_UNROLL for (std::ptrdiff_t i = 0; i < f.pairs; ++i) {
      const Vec c = splat(k.product[i]);
      zero = fma(c, sample[2 * i], zero);
      infinity = fma(c, sample[2 * i + 1], infinity);
    }
    point[0] = zero;
    point[(f.points() - 1) * Step] = infinity;
    SIMDCONV_UNROLL for (std::ptrdiff_t pair = 0; pair < f.pairs; ++pair) {
      Vec even = sample[last], odd = sample[last - 1];
      SIMDCONV_UNROLL for (std::ptrdiff_t i = 0; i < f.pairs - 1; ++i) {
        const Vec c = splat(k.partial[pair][i]);
        even = fma(c, sample[2 * i + 2], even);
        odd = fma(c, sample[2 * i + 1], odd);
      }
      point[(1 + 2 * pair) * Step] = fma(splat(k.point[pair]), odd, even);
      point[(2 + 2 * pair) * Step] = fma(splat(-k.point[pair]), odd, even);
    }
  }
}

// outputs = A^T points, written `Step` apart.
template <int Form, std::ptrdiff_t Step>
SIMDCONV_INLINE void to_outputs(const Vec* point, Vec* output) {
  constexpr CookToom f = kForms[Form];
  static constexpr FormConstants k = form_constants<Form>();
  if constexpr (f.pairs == 0) {
    output[0] = point[0];
  } else {
    Vec part[2][f.pairs];  // sums and differences of the pairs: what even and odd powers see
    SIMDCONV_UNROLL for (std::ptrdiff_t pair = 0; pair < f.pairs; ++pair) {
      part[0][pair] = add(point[1 + 2 * pair], point[2 + 2 * pair]);
      part[1][pair] = sub(point[1 + 2 * pair], point[2 + 2 * pair]);
    }
    SIMDCONV_UNROLL for (int i = 0; i < f.outputs; ++i) {
      Vec y = i == 0 ? add(point[0], part[0][0]) : mul(splat(k.powers[i][0]), part[i % 2][0]);
      SIMDCONV_UNROLL for (int pair = 1; pair < f.pairs; ++pair) {
        y = fma(splat(k.powers[i][pair]), part[i % 2][pair], y);
      }
      output[i * Step] = i == f.outputs - 1 ? add(y, point[f.points() - 1]) : y;
    }
  }
}

// One vector of channels, or the first `rest` of it.
template <int FormY, int FormX, bool Partial>
SIMDCONV_INLINE void input_vector(const WinogradInput& tile, std::int64_t c, std::int64_t rest) {
  constexpr std::ptrdiff_t height = kForms[FormY].points(), width = kForms[FormX].points();
  Vec columns[height][width];
  SIMDCONV_UNROLL for (std::ptrdiff_t x = 0; x < width; ++x) {
    Vec sample[height];
    SIMDCONV_UNROLL for (std::ptrdiff_t y = 0; y < height; ++y) {
      const float* pixel = tile.pixels[y * width + x] + c;
      sample[y] = Partial ? load_first(pixel, rest) : in_register(load(pixel));
    }
    to_points<FormY, width>(sample, &columns[0][x]);
  }
  float* out = tile.out + c;
  SIMDCONV_UNROLL for (std::ptrdiff_t y = 0; y < height; ++y) {
    Vec point[width];
    to_points<FormX, 1>(columns[y], point);
    SIMDCONV_UNROLL for (std::ptrdiff_t x = 0; x < width; ++x, out += tile.point_stride) store(out, point[x]);
  }
}

template <int FormY, int FormX>
void winograd_input(const WinogradInput& tile) {
  std::int64_t c = 0;
  for (; c + kLanes <= tile.channels; c += kLanes) input_vector<FormY, FormX, false>(tile, c, kLanes);
  if (c < tile.channels) input_vector<FormY, FormX, true>(tile, c, tile.channels - c);
}

// The direct kernel's step, without its bias and clamp, and with the weights asked for before they are needed: they
// come from L3, in pages that no hardware prefetcher looks beyond.
template <int Pixels, int Vectors>
void winograd_multiply(const WinogradProduct& tile) {
  constexpr std::ptrdiff_t kFloat = sizeof(float);
  Vec acc[Pixels][Vectors];
  SIMDCONV_UNROLL for (int p = 0; p < Pixels; ++p) {
    SIMDCONV_UNROLL for (int v = 0; v < Vectors; ++v) acc[p][v] = splat(0);
  }
  PixelStrides stride{tile.tile_stride * kFloat, tile.tile_stride * kFloat * 3,
                      tile.tile_stride * kFloat * 5};
  SIMDCONV_OPAQUE(stride.one);
  SIMDCONV_OPAQUE(stride.three);
  SIMDCONV_OPAQUE(stride.five);
  const float* weights = tile.weights;
  const char* low_base = reinterpret_cast<const char*>(tile.samples);
  const char* high_base = low_base + (stride.one * 4 + stride.three);
  SIMDCONV_OPAQUE(high_base);
  for (std::int64_t c = tile.channels; c > 0; --c) {
    Vec w[Vectors];
    SIMDCONV_UNROLL for (int v = 0; v < Vectors; ++v) {
      w[v] = load(weights + v * kLanes);
      SIMDCONV_PREFETCH_L2(weights + tile.ahead + v * kLanes);
    }
    multiply_pixels<0>(low_base, high_base, stride, w, acc);
    weights += Vectors * kLanes;
    low_base += kFloat;
    high_base += kFloat;
  }
  float* out = tile.sums;
  SIMDCONV_UNROLL for (int p = 0; p < Pixels; ++p, out += Vectors * kLanes) {
    SIMDCONV_UNROLL for (int v = 0; v < Vectors; ++v) store(out + v * kLanes, acc[p][v]);
  }
}

template <int FormY, int FormX, bool Partial>
SIMDCONV_INLINE void output_vector(const WinogradOutput& tile, std::int64_t d, std::int64_t rest,
                                   Vec& poison) {
  constexpr std::ptrdiff_t points_y = kForms[FormY].points(), points_x = kForms[FormX].points();
  constexpr std::ptrdiff_t height = kForms[FormY].outputs, width = kForms[FormX].outputs;
  Vec columns[height][points_x];
  const float* sum = tile.sums + d;
  SIMDCONV_UNROLL for (std::ptrdiff_t x = 0; x < points_x; ++x, sum += tile.point_stride) {
    Vec point[points_y];
    SIMDCONV_UNROLL for (std::ptrdiff_t y = 0; y < points_y; ++y) {
      point[y] = in_register(load(sum + y * points_x * tile.point_stride));
    }
    to_outputs<FormY, points_x>(point, &columns[0][x]);
  }
  const Vec low = splat(tile.low), high = splat(tile.high), bias = load(tile.bias + d);
  float* out = tile.out + d;
  SIMDCONV_UNROLL for (std::ptrdiff_t y = 0; y < height; ++y, out += tile.row_stride) {
    Vec output[width];
    to_outputs<FormX, 1>(columns[y], output);
    if (y == tile.rows) break;
    SIMDCONV_UNROLL for (std::ptrdiff_t x = 0; x < width; ++x) {
      if (x == tile.columns) break;
      poison = fma(output[x], splat(0), poison);
      const Vec clamped = at_most(high, at_least(low, add(output[x], bias)));
      if constexpr (Partial) {
        store_first(out + x * tile.pixel_stride, clamped, rest);
      } else {
        store(out + x * tile.pixel_stride, clamped);
      }
    }
  }
}

template <int FormY, int FormX>
void winograd_output(const WinogradOutput& tile) {
  Vec poison = splat(0);
  std::int64_t d = 0;
  for (; d + kLanes <= tile.channels; d += kLanes)
    output_vector<FormY, FormX, false>(tile, d, kLanes, poison);
  if (d < tile.channels) output_vector<FormY, FormX, true>(tile, d, tile.channels - d, poison);
  store(tile.poison, poison);
}

template <int FormY, int FormX>
constexpr WinogradEnds winograd_ends() {
  return {&winograd_input<FormY, FormX>, &winograd_output<FormY, FormX>};
}

constexpr WinogradKernels winograd_kernels() {
  WinogradKernels kernels{};
  kernels.ends[kF2of3][kF2of3] = winograd_ends<kF2of3, kF2of3>();
  kernels.ends[kF4of3][kF4of3] = winograd_ends<kF4of3, kF4of3>();
  kernels.ends[kF6of3][kF6of3] = winograd_ends<kF6of3, kF6of3>();
  kernels.ends[kF2of5][kF2of5] = winograd_ends<kF2of5, kF2of5>();
  kernels.ends[kF4of5][kF4of5] = winograd_ends<kF4of5, kF4of5>();
  kernels.ends[kOneTap][kF4of3] = winograd_ends<kOneTap, kF4of3>();
  kernels.ends[kF4of3][kOneTap] = winograd_ends<kF4of3, kOneTap>();
  return kernels;
}

// Fills the table with the products of `Vectors` vectors and Tiles, Tiles - 1, ..., 1 tiles: as many as the direct
// kernel takes pixels.
template <int Vectors, int Tiles>
constexpr void add_winograd_products(KernelTable& table) {
  if constexpr (Tiles > 0) {
    table.winograd.multiply[Vectors - 1][Tiles - 1] = &winograd_multiply<Tiles, Vectors>;
    add_winograd_products<Vectors, Tiles - 1>(table);
  }
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
