// The oracle: equation E5 with every option, in double, as seven plain loops. It shares no code with the rest
// of the library (not even the maps of the borders, which it walks step by step), so that agreement means
// something.
#pragma once

#include <cstdint>

#include "simdconv/conv2d.h"

namespace simdconv {

// One output row of one image; input and output are arrays of the types in `spec`. `spec` and the shapes must be those of a valid plan.
void reference_row(const Conv2dSpec& spec, const ImageShape& in, const ImageShape& out,
                   const Padding& padding, std::int64_t batch, std::int64_t row, const void* input,
                   void* output);

}  // namespace simdconv
