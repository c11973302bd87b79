#include "plan/gather.h"

#include <algorithm>
#include <type_traits>

#include "plan/border.h"

namespace simdconv {
namespace {

template <typename In, typename Out>
void copy_pixel(const ImageRow<In>& row, const In* pixel, Out* out) {
  for (std::int64_t c = 0; c < row.channels; ++c, pixel += row.channel_stride) {
    for (std::int64_t copy = 0; copy < row.copies; ++copy) *out++ = static_cast<Out>(*pixel);
  }
}

// Neighbours in memory.
template <typename In, typename Out>
void copy_run(const ImageRow<In>& row, const In* source, std::int64_t count, Out* out) {
  if constexpr (std::is_same_v<In, Out>) {
    std::copy_n(source, count, out);
  } else {
    row.widen(source, out, count);
  }
}

// Columns that all lie within the image.
template <typename In, typename Out>
void copy_inside(const ImageRow<In>& row, Columns columns, Out* out, std::ptrdiff_t out_stride) {
  const In* source = row.data + columns.first * row.pixel_stride;
  const std::ptrdiff_t step = columns.step * row.pixel_stride;
  if (row.copies > 1) {
    for (std::int64_t i = 0; i < columns.count; ++i) copy_pixel(row, source + i * step, out + i * out_stride);
  } else if (row.channel_stride == 1 && step == out_stride && row.channels == out_stride) {
    copy_run(row, source, columns.count * out_stride, out);
  } else if (row.channel_stride == 1) {
    for (std::int64_t i = 0; i < columns.count; ++i) {
      copy_run(row, source + i * step, row.channels, out + i * out_stride);
    }
  } else {
    for (std::int64_t c = 0; c < row.channels; ++c, source += row.channel_stride) {
      for (std::int64_t i = 0; i < columns.count; ++i) {
        out[i * out_stride + c] = static_cast<Out>(source[i * step]);
      }
    }
  }
}

// Columns that all lie beyond the image. Where nothing stands there, a constant does, or a zero for a tap
// left out.
template <typename In, typename Out>
void copy_beyond(const ImageRow<In>& row, AxisBorder border, Columns columns, Out* out,
                 std::ptrdiff_t out_stride) {
  const Out value = border.mode == BorderMode::constant ? static_cast<Out>(border.value) : Out{0};
  for (std::int64_t i = 0; i < columns.count; ++i, out += out_stride) {
    const std::int64_t place = border_source(border.mode, columns.first + i * columns.step, row.width);
    if (place == kOutside) {
      std::fill_n(out, row.channels * row.copies, value);
    } else {
      copy_pixel(row, row.data + place * row.pixel_stride, out);
    }
  }
}

// How many of `count` columns stand before `limit`.
std::int64_t columns_before(const Columns& columns, std::int64_t limit) {
  const std::int64_t distance = limit - columns.first;
  return distance <= 0 ? 0 : std::min(columns.count, (distance - 1) / columns.step + 1);
}

// Columns [from, to) of them.
Columns part_of(const Columns& columns, std::int64_t from, std::int64_t to) {
  return {columns.first + from * columns.step, to - from, columns.step};
}

// Interleaved bytes become floats some pixels at a time.
constexpr std::int64_t kWidenedFloats = 2048;

void interleaved_inside(const ImageRow<float>& row, const float* source, std::ptrdiff_t step,
                        std::int64_t count, InterleavingKernel to_planes, float* out,
                        std::ptrdiff_t plane_stride) {
  to_planes({source, step, out, plane_stride, count, row.channels});
}

void interleaved_inside(const ImageRow<std::uint8_t>& row, const std::uint8_t* source, std::ptrdiff_t step,
                        std::int64_t count, InterleavingKernel to_planes, float* out,
                        std::ptrdiff_t plane_stride) {
  if (step > kWidenedFloats) {  // pixels far apart, or of very many channels
    for (std::int64_t i = 0; i < count; ++i, source += step) {
      for (std::int64_t c = 0; c < row.channels; ++c) out[c * plane_stride + i] = source[c];
    }
    return;
  }
  float widened[kWidenedFloats];
  const std::int64_t most = (kWidenedFloats - row.channels) / step + 1;
  for (std::int64_t done = 0; done < count; done += most) {
    const std::int64_t pixels = std::min(most, count - done);
    row.widen(source + done * step, widened, (pixels - 1) * step + row.channels);
    to_planes({widened, step, out + done, plane_stride, pixels, row.channels});
  }
}

template <typename In>
void planes_inside(const ImageRow<In>& row, const Columns& columns, InterleavingKernel to_planes, float* out,
                   std::ptrdiff_t plane_stride) {
  const In* source = row.data + columns.first * row.pixel_stride;
  const std::ptrdiff_t step = columns.step * row.pixel_stride;
  if (row.channel_stride == 1 && row.channels > 1) {
    return interleaved_inside(row, source, step, columns.count, to_planes, out, plane_stride);
  }
  for (std::int64_t c = 0; c < row.channels; ++c, source += row.channel_stride, out += plane_stride) {
    if (step == 1) {
      copy_run(row, source, columns.count, out);
    } else {
      for (std::int64_t i = 0; i < columns.count; ++i) out[i] = static_cast<float>(source[i * step]);
    }
  }
}

template <typename In>
void planes_beyond(const ImageRow<In>& row, AxisBorder border, const Columns& columns, float* out,
                   std::ptrdiff_t plane_stride) {
  const float value = border.mode == BorderMode::constant ? border.value : 0.0F;
  for (std::int64_t i = 0; i < columns.count; ++i) {
    const std::int64_t place = border_source(border.mode, columns.first + i * columns.step, row.width);
    const In* pixel = row.data + std::max<std::int64_t>(place, 0) * row.pixel_stride;
    for (std::int64_t c = 0; c < row.channels; ++c) {
      out[c * plane_stride + i] =
          place == kOutside ? value : static_cast<float>(pixel[c * row.channel_stride]);
    }
  }
}

}  // namespace

template <typename In, typename Out>
void gather_row(const ImageRow<In>& row, AxisBorder border, Columns columns, Out* out,
                std::ptrdiff_t out_stride) {
  const std::int64_t begin = columns_before(columns, 0), end = columns_before(columns, row.width);
  copy_beyond(row, border, part_of(columns, 0, begin), out, out_stride);
  copy_inside(row, part_of(columns, begin, end), out + begin * out_stride, out_stride);
  copy_beyond(row, border, part_of(columns, end, columns.count), out + end * out_stride, out_stride);
}

template <typename In>
void gather_planes(const ImageRow<In>& row, AxisBorder border, Columns columns, InterleavingKernel to_planes,
                   float* out, std::ptrdiff_t plane_stride) {
  const std::int64_t begin = columns_before(columns, 0), end = columns_before(columns, row.width);
  planes_beyond(row, border, part_of(columns, 0, begin), out, plane_stride);
  if (begin < end) planes_inside(row, part_of(columns, begin, end), to_planes, out + begin, plane_stride);
  planes_beyond(row, border, part_of(columns, end, columns.count), out + end, plane_stride);
}

template void gather_planes(const ImageRow<float>&, AxisBorder, Columns, InterleavingKernel, float*,
                            std::ptrdiff_t);
template void gather_planes(const ImageRow<std::uint8_t>&, AxisBorder, Columns, InterleavingKernel, float*,
                            std::ptrdiff_t);
template void gather_row(const ImageRow<float>&, AxisBorder, Columns, float*, std::ptrdiff_t);
template void gather_row(const ImageRow<std::uint8_t>&, AxisBorder, Columns, std::uint8_t*, std::ptrdiff_t);
template void gather_row(const ImageRow<std::uint8_t>&, AxisBorder, Columns, float*, std::ptrdiff_t);

}  // namespace simdconv
