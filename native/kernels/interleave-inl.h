// Between pixels of [channels] and a plane for each channel: blocks of a vector of pixels times four
// channels, which are 128 bits of a pixel, and are transposed in registers.
//
//   pixels [p][channel]                        planes [channel][p]
//     a0 a1 a2 a3 | a4 ...                       a0 b0 c0 d0 e0 ...
//     b0 b1 b2 b3 | b4 ...        <------>       a1 b1 c1 d1 e1 ...
//     c0 c1 c2 c3 | c4 ...                       a2 b2 c2 d2 e2 ...
//     ...                                        a3 b3 c3 d3 e3 ...
//
// The last block in either direction overlaps the one before it. Up to three channels are blocks that reach
// into the next pixel: what is read there is not used, and what is written there is written again, as that
// pixel comes later. What is left goes through a buffer: a row of fewer pixels than a vector has lanes, and
// the last pixels of such few channels.
//
// Pixels of three channels that touch, rgb in most images, are permuted instead: three vectors at a time, without a
// float that is not theirs.
//
// AVX-512: 16 x 4 takes 12 insertions and 8 shuffles, and whole 16 x 16 blocks would take 64 shuffles for
// four times as much: a fifth less, for a second text and for channel counts that are multiples of 16 alone.

#include <string.h>

#include "kernels/kernels.h"

