// A kernel of rank 1 is the outer product of a column and a row: V[y, x] = v[y] h[x]. Boxes, Gaussians,
// binomials and the derivatives of Sobel and Prewitt are; Laplacians, discs and diagonals are not.
#pragma once

#include <vector>

#include "plan/filter.h"

namespace simdconv {

struct RankOne {
  std::vector<float> rows;     // v, [kernel_height]; their absolute values add up to at most 1
  std::vector<float> columns;  // h, [kernel_width]
};

// The factors of output channel `channel` of a filter whose groups have one input channel each; false where
// it has none. Where exact factors of few bits exist, as for whole numbers, the products are the weights
// exactly; otherwise they are as near as weights that were rounded to float let them be. All weights must be
// finite. Throws std::bad_alloc.
bool factor_rank_one(const FilterView& filter, const LayerShape& shape, std::int64_t channel,
                     RankOne* factors);

}  // namespace simdconv
