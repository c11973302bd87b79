// The arithmetic of shapes: from a layer, an image and a padding to output sizes, with every product checked.
#pragma once

#include <cstdint>

#include "simdconv/types.h"

namespace simdconv {

// Multiplies into *product; false where the result would leave [0, kMaxElements] or a factor is negative.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 48;
bool checked_multiply(std::int64_t* product, std::int64_t factor);

// The sizes of a layer that do not depend on an image.
struct LayerShape {
  std::int64_t kernel_height, kernel_width;
  std::int64_t in_channels, out_channels;  // of all groups together
  std::int64_t groups;
  std::int64_t stride_height, stride_width;
  std::int64_t dilation_height, dilation_width;

  std::int64_t group_in() const { return in_channels / groups; }
  std::int64_t group_out() const { return out_channels / groups; }
  std::int64_t span_height() const { return (kernel_height - 1) * dilation_height + 1; }
  std::int64_t span_width() const { return (kernel_width - 1) * dilation_width + 1; }
};

Status check_layer_shape(const LayerShape& layer);

// A layer on an image.
struct Geometry {
  LayerShape layer;
  ImageShape in, out;
  Padding padding;

  std::int64_t macs() const;  // multiply-adds, padded taps included
};

Status make_geometry(const LayerShape& layer, const ImageShape& in, const Padding& padding,
                     Geometry* geometry);

// A layer without neighbourhoods sees no rows: all pixels of an image, or of all images where they stand one
// after the other, are one row, cut without remainders at the row ends. Other layers stay as they are.
Geometry as_one_row(Geometry geometry, bool joins_images);

}  // namespace simdconv
