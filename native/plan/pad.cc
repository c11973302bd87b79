// The maps of the borders without a convolution: an image copied into a larger one.
#include <algorithm>

#include "plan/border.h"
#include "plan/gather.h"
#include "plan/geometry.h"
#include "simdconv/conv2d.h"

namespace simdconv {

Status pad(const float* in, float* out, const ImageShape& shape, Layout layout, const Padding& padding,
           const Border& border) {
  if (border.renormalizes()) return Status::bad_argument;
  LayerShape identity{1, 1, shape.channels, shape.channels, shape.channels, 1, 1, 1, 1};
  Geometry geometry{};
  const Status status = make_geometry(identity, shape, padding, &geometry);
  if (status != Status::ok) return status;

  // The planes of nchw are images of one channel.
  const std::int64_t images = layout == Layout::nhwc ? shape.batch : shape.batch * shape.channels;
  const std::int64_t channels = layout == Layout::nhwc ? shape.channels : 1;
  const std::int64_t row_floats = geometry.out.width * channels;
  for (std::int64_t n = 0; n < images; ++n) {
    for (std::int64_t y = 0; y < geometry.out.height; ++y, out += row_floats) {
      const std::int64_t source = border_source(border.y.mode, y - padding.top, shape.height);
      if (source == kOutside) {
        std::fill_n(out, row_floats, border.y.value);
        continue;
      }
      const float* data = in + (n * shape.height + source) * shape.width * channels;
      gather_row({data, channels, 1, shape.width, channels}, border.x, {-padding.left, geometry.out.width, 1},
                 out, channels);
    }
  }
  return Status::ok;
}

}  // namespace simdconv
