// From the plain objects of native.ts to the structures of the C++ API.
#pragma once

#include <napi.h>

#include <cstdint>

#include "simdconv/conv2d.h"
#include "simdconv/pixel_mlp.h"

namespace simdconv::binding {

// Pointers in the result point into the JavaScript arrays of `object`.
Conv2dSpec decode_spec(const Napi::Object& object);
PixelMlpSpec decode_mlp_spec(const Napi::Object& object);
Border decode_border(const Napi::Object& object);
Layout decode_layout(const Napi::Value& value);

std::int64_t decode_size(const Napi::Value& value);
ImageShape decode_shape(const Napi::Object& object);
Padding decode_padding(const Napi::Object& object);

ElementType decode_element_type(const Napi::Value& value);

// The memory of a Float32Array that must hold exactly `count` floats.
const float* decode_floats(const Napi::Value& value, std::int64_t count);
// The memory of an array of `type` that must hold exactly an image of a shape.
void* decode_image(const Napi::Value& value, ElementType type, const ImageShape& shape);

}  // namespace simdconv::binding
