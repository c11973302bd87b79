#include "plan/geometry.h"

#include <initializer_list>
#include <limits>

namespace simdconv {
namespace {

constexpr std::int64_t kMaxAxis = std::int64_t{1} << 31;  // no size, stride, dilation or pad is larger

bool in_range(std::int64_t value, std::int64_t least) { return value >= least && value <= kMaxAxis; }

bool fits(std::initializer_list<std::int64_t> factors) {
  std::int64_t product = 1;
  for (const std::int64_t factor : factors) {
    if (!checked_multiply(&product, factor)) return false;
  }
  return true;
}

}  // namespace

bool checked_multiply(std::int64_t* product, std::int64_t factor) {
  if (*product < 0 || factor < 0) return false;
  if (factor != 0 && *product > kMaxElements / factor) return false;
  *product *= factor;
  return true;
}

Status check_layer_shape(const LayerShape& s) {
  for (const std::int64_t value : {s.kernel_height, s.kernel_width, s.in_channels, s.out_channels, s.groups,
                                   s.stride_height, s.stride_width, s.dilation_height, s.dilation_width}) {
    if (!in_range(value, 1)) return Status::bad_argument;
  }
  if (s.in_channels % s.groups != 0 || s.out_channels % s.groups != 0) return Status::bad_argument;
  if (!fits({s.kernel_height, s.kernel_width, s.group_in(), s.out_channels})) return Status::too_large;
  if (!fits({s.kernel_height, s.dilation_height}) || !fits({s.kernel_width, s.dilation_width})) {
    return Status::too_large;
  }
  return Status::ok;
}

std::int64_t Geometry::macs() const {
  std::int64_t product = 1;
  for (const std::int64_t factor : {out.batch, out.height, out.width, out.channels, layer.kernel_height,
                                    layer.kernel_width, layer.group_in()}) {
    if (product > std::numeric_limits<std::int64_t>::max() / factor)
      return std::numeric_limits<std::int64_t>::max();
    product *= factor;
  }
  return product;
}

Status make_geometry(const LayerShape& layer, const ImageShape& in, const Padding& padding,
                     Geometry* geometry) {
  for (const std::int64_t value : {in.batch, in.height, in.width, in.channels}) {
    if (!in_range(value, 1)) return Status::bad_argument;
  }
  for (const std::int64_t value : {padding.top, padding.bottom, padding.left, padding.right}) {
    if (!in_range(value, 0)) return Status::bad_argument;
  }
  if (in.channels != layer.in_channels) return Status::bad_argument;
  const std::int64_t room_height = in.height + padding.top + padding.bottom - layer.span_height();
  const std::int64_t room_width = in.width + padding.left + padding.right - layer.span_width();
  if (room_height < 0 || room_width < 0) return Status::kernel_too_large;
  const ImageShape out{in.batch, room_height / layer.stride_height + 1, room_width / layer.stride_width + 1,
                       layer.out_channels};
  if (!fits({in.batch, in.height, in.width, in.channels})) return Status::too_large;
  const std::int64_t padded_width = in.width + padding.left + padding.right;
  if (!fits({padded_width, in.channels}) || !fits({padded_width, layer.stride_width}))
    return Status::too_large;
  if (!fits({out.batch, out.height, out.width, out.channels})) return Status::too_large;
  *geometry = Geometry{layer, in, out, padding};
  return Status::ok;
}

Geometry as_one_row(Geometry geometry, bool joins_images) {
  const LayerShape& l = geometry.layer;
  const Padding& p = geometry.padding;
  const bool pointwise =
      l.kernel_height == 1 && l.kernel_width == 1 && l.stride_height == 1 && l.stride_width == 1;
  if (!pointwise || p.top != 0 || p.bottom != 0 || p.left != 0 || p.right != 0) return geometry;
  for (ImageShape* shape : {&geometry.in, &geometry.out}) {
    shape->width *= shape->height;
    shape->height = 1;
    if (!joins_images) continue;
    shape->width *= shape->batch;
    shape->batch = 1;
  }
  return geometry;
}

}  // namespace simdconv
