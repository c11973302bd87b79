// From the plain objects of native.ts to the structures of the C++ API.
#pragma once

#include <napi.h>

#include <cstdint>

#include "simdconv/conv2d.h"

namespace simdconv::binding {

// Pointers in the result point into the JavaScript arrays of `object`.
Conv2dSpec decode_spec(const Napi::Object& object);
Border decode_border(const Napi::Object& object);
Layout decode_layout(const Napi::Value& value);

std::int64_t decode_size(const Napi::Value& value);
ImageShape decode_shape(const Napi::Object& object);
Padding decode_padding(const Napi::Object& object);

// The memory of a Float32Array that must hold exactly `count` floats, or an image of a shape.
float* decode_floats(const Napi::Value& value, std::int64_t count);
float* decode_floats(const Napi::Value& value, const ImageShape& shape);

}  // namespace simdconv::binding
