// The maps of the borders without a convolution: an image copied into a larger one.
#include <algorithm>
#include <cmath>

#include "plan/border.h"
#include "plan/gather.h"
#include "plan/geometry.h"
#include "simdconv/conv2d.h"

namespace simdconv {

namespace {

template <typename T>
void pad_images(const T* in, T* out, const ImageShape& shape, const ImageShape& padded, Layout layout,
                const Padding& padding, const Border& border) {
  // The planes of nchw are images of one channel.
  const std::int64_t images = layout == Layout::nhwc ? shape.batch : shape.batch * shape.channels;
  const std::int64_t channels = layout == Layout::nhwc ? shape.channels : 1;
  const std::int64_t row_elements = padded.width * channels;
  for (std::int64_t n = 0; n < images; ++n) {
    for (std::int64_t y = 0; y < padded.height; ++y, out += row_elements) {
      const std::int64_t source = border_source(border.y.mode, y - padding.top, shape.height);
      if (source == kOutside) {
        std::fill_n(out, row_elements, static_cast<T>(border.y.value));
        continue;
      }
      const T* data = in + (n * shape.height + source) * shape.width * channels;
      gather_row(ImageRow<T>{data, channels, 1, shape.width, channels}, border.x,
                 {-padding.left, padded.width, 1}, out, channels);
    }
  }
}

bool is_byte_or_no_constant(const AxisBorder& axis) {
  if (axis.mode != BorderMode::constant) return true;
  return axis.value >= 0 && axis.value <= 255 && axis.value == std::floor(axis.value);
}

}  // namespace

Status pad(const void* in, void* out, ElementType type, const ImageShape& shape, Layout layout,
           const Padding& padding, const Border& border) {
  if (border.renormalizes()) return Status::bad_argument;
  LayerShape identity{1, 1, shape.channels, shape.channels, shape.channels, 1, 1, 1, 1};
  Geometry geometry{};
  const Status status = make_geometry(identity, shape, padding, &geometry);
  if (status != Status::ok) return status;
  if (type == ElementType::uint8) {
    if (!is_byte_or_no_constant(border.y) || !is_byte_or_no_constant(border.x)) return Status::bad_argument;
    pad_images(static_cast<const std::uint8_t*>(in), static_cast<std::uint8_t*>(out), shape, geometry.out,
               layout, padding, border);
  } else {
    pad_images(static_cast<const float*>(in), static_cast<float*>(out), shape, geometry.out, layout, padding,
               border);
  }
  return Status::ok;
}

}  // namespace simdconv
