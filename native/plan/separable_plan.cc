#include "plan/separable_plan.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "plan/border.h"
#include "plan/common.h"
#include "plan/rank_one.h"
#include "simdconv/cpu.h"

namespace simdconv {
namespace {

constexpr std::int64_t kLeastSegment = 2048, kMostSegment = 4096;  // floats of a row
constexpr std::int64_t kLeastGathered = 64;
constexpr std::int64_t kMostMarginFloats = 4096;  // that segments which meet both make
constexpr std::int64_t kBlockRows = 64;

// Of a row, to be finished before they become bytes: six rows of them stay in L1.
constexpr std::int64_t kResultFloats = 512;

std::int64_t margin_floats(const Layer& layer) {
  return (layer.shape.span_width() - 1) * layer.plane_channels();
}

std::string decline_shape(const Layer& layer) {
  const LayerShape& s = layer.shape;
  if (s.group_in() != 1) return "an output channel sees " + std::to_string(s.group_in()) + " input channels";
  if (layer.spec.layout == Layout::nhwc && s.group_out() != 1) {
    return "an input channel has " + std::to_string(s.group_out()) +
           " output channels, which nhwc interleaves";
  }
  if (s.stride_height > 1) return "vertical stride " + std::to_string(s.stride_height) + " is more than 1";
  if (s.stride_width > 1) return "horizontal stride " + std::to_string(s.stride_width) + " is more than 1";
  if (margin_floats(layer) > kMostMarginFloats) {
    return "the kernel spans " + std::to_string(margin_floats(layer)) +
           " floats of a row beyond the first pixel, more than " + std::to_string(kMostMarginFloats);
  }
  return {};
}

// What two passes save must pay for the rows that are written and read between them. Measured at 1080p (Zen 4,
// AVX-512) against one pass: 3x3 is as fast on one channel, 5x5 is 1.1 to 1.3 times as fast.
std::string decline_cost(const Layer& layer) {
  const std::int64_t height = layer.shape.kernel_height, width = layer.shape.kernel_width;
  if (height * width >= 2 * (height + width) - 1) return {};
  return "two passes do not pay for a kernel of " + std::to_string(height) + "x" + std::to_string(width);
}

std::string decline(const Layer& layer) {
  const LayerShape& s = layer.shape;
  std::string reason = decline_shape(layer);
  if (reason.empty() && layer.spec.algorithm == "auto") reason = decline_cost(layer);
  if (!reason.empty()) return reason;
  if (!layer.finite_weights) return "a weight is not finite";
  const FilterView filter = layer.filter_view();
  RankOne factors;
  for (std::int64_t d = 0; d < s.out_channels; ++d) {
    if (!factor_rank_one(filter, s, d, &factors)) {
      return "the kernel of output channel " + std::to_string(d) + " is no product of a column and a row";
    }
  }
  return {};
}

void prepare(Layer& layer) {
  layer.separable = SeparableFilter(layer.filter_view(), layer.spec.bias, layer.shape, layer.plane_channels(),
                                    *layer.kernels);
}

}  // namespace

const Algorithm kSeparable{
    "separable",
    decline,
    prepare,
    nullptr,
    [](std::shared_ptr<const Layer> layer, const Geometry& geometry) -> std::shared_ptr<const Plan> {
      return std::make_shared<SeparablePlan>(std::move(layer), geometry);
    },
};

SeparablePlan::SeparablePlan(std::shared_ptr<const Layer> layer, const Geometry& geometry)
    : LayerPlan(kSeparable.name, std::move(layer), geometry) {
  const Conv2dSpec& spec = layer_->spec;
  plane_channels_ = layer_->plane_channels();
  planes_ = geometry.out.batch * (geometry.out.channels / plane_channels_);
  const ImageShape plane{1, geometry.in.height, geometry.in.width, plane_channels_};
  row_source_ = RowSource(*layer_->kernels, plane, spec.border, /*contiguous=*/true, /*skips_outside=*/false);
  LayerShape rows = geometry.layer;
  rows.stride_height = rows.dilation_height;  // output rows a dilation apart share their input rows
  grid_ = RowGrid(rows);
  choose_horizontal();
  choose_segments();
  choose_blocks();
  lay_out_scratch();
}

// ---- deciding --------------------------------------------------------------------------------

// Kernel columns share loads where enough of them stand whole vectors apart.
void SeparablePlan::choose_horizontal() {
  const KernelTable& kernels = *layer_->kernels;
  const std::int64_t tap_floats = geometry_.layer.dilation_width * plane_channels_;
  const std::int64_t common = std::gcd(tap_floats, kernels.lanes);
  period_ = kernels.lanes / common;
  for (const SharedKernel& kernel : kernels.separable.shared) {
    if (kernel.step == tap_floats / common && period_ < geometry_.layer.kernel_width) shared_ = &kernel;
  }
}

void SeparablePlan::choose_segments() {
  const LayerShape& l = geometry_.layer;
  const std::int64_t margin = margin_floats(*layer_), width = geometry_.out.width;
  const std::int64_t rows = l.kernel_height + layer_->kernels->separable.rows;  // in use at once
  // At least twice what neighbouring segments both make. What is gathered is gathered as finely as need be.
  const std::int64_t least = in_type() == ElementType::uint8 ? std::max(kLeastGathered, 2 * margin)
                                                             : std::max(kLeastSegment, 2 * margin);
  const std::int64_t floats = std::clamp(kWindowFloats / rows, least, std::max(least, kMostSegment));
  segments_ = ceil_divide(width, std::max<std::int64_t>(1, floats / plane_channels_));
  segment_pixels_ = ceil_divide(width, segments_);

  const std::int64_t left = geometry_.padding.left;
  first_whole_ = std::min(left, width);
  end_whole_ = std::clamp(geometry_.in.width + left - l.span_width() + 1, first_whole_, width);
}

// Whole tiles of rows; the last block takes what is left.
void SeparablePlan::choose_blocks() {
  const LayerShape& l = geometry_.layer;
  const std::int64_t height = geometry_.out.height;
  const std::int64_t tile_rows = layer_->kernels->separable.rows * l.dilation_height;
  const std::int64_t fair_share = ceil_divide(height * planes_ * segments_, kMinUnits);
  const std::int64_t long_enough = std::max(kBlockRows, 4 * l.span_height());
  block_rows_ = ceil_divide(std::min(fair_share, long_enough), tile_rows) * tile_rows;
  row_blocks_ = std::max<std::int64_t>(1, height / block_rows_);
}

void SeparablePlan::lay_out_scratch() {
  const LayerShape& l = geometry_.layer;
  const std::int64_t lanes = layer_->kernels->lanes, tile_rows = layer_->kernels->separable.rows;
  const std::int64_t columns = segment_pixels_ + l.span_width() - 1;
  middle_stride_ = (ceil_divide(columns * plane_channels_, lanes) + 1) * lanes;
  const std::int64_t most_rows = geometry_.out.height - (row_blocks_ - 1) * block_rows_;  // in the last block
  const bool constants = row_source_.has_constant_rows();
  const bool bytes_in = in_type() == ElementType::uint8, bytes_out = out_type() == ElementType::uint8;
  const bool unfused = !fused_ || layer_->spec.border.renormalizes();
  if (bytes_out && unfused) results_pixels_ = ceil_divide(kResultFloats, plane_channels_);
  ScratchLayout scratch;
  scratch_.rows = scratch.place<const float*>(grid_.entries(ceil_divide(most_rows, l.dilation_height)));
  scratch_.other_rows = scratch.place<const float*>(grid_.entries(tile_rows));
  scratch_.sources = scratch.place<std::int64_t>(columns);
  scratch_.middle = scratch.place<float>(tile_rows * middle_stride_);
  scratch_.strips = scratch.place<float>(bytes_in ? grid_.entries(tile_rows) * columns * plane_channels_ : 0);
  scratch_.other_strips = scratch.place<float>(bytes_in ? grid_.entries(tile_rows) * plane_channels_ : 0);
  scratch_.constant_row = scratch.place<float>(constants ? columns * plane_channels_ : 0);
  scratch_.constants = scratch.place<float>(plane_channels_);
  scratch_.results = scratch.place<float>(tile_rows * results_pixels_ * plane_channels_);
  scratch_.factors =
      scratch.place<float>(layer_->spec.border.renormalizes() ? segment_pixels_ * plane_channels_ : 0);
  scratch_.bytes = scratch.bytes();
}

std::string SeparablePlan::kernel_name() const {
  const KernelTable& kernels = *layer_->kernels;
  return "f32_separable_" + std::to_string(kernels.separable.rows) + "x" +
         std::to_string(kernels.separable.vectors * kernels.lanes) + "_" + isa_name(kernels.isa);
}

// ---- obeying ---------------------------------------------------------------------------------

SeparablePlan::Unit SeparablePlan::decode(std::int64_t index, const InSamples& in, const OutSamples& out,
                                          std::byte* scratch) const {
  const std::int64_t segment = index % segments_;
  index /= segments_;
  const std::int64_t block = index % row_blocks_, plane = index / row_blocks_;
  const LayerShape& l = geometry_.layer;
  const ImageShape &in_shape = geometry_.in, &out_shape = geometry_.out;
  const std::int64_t in_plane = plane_channels_ == 1 ? plane / l.group_out() : plane;
  Unit unit{};
  unit.first_row = block * block_rows_;
  unit.end_row = block + 1 < row_blocks_ ? unit.first_row + block_rows_ : out_shape.height;
  unit.first_pixel = segment * out_shape.width / segments_;
  unit.end_pixel = (segment + 1) * out_shape.width / segments_;
  unit.first_channel = plane % (out_shape.channels / plane_channels_) * plane_channels_;
  unit.in = in.from(in_plane * in_shape.height * in_shape.width * plane_channels_);
  unit.out = out.from(plane * out_shape.height * out_shape.width * plane_channels_);
  unit.first = unit.first_pixel - geometry_.padding.left;
  unit.end = unit.end_pixel - geometry_.padding.left + l.span_width() - 1;
  unit.inside = std::max<std::int64_t>(unit.first, 0);
  unit.inside_end = std::min(unit.end, in_shape.width);
  if (unit.inside >= unit.inside_end) unit.inside = unit.inside_end = unit.end;
  unit.rows = reinterpret_cast<const float**>(scratch + scratch_.rows);
  unit.other_rows = reinterpret_cast<const float**>(scratch + scratch_.other_rows);
  unit.sources = reinterpret_cast<std::int64_t*>(scratch + scratch_.sources);
  unit.middle = reinterpret_cast<float*>(scratch + scratch_.middle);
  unit.other_strips = reinterpret_cast<float*>(scratch + scratch_.other_strips);
  unit.constant_row = reinterpret_cast<float*>(scratch + scratch_.constant_row);
  unit.constants = reinterpret_cast<float*>(scratch + scratch_.constants);
  unit.results = reinterpret_cast<float*>(scratch + scratch_.results);
  unit.factors = reinterpret_cast<float*>(scratch + scratch_.factors);
  return unit;
}

void SeparablePlan::run_unit(std::int64_t index, std::int64_t /*before*/, const void* in, void* out,
                             std::byte* scratch) const {
  const Unit unit = decode(index, {in, in_type()}, {out, out_type()}, scratch);
  find_sources(unit);
  Stretch stretch;
  stretch.first = unit.inside;
  stretch.columns = unit.inside_end - unit.inside;
  stretch.pixel_floats = plane_channels_;
  stretch.gathered = in_type() == ElementType::uint8;

  const std::int64_t dilation = geometry_.layer.dilation_height;
  const std::int64_t tile_rows = layer_->kernels->separable.rows;
  const std::int64_t end_phase = std::min(unit.first_row + dilation, unit.end_row);
  for (std::int64_t first = unit.first_row; first < end_phase; ++first) {
    const std::int64_t count = ceil_divide(unit.end_row - first, dilation);
    RowScratch row_scratch{.strips = reinterpret_cast<float*>(scratch + scratch_.strips),
                           .strip_count = grid_.entries(tile_rows),
                           .constant_row = unit.constant_row};
    const std::int64_t tile = count >= tile_rows ? tile_rows : 1;
    for (std::int64_t done = 0; done < count; done += tile) {
      const std::int64_t end = std::min(done + tile, count);
      const std::int64_t next = end - tile;  // the last tile overlaps the one before it
      if (stretch.columns > 0) {
        row_source_.point_rows(unit.in, first - geometry_.padding.top, {done, end}, grid_, stretch,
                               &row_scratch, unit.rows);
      }
      run_rows(unit, {first + next * dilation, tile, unit.rows + next});
    }
  }
}

void SeparablePlan::run_rows(const Unit& unit, const Rows& rows) const {
  if (unit.inside < unit.inside_end) {
    run_vertical(unit, rows, rows.in, (unit.inside_end - unit.inside) * plane_channels_,
                 middle_at(unit, unit.inside));
  }
  if (has_outside(layer_->spec.border.x.mode)) {
    fill_constants(unit, rows);
  } else {
    fill_mapped(unit, rows, unit.first, unit.inside);
    fill_mapped(unit, rows, unit.inside_end, unit.end);
  }

  const LayerShape& l = geometry_.layer;
  const std::int64_t first = unit.first_pixel, end = unit.end_pixel;
  const std::int64_t last_row = rows.first + (rows.count - 1) * l.dilation_height;
  if (rows_kept(rows.first).count() < l.kernel_height || rows_kept(last_row).count() < l.kernel_height) {
    run_horizontal(unit, rows, first, end, /*scaled=*/true);
  } else if (layer_->spec.border.x.mode == BorderMode::renormalize) {
    const std::int64_t whole = std::clamp(first_whole_, first, end);
    const std::int64_t end_whole = std::clamp(end_whole_, whole, end);
    run_horizontal(unit, rows, first, whole, /*scaled=*/true);
    run_horizontal(unit, rows, whole, end_whole, /*scaled=*/false);
    run_horizontal(unit, rows, end_whole, end, /*scaled=*/true);
  } else {
    run_horizontal(unit, rows, first, end, /*scaled=*/false);
  }
}

void SeparablePlan::run_vertical(const Unit& unit, const Rows& rows, const float* const* in,
                                 std::int64_t floats, float* middle) const {
  VerticalPass pass{};
  pass.rows = in;
  pass.kernel_rows = geometry_.layer.kernel_height;
  pass.weights = layer_->separable.vertical(unit.first_channel);
  pass.weight_pitch = layer_->separable.pitch();
  pass.channels = plane_channels_;
  pass.out = middle;
  pass.out_row_stride = middle_stride_;
  pass.floats = floats;
  layer_->kernels->separable.vertical[rows.count > 1 ? 1 : 0](pass);
}

// Pixels are made where they belong; or, if they are to be finished and then to be bytes, some at a time in
// scratch.
void SeparablePlan::run_horizontal(const Unit& unit, const Rows& rows, std::int64_t first_pixel,
                                   std::int64_t end_pixel, bool scaled) const {
  const bool fused = fused_ && !scaled;
  const std::int64_t out_row_floats = geometry_.out.width * plane_channels_;
  const std::int64_t row_stride = geometry_.layer.dilation_height * out_row_floats;
  const OutSamples out = unit.out.from(rows.first * out_row_floats + first_pixel * plane_channels_);
  if (fused || out.type == ElementType::float32) {
    make_pixels(unit, rows, first_pixel, end_pixel, fused, {out, row_stride});
    if (!fused) finish(unit, rows, first_pixel, end_pixel, scaled, out.floats(), row_stride);
    return;
  }
  const std::int64_t results_stride = results_pixels_ * plane_channels_;
  for (std::int64_t pixel = first_pixel; pixel < end_pixel; pixel += results_pixels_) {
    const std::int64_t end = std::min(pixel + results_pixels_, end_pixel);
    make_pixels(unit, rows, pixel, end, fused, {{unit.results, ElementType::float32}, results_stride});
    finish(unit, rows, pixel, end, scaled, unit.results, results_stride);
    layer_->kernels->narrow({.in = unit.results,
                             .in_row_stride = results_stride,
                             .out = out.bytes() + (pixel - first_pixel) * plane_channels_,
                             .out_row_stride = row_stride,
                             .rows = rows.count,
                             .count = (end - pixel) * plane_channels_});
  }
}

void SeparablePlan::make_pixels(const Unit& unit, const Rows& rows, std::int64_t first_pixel,
                                std::int64_t end_pixel, bool fused, Place place) const {
  if (first_pixel == end_pixel) return;
  const LayerShape& l = geometry_.layer;
  const SeparableFilter& filter = layer_->separable;
  HorizontalPass pass{};
  pass.in = middle_at(unit, first_pixel - geometry_.padding.left);
  pass.in_row_stride = middle_stride_;
  pass.tap_step = l.dilation_width * plane_channels_;
  pass.kernel_columns = l.kernel_width;
  pass.weights = filter.horizontal(unit.first_channel);
  pass.weight_pitch = filter.pitch();
  pass.bias = fused ? filter.bias(unit.first_channel) : filter.no_bias();
  pass.channels = plane_channels_;
  pass.out = place.out.data;
  pass.out_type = place.out.type;
  pass.out_row_stride = place.row_stride;
  pass.floats = (end_pixel - first_pixel) * plane_channels_;
  pass.low = fused ? low_ : -kInfinity;
  pass.high = fused ? high_ : kInfinity;
  if (shared_ && pass.floats >= shared_->vectors * layer_->kernels->lanes) {
    pass.period = period_;
    for (std::int64_t r = 0; r < rows.count; ++r) {
      shared_->row(pass);
      pass.in += pass.in_row_stride;
      pass.out = place.out.from((r + 1) * place.row_stride).data;
    }
  } else {
    layer_->kernels->separable.horizontal[rows.count > 1 ? 1 : 0](pass);
  }
}

void SeparablePlan::finish(const Unit& unit, const Rows& rows, std::int64_t first_pixel,
                           std::int64_t end_pixel, bool scaled, float* data,
                           std::ptrdiff_t row_stride) const {
  const SeparableFilter& filter = layer_->separable;
  const std::int64_t floats = (end_pixel - first_pixel) * plane_channels_;
  for (std::int64_t r = 0; r < rows.count; ++r, data += row_stride) {
    if (scaled) fill_factors(unit, rows.first + r * geometry_.layer.dilation_height, first_pixel, end_pixel);
    for (std::int64_t f = 0; f < floats; f += filter.bias_floats()) {
      FinishTile rest{};
      rest.data = data + f;
      rest.scale = scaled ? unit.factors + f : nullptr;
      rest.bias = filter.bias(unit.first_channel) + f % plane_channels_;
      rest.pixels = 1;
      rest.channels = std::min(filter.bias_floats(), floats - f);
      rest.activation = layer_->spec.activation;
      layer_->kernels->finish(rest);
    }
  }
}

// A pixel that leaves out what its left neighbour does has the factors of that one.
void SeparablePlan::fill_factors(const Unit& unit, std::int64_t row, std::int64_t first_pixel,
                                 std::int64_t end_pixel) const {
  const TapRange kept = rows_kept(row);
  float* out = unit.factors;
  for (std::int64_t pixel = first_pixel; pixel < end_pixel; ++pixel, out += plane_channels_) {
    if (pixel > first_pixel && pixel > first_whole_ && pixel < end_whole_) {
      for (std::int64_t c = 0; c < plane_channels_; ++c) out[c] = out[c - plane_channels_];
    } else {
      layer_->renormalizer.factors(kept, columns_kept(pixel), unit.first_channel, plane_channels_, out);
    }
  }
}

}  // namespace simdconv
