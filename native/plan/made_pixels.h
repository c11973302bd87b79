// Pixels that were made in scratch, on their way into the image: as bytes, or into planes, or both.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "plan/samples.h"

namespace simdconv {

// Some neighbours of an output row, and some of their channels.
struct MadePixels {
  const float* data;      // [pixels][channels], stride between pixels
  std::ptrdiff_t stride;  // `channels` where all of the image's are among them
  std::uint8_t* bytes;    // scratch, [pixels][stride], for planes of bytes
  std::int64_t image, row, first_pixel, pixels;
  std::int64_t first_channel, channels;
};

// `interleaved` tells whether a pixel's channels stand side by side in the image.
void store_pixels(const KernelTable& kernels, const MadePixels& made, const ImageShape& shape,
                  bool interleaved, const OutSamples& out);

}  // namespace simdconv
