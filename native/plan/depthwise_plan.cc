#include "plan/depthwise_plan.h"

#include <algorithm>
#include <string>

#include "plan/border.h"
#include "plan/common.h"
#include "simdconv/cpu.h"

namespace simdconv {
namespace {

constexpr std::int64_t kMostPixels = 128;  // of a segment, whose sums may rest in L2
constexpr std::int64_t kFactorPixels = 8;  // that are renormalized at a time

// A load whose address is that of a store under way but for a multiple of 4 KiB waits for it. Where pixels stand a
// multiple of 2 KiB apart and the output begins as far beyond a page as the input, most loads do: unless there are
// many multiplications for each sample, sums had better rest in a strip until the row is done.
constexpr std::int64_t kAliasFloats = 512;
constexpr std::int64_t kFewTaps = 9;

constexpr const char* kPartedByLayout = "the channels of a pixel stand apart in nchw";

std::string not_whole_vectors(const Layer& layer) {
  return std::to_string(layer.shape.out_channels) + " channels are not whole vectors of " +
         std::to_string(layer.kernels->lanes);
}

std::string decline(const Layer& layer) {
  const LayerShape& s = layer.shape;
  if (s.group_in() != 1) return "an output channel sees " + std::to_string(s.group_in()) + " input channels";
  if (layer.spec.layout == Layout::nchw && s.out_channels > 1) return kPartedByLayout;
  if (s.out_channels % layer.kernels->lanes != 0) return not_whole_vectors(layer);
  if (layer.spec.border.renormalizes() && !layer.finite_weights) return kNeedsFiniteWeights;
  return {};
}

// Where a group fills a vector, an FMA of AVX-512 broadcasts a sample for nothing; with stride 2 that is faster than samples
// that trade places, which are then multiplied half as often.
std::string decline_grouped_cost(const Layer& layer) {
  const LayerShape& s = layer.shape;
  const bool fills = s.group_out() == layer.kernels->lanes;
  return fills && s.stride_height > 1 ? "with strides, groups that fill a vector are faster directly" : "";
}

// Groups of 2^n channels in and out, whole ones in a vector, and kernels whose columns of samples have registers.
std::string decline_grouped(const Layer& layer) {
  const LayerShape& s = layer.shape;
  const GroupedKernels& kernels = layer.kernels->grouped;
  const std::int64_t group = s.group_in();
  if (group == 1) return "an output channel sees a single input channel";
  if (group != s.group_out() || (group & (group - 1)) != 0 || group > kernels.most_channels) {
    return "it is for groups of 2, 4, ... channels in and out, " + std::to_string(kernels.most_channels) +
           " at most; here are " + std::to_string(group) + " in and " + std::to_string(s.group_out()) +
           " out";
  }
  if (s.out_channels % layer.kernels->lanes != 0) return not_whole_vectors(layer);
  if (layer.spec.layout == Layout::nchw) return kPartedByLayout;
  const DepthwiseHeights& best = kernels.tiles.best;
  const std::int64_t height = s.kernel_height == 3 ? best.three[0] : s.kernel_height == 5 ? best.five[0] : 0;
  if (s.kernel_height != s.kernel_width || height == 0) return "it has no tile for such a kernel";
  const bool shares = s.stride_height == s.stride_width && s.stride_height <= 2 && s.dilation_height == 1 &&
                      s.dilation_width == 1;
  if (!shares)
    return "strides above 2, or that differ, and dilations part the samples of neighbouring outputs";
  if (layer.spec.border.renormalizes() && !layer.finite_weights) return kNeedsFiniteWeights;
  return layer.spec.algorithm == "auto" ? decline_grouped_cost(layer) : "";
}

void prepare(Layer& layer) {
  layer.depthwise = DepthwiseFilter(layer.filter_view(), layer.spec.bias, layer.shape, layer.kernels->lanes);
}

// With `step` between output rows (or pixels) and `kernel_step` between the taps of one, both on a grid: how many
// outputs apart those stand that share samples, `stride` samples apart from one to the next. Tiles have strides 1
// and 2; false where neither will do.
bool share_samples(std::int64_t step, std::int64_t kernel_step, std::int64_t* stride, std::int64_t* spacing) {
  *stride = kernel_step % step == 0 ? 1 : 2;
  const bool share = *stride * kernel_step % step == 0;
  if (!share) *stride = 1;
  *spacing = share ? *stride * kernel_step / step : 1;
  return share;
}

}  // namespace

const Algorithm kDepthwise{
    "depthwise",
    decline,
    prepare,
    nullptr,
    [](std::shared_ptr<const Layer> layer, const Geometry& geometry) -> std::shared_ptr<const Plan> {
      return std::make_shared<DepthwisePlan>(kDepthwise.name, std::move(layer), geometry);
    },
};

const Algorithm kGrouped{
    "grouped",
    decline_grouped,
    prepare,
    nullptr,
    [](std::shared_ptr<const Layer> layer, const Geometry& geometry) -> std::shared_ptr<const Plan> {
      return std::make_shared<DepthwisePlan>(kGrouped.name, std::move(layer), geometry);
    },
};

DepthwisePlan::DepthwisePlan(const char* algorithm, std::shared_ptr<const Layer> layer,
                             const Geometry& geometry)
    : LayerPlan(algorithm, std::move(layer), geometry),
      grid_(geometry.layer),
      channels_(geometry.out.channels),
      turns_(geometry.layer.group_in()) {
  const Conv2dSpec& spec = layer_->spec;
  const bool skips_rows = outside_rows_add_nothing(spec.border, layer_->finite_weights);
  row_source_ = RowSource(*layer_->kernels, geometry.in, spec.border, /*contiguous=*/true, skips_rows,
                          geometry.layer.group_out() / turns_);
  choose_rows();
  choose_segments();
  choose_windows();
  const LayerShape& l = geometry.layer;
  waits_ = turns_ == 1 && channels_ % kAliasFloats == 0 &&
           l.kernel_height * l.kernel_width <= kFewTaps * l.stride_height * l.stride_width;
  lay_out_scratch();
}

// ---- deciding --------------------------------------------------------------------------------

// Higher tiles load fewer samples twice, lower ones take two blocks of channels at a time. Those pay where
// dilations part the pixels that share samples: between two that a tile reads stand others, which it does not. The
// lines of rows that stand whole pages apart share a set of L1, where with stride 2 those of five rows have room, and of
// two rows of the output, but not those of nine and four.
std::int64_t DepthwisePlan::best_rows() const {
  const LayerShape& l = geometry_.layer;
  const DepthwiseHeights& best = kernels().best;
  const bool square = l.kernel_height == l.kernel_width;
  if (square && l.kernel_height == 7) return best.seven[stride_ - 1];
  if (square && l.kernel_height == 5) return best.five[stride_ - 1];
  if (square && l.kernel_height == 3) {
    if (row_spacing_ > 1) return best.parted[stride_ - 1];
    if (geometry_.in.width * channels_ % kPageFloats == 0) return best.paged[stride_ - 1];
  }
  return best.three[stride_ - 1];
}

// A single row has no stride of its own, and takes that of the columns.
void DepthwisePlan::choose_rows() {
  const LayerShape& l = geometry_.layer;
  if (geometry_.out.height > 1 && share_samples(grid_.out_step, grid_.kernel_step, &stride_, &row_spacing_)) {
    tile_rows_ = best_rows();
  } else {
    std::int64_t spacing;
    share_samples(l.stride_width, l.dilation_width, &stride_, &spacing);
  }
}

void DepthwisePlan::choose_segments() {
  const std::int64_t width = geometry_.out.width;
  const bool gathers_all = geometry_.layer.group_out() > turns_ || in_type() == ElementType::uint8;
  if (gathers_all && !layer_->spec.border.renormalizes()) return add_segments(0, width, true);

  // A tap beyond the image in x can be mapped, or left unread where nothing stands there; not where a
  // constant must be multiplied, in x or in y.
  const Border& border = layer_->spec.border;
  const bool constant_x =
      border.x.mode == BorderMode::constant && !(border.x.value == 0 && layer_->finite_weights);
  maps_columns_ = !gathers_all && !constant_x && !row_source_.has_constant_rows();
  if (maps_columns_ && !border.renormalizes()) return add_segments(0, width, false);

  std::int64_t first_inside = 0, end_inside = width;
  while (first_inside < width && !is_inside(first_inside)) ++first_inside;
  while (end_inside > first_inside && !is_inside(end_inside - 1)) --end_inside;
  add_segments(0, first_inside, !maps_columns_);
  add_segments(first_inside, end_inside, gathers_all);
  add_segments(end_inside, width, !maps_columns_);
}

// Whether all taps of a pixel are inside the image.
bool DepthwisePlan::is_inside(std::int64_t pixel) const {
  const LayerShape& l = geometry_.layer;
  const std::int64_t first = pixel * l.stride_width - geometry_.padding.left;
  return first >= 0 && first + l.span_width() <= geometry_.in.width;
}

void DepthwisePlan::add_segments(std::int64_t first_pixel, std::int64_t end_pixel, bool gathered) {
  const std::int64_t pixels = end_pixel - first_pixel;
  const std::int64_t rows = input_rows(std::min(tile_rows_ * row_spacing_, geometry_.out.height));
  std::int64_t count = 1;
  while (count < pixels && (ceil_divide(pixels, count) > kMostPixels ||
                            rows * row_floats(ceil_divide(pixels, count), gathered) > kWindowFloats)) {
    count = std::min(count * 2, pixels);
  }
  for (std::int64_t i = 0; pixels > 0 && i < count; ++i) {
    segments_.push_back(
        make_segment(first_pixel + i * pixels / count, first_pixel + (i + 1) * pixels / count, gathered));
  }
}

// Of the input under neighbouring pixels; what is beyond the image takes no memory where it is not gathered.
std::int64_t DepthwisePlan::row_floats(std::int64_t pixels, bool gathered) const {
  const std::int64_t floats =
      stretch_under(geometry_.layer, geometry_.padding, 0, pixels, channels_, gathered).floats();
  return maps_columns_ ? std::min(floats, geometry_.in.width * channels_) : floats;
}

std::int64_t DepthwisePlan::input_rows(std::int64_t rows) const {
  const std::int64_t distinct = grid_.distinct_rows(rows);
  return maps_columns_ ? std::min(distinct, geometry_.in.height) : distinct;
}

DepthwisePlan::Segment DepthwisePlan::make_segment(std::int64_t first_pixel, std::int64_t end_pixel,
                                                   bool gathered) const {
  const LayerShape& l = geometry_.layer;
  Segment segment{};
  segment.first_pixel = first_pixel;
  segment.end_pixel = end_pixel;
  segment.gathered = gathered;
  segment.stretch =
      maps_columns_ ? Stretch{.first = 0, .columns = geometry_.in.width, .pixel_floats = channels_}
                    : stretch_under(l, geometry_.padding, first_pixel, segment.pixels(), channels_, gathered);

  std::int64_t stride, spacing;
  const bool share = share_samples(l.stride_width, l.dilation_width, &stride, &spacing) &&
                     stride == stride_ && !segment.stretch.by_tap;
  segment.pixel_spacing = share ? spacing : 1;
  const std::int64_t class_pixels = ceil_divide(segment.pixels(), segment.pixel_spacing);
  segment.column_step = share ? 1 : class_pixels * stride_;
  segment.class_columns = (class_pixels - 1) * stride_ + (l.kernel_width - 1) * segment.column_step + 1;
  const std::int64_t classes = std::min(segment.pixel_spacing, segment.pixels());
  segment.columns.assign(static_cast<std::size_t>(classes * segment.class_columns), kNoColumn);

  const std::int64_t first_tap = first_pixel * l.stride_width - geometry_.padding.left;
  for (std::int64_t k = 0; k < classes; ++k) {
    for (std::int64_t x = 0; x < l.kernel_width; ++x) {
      for (std::int64_t i = 0; i < class_pixels; ++i) {
        std::int64_t column = (k + i * segment.pixel_spacing) * l.stride_width + x * l.dilation_width;
        if (segment.stretch.by_tap) column = x * segment.stretch.columns + i;
        if (maps_columns_) {
          column = border_source(layer_->spec.border.x.mode, first_tap + column, geometry_.in.width);
          if (column == kOutside) continue;
        }
        segment.columns[static_cast<std::size_t>(k * segment.class_columns + i * stride_ +
                                                 x * segment.column_step)] = column * channels_;
      }
    }
  }
  return segment;
}

void DepthwisePlan::choose_windows() {
  std::int64_t widest = 1;
  for (const Segment& segment : segments_) {
    widest = std::max(widest, row_floats(segment.pixels(), segment.gathered));
  }
  const auto fits = [&](std::int64_t rows) {
    return input_rows(rows) * widest + grid_.entries(rows) * kPointerFloats <= kWindowFloats;
  };
  const std::int64_t height = geometry_.out.height, whole_tile = tile_rows_ * row_spacing_;
  const std::int64_t step = fits(std::min(whole_tile, height)) ? whole_tile : 1;
  const std::int64_t fair_share =
      ceil_divide(height * geometry_.out.batch * std::ssize(segments_), kMinUnits);
  std::int64_t rows = step;
  while (rows < fair_share && rows < height && fits(rows + step)) rows += step;
  block_rows_ = std::min(rows, height);
  row_blocks_ = ceil_divide(height, block_rows_);
  if (row_blocks_ > 1 && height - (row_blocks_ - 1) * block_rows_ < whole_tile) --row_blocks_;
}

void DepthwisePlan::lay_out_scratch() {
  const KernelTable& kernels = *layer_->kernels;
  const std::int64_t most_rows =
      std::max(block_rows_, geometry_.out.height - (row_blocks_ - 1) * block_rows_);
  std::int64_t strip_floats = 0, constant_floats = 0, most_pixels = 0;
  for (const Segment& segment : segments_) {
    const std::int64_t floats = row_floats(segment.pixels(), segment.gathered);
    if (segment.gathered) {
      strip_floats = std::max(strip_floats, grid_.distinct_rows(most_rows) * floats);
    } else if (row_source_.has_constant_rows()) {
      constant_floats = std::max(constant_floats, floats);
    }
    most_pixels = std::max(most_pixels, segment.pixels());
  }
  const bool renormalizes = layer_->spec.border.renormalizes();
  ScratchLayout scratch;
  scratch_.rows = scratch.place<const float*>(grid_.entries(most_rows));
  scratch_.strips = scratch.place<float>(strip_floats);
  scratch_.constant_row = scratch.place<float>(constant_floats);
  scratch_.sums =
      scratch.place<float>((tile_rows_ * most_pixels + 2) * kernels.lanes * kDepthwiseStripBlocks);
  scratch_.results =
      scratch.place<float>(out_type() == ElementType::uint8 ? tile_rows_ * most_pixels * channels_ : 0);
  scratch_.factors = scratch.place<float>(renormalizes ? kFactorPixels * channels_ : 0);
  scratch_.bytes = scratch.bytes();
}

std::string DepthwisePlan::kernel_name() const {
  const KernelTable& kernels = *layer_->kernels;
  return "f32_" + algorithm_ + "_" + std::to_string(std::min(tile_rows_, geometry_.out.height)) + "x" +
         std::to_string(kernels.lanes) + "_" + isa_name(kernels.isa);
}

// ---- obeying ---------------------------------------------------------------------------------

void DepthwisePlan::run_unit(std::int64_t index, std::int64_t /*before*/, const void* in, void* out,
                             std::byte* scratch) const {
  const Unit unit = decode(index, {in, in_type()}, {out, out_type()}, scratch);
  const std::int64_t out_rows = unit.end_row - unit.first_row;
  RowScratch row_scratch{.strips = reinterpret_cast<float*>(scratch + scratch_.strips),
                         .strip_count = grid_.distinct_rows(out_rows),
                         .constant_row = reinterpret_cast<float*>(scratch + scratch_.constant_row)};
  row_source_.point_rows(unit.in, unit.first_row * geometry_.layer.stride_height - geometry_.padding.top,
                         {0, out_rows}, grid_, unit.segment->stretch, &row_scratch, unit.rows);
  for (std::int64_t first = 0; first < std::min(row_spacing_, unit.end_row - unit.first_row); ++first) {
    const std::int64_t rows = ceil_divide(unit.end_row - unit.first_row - first, row_spacing_);
    for (std::int64_t done = 0; done < rows;) {
      const DepthwiseRows& kernel = tile_for(rows - done, rows);
      const std::int64_t begin =
          std::min(done, rows - kernel.rows);  // over what is done, where it is too tall
      run_tile(unit, kernel, unit.first_row + first + begin * row_spacing_);
      done = begin + kernel.rows;
    }
  }
}

// The tile that covers the `rest` of some `rows`, or as much of it as any: the lowest of those, if it fits.
const DepthwiseRows& DepthwisePlan::tile_for(std::int64_t rest, std::int64_t rows) const {
  const DepthwiseKernels& kernels = this->kernels();
  std::int64_t i = kernels.sizes - 1;
  while (i > 0 && kernels.tile[i].rows < rest && kernels.tile[i - 1].rows <= std::min(rows, tile_rows_)) --i;
  return kernels.tile[i];
}

DepthwisePlan::Unit DepthwisePlan::decode(std::int64_t index, const InSamples& in, const OutSamples& out,
                                          std::byte* scratch) const {
  const std::int64_t segments = std::ssize(segments_);
  const Segment& segment = segments_[static_cast<std::size_t>(index % segments)];
  const std::int64_t block = index / segments % row_blocks_, image = index / segments / row_blocks_;

  Unit unit{};
  unit.first_row = block * block_rows_;
  unit.end_row = block + 1 < row_blocks_ ? unit.first_row + block_rows_ : geometry_.out.height;
  unit.segment = &segment;
  unit.in = in.from(image * geometry_.in.height * geometry_.in.width * geometry_.in.channels);
  unit.out = out.from(image * geometry_.out.height * geometry_.out.width * channels_);
  unit.rows = reinterpret_cast<const float**>(scratch + scratch_.rows);
  unit.strip = reinterpret_cast<float*>(scratch + scratch_.sums);
  unit.results = reinterpret_cast<float*>(scratch + scratch_.results);
  unit.factors = reinterpret_cast<float*>(scratch + scratch_.factors);

  unit.blocks =
      &layer_->depthwise.blocks_for(segment.gathered ? nullptr : unit.in.floats());  // strips are aligned
  const std::uintptr_t apart =
      reinterpret_cast<std::uintptr_t>(unit.out.data) - reinterpret_cast<std::uintptr_t>(unit.in.data);
  unit.waits = waits_ && !segment.gathered &&
               (apart + kScratchAlignment) % (kAliasFloats * sizeof(float)) < 2 * kScratchAlignment;
  return unit;
}

void DepthwisePlan::run_tile(const Unit& unit, const DepthwiseRows& kernel, std::int64_t row) const {
  const Segment& segment = *unit.segment;
  const std::int64_t out_row = geometry_.out.width * channels_;
  const Tile place{row, kernel.rows};
  const bool fused = fused_ && !leaves_out(segment, place);
  const OutSamples out = unit.out.from(row * out_row + segment.first_pixel * channels_);
  const bool bytes = out.type == ElementType::uint8;
  float* data = bytes ? unit.results : out.floats();
  const std::ptrdiff_t row_stride = bytes ? segment.pixels() * channels_ : row_spacing_ * out_row;

  DepthwiseTile tile{};
  tile.rows = unit.rows + (row - unit.first_row) * grid_.out_step;
  tile.row_step = grid_.kernel_step;
  tile.kernel_rows = geometry_.layer.kernel_height;
  tile.column_step = segment.column_step;
  tile.kernel_columns = geometry_.layer.kernel_width;
  tile.turns = turns_;
  tile.weights = unit.blocks->weights();
  tile.bias = fused ? unit.blocks->bias() : unit.blocks->no_bias();
  tile.channels = channels_;
  tile.first_channel = unit.blocks->first_channel();
  tile.out_row_stride = row_stride;
  tile.out_pixel_stride = segment.pixel_spacing * channels_;
  tile.strip = unit.strip;
  tile.waits = unit.waits;
  tile.low = fused ? low_ : -kInfinity;
  tile.high = fused ? high_ : kInfinity;
  for (std::int64_t k = 0; k < std::min(segment.pixel_spacing, segment.pixels()); ++k) {
    tile.columns = segment.columns.data() + k * segment.class_columns;
    tile.pixels = ceil_divide(segment.pixels() - k, segment.pixel_spacing);
    tile.out = data + k * channels_;
    kernel.by_stride[stride_ - 1](tile);
  }
  if (!fused) finish(unit, place, data, row_stride);
  if (!bytes) return;
  layer_->kernels->narrow({.in = data,
                           .in_row_stride = row_stride,
                           .out = out.bytes(),
                           .out_row_stride = row_spacing_ * out_row,
                           .rows = kernel.rows,
                           .count = segment.pixels() * channels_});
}

// Whether the border leaves taps out of a tile's windows: if it does so anywhere between, then at an end.
bool DepthwisePlan::leaves_out(const Segment& segment, const Tile& tile) const {
  return simdconv::leaves_out(geometry_, layer_->spec.border,
                              {.first_row = tile.row,
                               .last_row = tile.row + (tile.rows - 1) * row_spacing_,
                               .first_pixel = segment.first_pixel,
                               .last_pixel = segment.end_pixel - 1});
}

void DepthwisePlan::finish(const Unit& unit, const Tile& tile, float* data, std::ptrdiff_t row_stride) const {
  FinishTile rest{};
  rest.data_stride = rest.scale_stride = channels_;
  rest.bias = layer_->depthwise.bias();
  rest.channels = channels_;
  rest.activation = layer_->spec.activation;
  for (std::int64_t r = 0; r < tile.rows; ++r, data += row_stride) {
    const std::int64_t row = tile.row + r * row_spacing_;
    const bool scaled = leaves_out(*unit.segment, {row, 1});
    rest.scale = scaled ? unit.factors : nullptr;
    const std::int64_t step = scaled ? kFactorPixels : unit.segment->pixels();
    for (std::int64_t first = unit.segment->first_pixel; first < unit.segment->end_pixel; first += step) {
      rest.pixels = std::min(step, unit.segment->end_pixel - first);
      rest.data = data + (first - unit.segment->first_pixel) * channels_;
      for (std::int64_t p = 0; scaled && p < rest.pixels; ++p) {
        layer_->renormalizer.factors(rows_kept(row), columns_kept(first + p), 0, channels_,
                                     unit.factors + p * channels_);
      }
      layer_->kernels->finish(rest);
    }
  }
}

}  // namespace simdconv
