#include "plan/made_pixels.h"

namespace simdconv {
namespace {

template <typename T>
void spread(const MadePixels& made, const T* pixels, T* plane, std::ptrdiff_t plane_stride) {
  for (std::int64_t d = 0; d < made.channels; ++d, plane += plane_stride) {
    for (std::int64_t p = 0; p < made.pixels; ++p) plane[p] = pixels[p * made.stride + d];
  }
}

}  // namespace

void store_pixels(const KernelTable& kernels, const MadePixels& made, const ImageShape& shape,
                  bool interleaved, const OutSamples& out) {
  const std::int64_t row = made.image * shape.height + made.row;
  if (interleaved) {
    const bool contiguous = made.stride == made.channels && made.channels == shape.channels;
    const std::int64_t at = (row * shape.width + made.first_pixel) * shape.channels + made.first_channel;
    NarrowTile narrow{};
    narrow.in = made.data;
    narrow.in_row_stride = made.stride;
    narrow.out = out.bytes() + at;
    narrow.out_row_stride = shape.channels;
    narrow.rows = contiguous ? 1 : made.pixels;
    narrow.count = contiguous ? made.pixels * made.channels : made.channels;
    return kernels.narrow(narrow);
  }

  const std::ptrdiff_t plane_size = shape.height * shape.width;
  const OutSamples plane = out.from((made.image * shape.channels + made.first_channel) * plane_size +
                                    made.row * shape.width + made.first_pixel);
  if (out.type == ElementType::float32) return spread(made, made.data, plane.floats(), plane_size);
  kernels.narrow({.in = made.data,
                  .in_row_stride = made.stride,
                  .out = made.bytes,
                  .out_row_stride = made.stride,
                  .rows = made.pixels,
                  .count = made.channels});
  spread<std::uint8_t>(made, made.bytes, plane.bytes(), plane_size);
}

}  // namespace simdconv
