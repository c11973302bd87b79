// Where the rows under a window come from. A row of the virtual image (the image and what its border puts
// around it) is a pointer: into the image itself, to a row of constants, or to a strip that is gathered on
// demand.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plan/geometry.h"
#include "simdconv/types.h"

namespace simdconv {

// The columns of a virtual row that a window needs.
struct Stretch {
  std::int64_t first = 0;         // virtual column
  std::int64_t columns = 0;       // of a piece
  std::int64_t pieces = 1;        // a strip may hold a piece for each kernel column,
  std::int64_t piece_step = 0;    // so many columns apart
  std::int64_t pixel_floats = 1;  // between the pixels of a piece
  bool gathered = false;          // false: all columns are inside, and the image is read in place

  std::int64_t floats() const { return pieces * columns * pixel_floats; }
};

// What `pixels` output pixels from `first_pixel` on need, from the first tap of the first to the last tap of
// the last. Gathered, it is those columns or a piece for each kernel column, whichever is less: dilation
// would leave most idle.
Stretch stretch_under(const LayerShape& layer, const Padding& padding, std::int64_t first_pixel,
                      std::int64_t pixels, std::int64_t pixel_floats, bool gathered);

// Where gathered rows go, and the row that stands for all rows of constants.
struct RowScratch {
  float* next_strip;    // moves on with each row that is gathered
  float* constant_row;  // filled by fill_constant_row
};

class RowSource {
 public:
  RowSource() = default;
  // `contiguous`: the pixels of a row are [width][channels] in memory. `skips_outside`: rows beyond the image
  // are not wanted where nothing but zeros stands there.
  RowSource(const ImageShape& in, const Border& border, bool contiguous, bool skips_outside)
      : in_(in), border_(border), contiguous_(contiguous), skips_outside_(skips_outside) {}

  // What stands at the stretch's first column of a virtual row; null where the row is not wanted.
  const float* row(const float* image, std::int64_t virtual_row, const Stretch& stretch,
                   RowScratch* scratch) const;

  // A row of constants may be asked for: rows beyond the image that are wanted and have no source.
  bool has_constant_rows() const;
  void fill_constant_row(const Stretch& stretch, float* row) const;

 private:
  void gather_constants(std::int64_t first, const Stretch& stretch, float* out) const;

  ImageShape in_{};
  Border border_;
  bool contiguous_ = true, skips_outside_ = false;
};

// Whether rows beyond the image add nothing to any sum, and can be passed over: zeros (or left out), and no
// weight that would make NaN of a zero.
bool outside_rows_add_nothing(const Border& border, bool finite_weights);

}  // namespace simdconv
