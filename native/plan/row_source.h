// Where the rows under a window come from. A row of the virtual image (the image and what its border puts
// around it) is a pointer: into the image itself, to a row of constants, or to a strip that is gathered on
// demand. Bytes become floats on the way into strips, and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "plan/geometry.h"
#include "plan/samples.h"
#include "simdconv/types.h"

namespace simdconv {

// The columns of a virtual row that a window needs: `pieces` times `columns` of them, by steps.
struct Stretch {
  std::int64_t first = 0;         // virtual column
  std::int64_t columns = 0;       // of a piece
  std::int64_t column_step = 1;   // from column to column of a piece
  std::int64_t pieces = 1;        // one; or, by tap, one for each kernel column
  std::int64_t piece_step = 0;    // from the first column of a piece to that of the next
  std::int64_t pixel_floats = 1;  // in memory, from column to column
  std::int64_t channels = 0;      // that are gathered of each pixel, from the image's first on; 0: all
  bool gathered = false;          // false: all columns are inside, and the image is read in place
  bool by_tap = false;

  std::int64_t floats() const { return pieces * columns * pixel_floats; }
};

// What `pixels` output pixels from `first_pixel` on need: all columns from the first tap of the first to the
// last tap of the last; or, gathered, only those under a tap, in a piece for each kernel column, where they
// are fewer (large strides and dilations leave most columns idle).
Stretch stretch_under(const LayerShape& layer, const Padding& padding, std::int64_t first_pixel,
                      std::int64_t pixels, std::int64_t pixel_floats, bool gathered);

// Which virtual rows a block of output rows sees. With g the greatest common divisor of vertical stride and
// dilation, all of them stand on a grid of step g, so a table of pointers with an entry for each grid row
// serves all output rows: kernel row k under output row r is entry r * out_step + k * kernel_step.
class RowGrid {
 public:
  RowGrid() = default;
  explicit RowGrid(const LayerShape& layer);

  std::int64_t step = 1;                       // g, in virtual rows
  std::int64_t out_step = 1, kernel_step = 1;  // in entries
  std::int64_t kernel_rows = 1;

  std::int64_t entries(std::int64_t out_rows) const;
  std::int64_t distinct_rows(std::int64_t out_rows) const;  // entries that are seen at all

  // The kernel rows of output row r that no output row before it has seen are [first_new(r), kernel_rows).
  std::int64_t first_new(std::int64_t out_row) const;
};

// Where gathered rows go, and the row that stands for all rows of constants.
struct RowScratch {
  float* strips;  // [strip_count][floats of a stretch]; the latest row takes the place of the oldest
  std::int64_t strip_count;
  float* constant_row;
  std::int64_t gathered = 0;  // rows so far
  bool constant_row_filled = false;
};

class RowSource {
 public:
  RowSource() = default;
  // `contiguous`: the pixels of a row are [width][channels] in memory. `skips_outside`: rows beyond the image
  // are not wanted where nothing but zeros stands there. `copies`: how often each channel is repeated in
  // strips. `kernels`: what turns bytes into floats.
  RowSource(const KernelTable& kernels, const ImageShape& in, const Border& border, bool contiguous,
            bool skips_outside, std::int64_t copies = 1)
      : widen_(kernels.widen),
        in_(in),
        border_(border),
        contiguous_(contiguous),
        skips_outside_(skips_outside),
        copies_(copies) {}

  // Fills a table for output rows [begin, end) of those of which the first has its first tap on `first_row`,
  // with pointers to the stretch's first column; null for rows that are not wanted. Each row is gathered once,
  // however many output rows see it, also when the output rows come in several calls, one after the other.
  struct OutRows {
    std::int64_t begin, end;
  };
  void point_rows(const InSamples& image, std::int64_t first_row, OutRows out_rows, const RowGrid& grid,
                  const Stretch& stretch, RowScratch* scratch, const float** table) const;

  // Whether rows of constants may be asked for: rows beyond the image that are wanted and have no source.
  bool has_constant_rows() const;

 private:
  const float* row(const InSamples& image, std::int64_t virtual_row, const Stretch& stretch,
                   RowScratch* scratch) const;
  template <typename In>
  void gather(const In* image, std::int64_t source, std::int64_t first, const Stretch& stretch,
              float* out) const;
  void gather_constants(std::int64_t first, const Stretch& stretch, float* out) const;
  std::int64_t gathered_channels(const Stretch& stretch) const;
  float outside_value() const;

  WidenKernel widen_ = nullptr;
  ImageShape in_{};
  Border border_;
  bool contiguous_ = true, skips_outside_ = false;
  std::int64_t copies_ = 1;
};

// Whether rows beyond the image add nothing to any sum, and can be passed over: zeros (or left out), and no
// weight that would make NaN of a zero.
bool outside_rows_add_nothing(const Border& border, bool finite_weights);

}  // namespace simdconv