namespace simdconv::SIMDCONV_ISA {
namespace {

constexpr int kQuad = 4;

// Whether a block of whole quads at `pixel` stays within `pixels` pixels of `channels`, `stride` apart.
inline bool quads_fit(std::int64_t pixel, std::int64_t pixels, std::int64_t channels, std::ptrdiff_t stride) {
  if (pixel + kLanes > pixels) return false;
  return channels >= kQuad || (pixel + kLanes - 1) * stride + kQuad <= (pixels - 1) * stride + channels;
}

// The first of the quad's channels, the last quad overlapping the one before it.
inline std::int64_t quad_begin(std::int64_t channel, std::int64_t channels) {
  if (channels < kQuad) return 0;
  return channel + kQuad <= channels ? channel : channels - kQuad;
}

// The first pixel of a block, the last block overlapping the one before it.
inline std::int64_t block_begin(std::int64_t pixel, std::int64_t pixels) {
  return pixels >= kLanes && pixel + kLanes > pixels ? pixels - kLanes : pixel;
}

// Of `Width` channels, at most a quad.
template <int Width>
SIMDCONV_INLINE void copy_quads(const float* in, std::ptrdiff_t in_stride, float* out,
                                std::ptrdiff_t out_stride, std::int64_t pixels) {
  for (; pixels > 0; --pixels, in += in_stride, out += out_stride) {
    memcpy(out, in, Width * sizeof(float));
  }
}

// Of the block after this one the lines under a quad of channels and a quarter of its pixels, so that all are
// asked for by the time its turn comes. Past the end of a row stand, most often, the next tile's or the next
// row's pixels.
template <typename Prefetch>
SIMDCONV_INLINE void for_next_lines(std::int64_t channel, std::ptrdiff_t stride, Prefetch prefetch) {
  constexpr std::int64_t kLineFloats = 16, kQuarter = kLanes < kQuad ? 1 : kLanes / kQuad;
  const std::int64_t first = kLanes + channel % kLineFloats / kQuad * kQuarter;
  for (std::int64_t p = 0; p < kQuarter; ++p)
    prefetch((first + p) * stride + channel / kLineFloats * kLineFloats);
}

template <int Width>
SIMDCONV_INLINE void to_planes(const Interleaving& t) {
  for (std::int64_t next = 0; next < t.pixels; next += kLanes) {
    const std::int64_t pixel = block_begin(next, t.pixels);
    const std::int64_t pixels = t.pixels < kLanes ? t.pixels : kLanes;
    const bool fits = quads_fit(pixel, t.pixels, t.channels, t.in_stride);
    const float* from = t.in + pixel * t.in_stride;
    for (std::int64_t channel = 0; channel < t.channels; channel += kQuad) {
      const std::int64_t first = quad_begin(channel, t.channels);
      for_next_lines(channel, t.in_stride,
                     [from](std::ptrdiff_t offset) { SIMDCONV_PREFETCH_LOAD(from + offset); });
      Vec columns[kQuad];
      if (fits) {
        load_quads(from + first, t.in_stride, columns);
      } else {
        float rows[kLanes * kQuad] = {};
        copy_quads<Width>(from + first, t.in_stride, rows, kQuad, pixels);
        load_quads(rows, kQuad, columns);
      }
      float* out = t.out + first * t.out_stride + pixel;
      for (int c = 0; c < Width; ++c, out += t.out_stride) {
        if (pixels == kLanes) {
          store(out, columns[c]);
        } else {
          store_first(out, columns[c], pixels);
        }
      }
    }
  }
}

template <int Width>
SIMDCONV_INLINE void from_planes(const Interleaving& t) {
  const bool touching =
      t.channels >= kQuad || t.out_stride == t.channels;  // nothing stands between the pixels
  for (std::int64_t next = 0; next < t.pixels; next += kLanes) {
    const std::int64_t pixel = block_begin(next, t.pixels);
    const std::int64_t pixels = t.pixels < kLanes ? t.pixels : kLanes;
    const bool fits = touching && quads_fit(pixel, t.pixels, t.channels, t.out_stride);
    float* to = t.out + pixel * t.out_stride;
    for (std::int64_t channel = 0; channel < t.channels; channel += kQuad) {
      const std::int64_t first = quad_begin(channel, t.channels);
      for_next_lines(channel, t.out_stride,
                     [to](std::ptrdiff_t offset) { SIMDCONV_PREFETCH_STORE(to + offset); });
      const float* plane = t.in + first * t.in_stride + pixel;
      Vec columns[kQuad];
      for (int c = 0; c < kQuad; ++c) {
        columns[c] = pixels == kLanes ? load(plane) : load_first(plane, pixels);
        if (c + 1 < Width) plane += t.in_stride;
      }
      if (fits) {
        store_quads(to + first, t.out_stride, columns);
      } else {
        float rows[kLanes * kQuad];
        store_quads(rows, kQuad, columns);
        copy_quads<Width>(rows, kQuad, to + first, t.out_stride, pixels);
      }
    }
  }
}

// Whether a vector of pixels is three vectors of floats.
inline bool are_triples(std::int64_t channels, std::ptrdiff_t stride, std::int64_t pixels) {
  return channels == 3 && stride == 3 && pixels >= kLanes;
}

void triples_to_planes(const Interleaving& t) {
  for (std::int64_t next = 0; next < t.pixels; next += kLanes) {
    const std::int64_t pixel = block_begin(next, t.pixels);
    Vec columns[3];
    load_triples(t.in + pixel * 3, columns);
    float* out = t.out + pixel;
    for (int c = 0; c < 3; ++c, out += t.out_stride) store(out, columns[c]);
  }
}

void planes_to_triples(const Interleaving& t) {
  for (std::int64_t next = 0; next < t.pixels; next += kLanes) {
    const std::int64_t pixel = block_begin(next, t.pixels);
    const float* in = t.in + pixel;
    Vec columns[3];
    for (int c = 0; c < 3; ++c, in += t.in_stride) columns[c] = load(in);
    store_triples(t.out + pixel * 3, columns);
  }
}

void interleaved_to_planes(const Interleaving& t) {
  if (are_triples(t.channels, t.in_stride, t.pixels)) return triples_to_planes(t);
  switch (t.channels) {
    case 1:
      return to_planes<1>(t);
    case 2:
      return to_planes<2>(t);
    case 3:
      return to_planes<3>(t);
    default:
      return to_planes<kQuad>(t);
  }
}

void planes_to_interleaved(const Interleaving& t) {
  if (are_triples(t.channels, t.out_stride, t.pixels)) return planes_to_triples(t);
  switch (t.channels) {
    case 1:
      return from_planes<1>(t);
    case 2:
      return from_planes<2>(t);
    case 3:
      return from_planes<3>(t);
    default:
      return from_planes<kQuad>(t);
  }
}

}  // namespace
}  // namespace simdconv::SIMDCONV_ISA
