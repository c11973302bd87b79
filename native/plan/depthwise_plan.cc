#include "plan/depthwise_plan.h"

#include <algorithm>
#include <string>

#include "plan/border.h"
#include "plan/common.h"
#include "simdconv/cpu.h"

namespace simdconv {
namespace {

std::string decline(const Layer& layer) {
  const LayerShape& s = layer.shape;
  if (s.group_in() != 1) return "an output channel sees " + std::to_string(s.group_in()) + " input channels";
  if (layer.spec.layout == Layout::nchw && s.out_channels > 1)
    return "the channels of a pixel stand apart in nchw";
  if (s.out_channels % layer.kernels->lanes != 0) {
    return std::to_string(s.out_channels) + " channels are not whole vectors of " +
           std::to_string(layer.kernels->lanes);
  }
  if (layer.spec.border.renormalizes() && !layer.finite_weights) return kNeedsFiniteWeights;
  return {};
}

void prepare(Layer& layer) {
  layer.cyclic = CyclicFilter(layer.filter_view(), layer.spec.bias, layer.shape, layer.shape.out_channels,
                              *layer.kernels);
}

}  // namespace

const Algorithm kDepthwise{
    "depthwise",
    decline,
    prepare,
    nullptr,
    [](std::shared_ptr<const Layer> layer, const Geometry& geometry) -> std::shared_ptr<const Plan> {
      return std::make_shared<DepthwisePlan>(std::move(layer), geometry);
    },
};

DepthwisePlan::DepthwisePlan(std::shared_ptr<const Layer> layer, const Geometry& geometry)
    : layer_(std::move(layer)), geometry_(geometry), grid_(geometry.layer), channels_(geometry.out.channels) {
  const Conv2dSpec& spec = layer_->spec;
  const bool skips_rows = outside_rows_add_nothing(spec.border, layer_->finite_weights);
  row_source_ = RowSource(*layer_->kernels, geometry.in, spec.border, /*contiguous=*/true, skips_rows,
                          geometry.layer.group_out());
  fused_ = as_clamp(spec.activation, &low_, &high_);
  choose_tiles();
  choose_windows();
  lay_out_scratch();
}

// ---- deciding --------------------------------------------------------------------------------

// Output rows share input rows where the kernel's step is a multiple of the output's, or half of one.
void DepthwisePlan::choose_tiles() {
  const DepthwiseKernels& kernels = layer_->kernels->depthwise;
  stride_ = grid_.kernel_step % grid_.out_step == 0 ? 1 : 2;
  const bool share = stride_ * grid_.kernel_step % grid_.out_step == 0;
  if (!share) stride_ = 1;
  tile_rows_ = share ? kernels.rows : 1;
  row_spacing_ = share ? stride_ * grid_.kernel_step / grid_.out_step : 1;

  tiles_ = ceil_divide(geometry_.out.width, kernels.pixels);
  tile_pixels_ = ceil_divide(geometry_.out.width, tiles_);
  wide_tiles_ = geometry_.out.width % tiles_;
  narrow_pixels_ = geometry_.out.width / tiles_;

  if (geometry_.layer.group_out() > 1 || in_type() == ElementType::uint8) return add_zone(0, tiles_, true);

  // A tap beyond the image in x can be mapped, or left unread where nothing stands there; not where a
  // constant must be multiplied, in x or in y.
  const AxisBorder& x = layer_->spec.border.x;
  const bool constant_x = x.mode == BorderMode::constant && !(x.value == 0 && layer_->finite_weights);
  maps_columns_ = !constant_x && !row_source_.has_constant_rows();
  if (maps_columns_) return add_zone(0, tiles_, false);

  std::int64_t first_inside = 0, end_inside = tiles_;
  while (first_inside < tiles_ && !is_inside(first_inside)) ++first_inside;
  while (end_inside > first_inside && !is_inside(end_inside - 1)) --end_inside;
  add_zone(0, first_inside, true);
  add_zone(first_inside, end_inside, false);
  add_zone(end_inside, tiles_, true);
}

// Whether all taps of a tile are inside the image.
bool DepthwisePlan::is_inside(std::int64_t tile) const {
  const LayerShape& l = geometry_.layer;
  const std::int64_t first = tile_begin(tile) * l.stride_width - geometry_.padding.left;
  const std::int64_t last =
      (tile_begin(tile + 1) - 1) * l.stride_width - geometry_.padding.left + l.span_width() - 1;
  return first >= 0 && last < geometry_.in.width;
}

void DepthwisePlan::add_zone(std::int64_t first_tile, std::int64_t end_tile, bool gathered) {
  if (first_tile == end_tile) return;
  Zone zone{first_tile, end_tile, gathered, 1};
  const std::int64_t rows = std::min(tile_rows_ * row_spacing_, geometry_.out.height);
  while (zone.segments < end_tile - first_tile &&
         grid_.distinct_rows(rows) * row_floats(zone) > kWindowFloats) {
    zone.segments = std::min(zone.segments * 2, end_tile - first_tile);
  }
  segments_ += zone.segments;
  zones_.push_back(zone);
}

// Where columns are mapped, rows are pointed at from their first column on.
Stretch DepthwisePlan::stretch_of(std::int64_t first_tile, std::int64_t end_tile, bool gathered) const {
  if (maps_columns_) return {.first = 0, .columns = geometry_.in.width, .pixel_floats = channels_};
  const std::int64_t first_pixel = tile_begin(first_tile), pixels = tile_begin(end_tile) - first_pixel;
  return stretch_under(geometry_.layer, geometry_.padding, first_pixel, pixels, channels_, gathered);
}

// Of the input under a segment.
std::int64_t DepthwisePlan::row_floats(const Zone& zone) const {
  const std::int64_t most_tiles = ceil_divide(zone.end_tile - zone.first_tile, zone.segments);
  return stretch_under(geometry_.layer, geometry_.padding, 0, most_tiles * tile_pixels_, channels_,
                       zone.gathered)
      .floats();
}

void DepthwisePlan::choose_windows() {
  std::int64_t widest = 1;
  for (const Zone& zone : zones_) widest = std::max(widest, row_floats(zone));
  const auto fits = [&](std::int64_t rows) {
    return grid_.distinct_rows(rows) * widest + grid_.entries(rows) * kPointerFloats <= kWindowFloats;
  };
  const std::int64_t height = geometry_.out.height, whole_tile = tile_rows_ * row_spacing_;
  const std::int64_t step = fits(whole_tile) ? whole_tile : 1;
  const std::int64_t fair_share = ceil_divide(height * geometry_.out.batch * segments_, kMinUnits);
  std::int64_t rows = step;
  while (rows < fair_share && rows < height && fits(rows + step)) rows += step;
  block_rows_ = std::min(rows, height);
  row_blocks_ = ceil_divide(height, block_rows_);
}

void DepthwisePlan::lay_out_scratch() {
  std::int64_t strip_floats = 0, constant_floats = 0;
  for (const Zone& zone : zones_) {
    if (zone.gathered) {
      strip_floats = std::max(strip_floats, grid_.distinct_rows(block_rows_) * row_floats(zone));
    } else if (row_source_.has_constant_rows()) {
      constant_floats = row_floats(zone);
    }
  }
  const bool renormalizes = layer_->spec.border.renormalizes();
  ScratchLayout scratch;
  scratch_.rows = scratch.place<const float*>(grid_.entries(block_rows_));
  scratch_.columns =
      scratch.place<std::ptrdiff_t>(geometry_.layer.kernel_width * ((tile_pixels_ - 1) * stride_ + 1));
  scratch_.strips = scratch.place<float>(strip_floats);
  scratch_.constant_row = scratch.place<float>(constant_floats);
  const std::int64_t tile_floats = tile_rows_ * tile_pixels_ * channels_;
  scratch_.results = scratch.place<float>(out_type() == ElementType::uint8 ? tile_floats : 0);
  scratch_.factors = scratch.place<float>(renormalizes ? tile_pixels_ * channels_ : 0);
  scratch_.bytes = scratch.bytes();
}

Plan::Description DepthwisePlan::describe() const {
  const KernelTable& kernels = *layer_->kernels;
  const std::string kernel = "f32_depthwise_" + std::to_string(tile_rows_) + "x" +
                             std::to_string(tile_pixels_) + "x" + std::to_string(kernels.lanes) + "_" +
                             isa_name(kernels.isa);
  return {kDepthwise.name,
          kernel,
          kernels.isa,
          scratch_.bytes,
          layer_->packed_bytes(),
          describe_candidates(*layer_, geometry_)};
}

// ---- obeying ---------------------------------------------------------------------------------

void DepthwisePlan::run_unit(std::int64_t index, const void* in, void* out, std::byte* scratch) const {
  const Unit unit = decode(index, {out, out_type()}, scratch);
  const ImageShape& shape = geometry_.in;
  const std::int64_t image = index / segments_ / row_blocks_;
  RowScratch row_scratch{.strips = reinterpret_cast<float*>(scratch + scratch_.strips),
                         .strip_count = grid_.distinct_rows(block_rows_),
                         .constant_row = reinterpret_cast<float*>(scratch + scratch_.constant_row)};
  row_source_.point_rows(InSamples{in, in_type()}.from(image * shape.height * shape.width * shape.channels),
                         unit.first_row * geometry_.layer.stride_height - geometry_.padding.top,
                         {0, unit.end_row - unit.first_row}, grid_, unit.stretch, &row_scratch, unit.rows);
  for (std::int64_t tile = unit.first_tile; tile < unit.end_tile;) {
    const std::int64_t end_tile = fill_columns(unit, tile);
    for (std::int64_t first = 0; first < std::min(row_spacing_, unit.end_row - unit.first_row); ++first) {
      // Of the rows that share input rows, equal tiles.
      const std::int64_t rows = ceil_divide(unit.end_row - unit.first_row - first, row_spacing_);
      const std::int64_t row_tiles = ceil_divide(rows, tile_rows_);
      for (std::int64_t i = 0; i < row_tiles; ++i) {
        const std::int64_t begin = i * rows / row_tiles, end = (i + 1) * rows / row_tiles;
        run_tiles(unit, tile, end_tile, unit.first_row + first + begin * row_spacing_, end - begin);
      }
    }
    tile = end_tile;
  }
}

DepthwisePlan::Unit DepthwisePlan::decode(std::int64_t index, const OutSamples& out,
                                          std::byte* scratch) const {
  std::int64_t segment = index % segments_;
  index /= segments_;
  const std::int64_t block = index % row_blocks_, image = index / row_blocks_;
  const Zone* zone = zones_.data();
  for (; segment >= zone->segments; ++zone) segment -= zone->segments;

  const ImageShape& shape = geometry_.out;
  const std::int64_t tiles = zone->end_tile - zone->first_tile;
  Unit unit{};
  unit.first_row = block * block_rows_;
  unit.end_row = std::min(unit.first_row + block_rows_, shape.height);
  unit.first_tile = zone->first_tile + segment * tiles / zone->segments;
  unit.end_tile = zone->first_tile + (segment + 1) * tiles / zone->segments;
  unit.gathered = zone->gathered;
  unit.stretch = stretch_of(unit.first_tile, unit.end_tile, unit.gathered);
  unit.out = out.from(image * shape.height * shape.width * channels_);
  unit.rows = reinterpret_cast<const float**>(scratch + scratch_.rows);
  unit.columns = reinterpret_cast<std::ptrdiff_t*>(scratch + scratch_.columns);
  unit.results = reinterpret_cast<float*>(scratch + scratch_.results);
  unit.factors = reinterpret_cast<float*>(scratch + scratch_.factors);
  return unit;
}

// Makes the table of columns for `first_tile` and those after it that it also serves; returns the end of
// them. The columns of a tile at the border are where the border's map sends them; those of others count from
// the first tap.
std::int64_t DepthwisePlan::fill_columns(const Unit& unit, std::int64_t first_tile) const {
  const LayerShape& l = geometry_.layer;
  const std::int64_t first_pixel = tile_begin(first_tile), pixels = tile_begin(first_tile + 1) - first_pixel;
  const bool mapped = maps_columns_ && !is_inside(first_tile);
  const std::int64_t first_tap = first_pixel * l.stride_width - geometry_.padding.left;
  for (std::int64_t x = 0; x < l.kernel_width; ++x) {
    for (std::int64_t p = 0; p < pixels; ++p) {
      std::int64_t column =
          unit.stretch.by_tap ? x * unit.stretch.columns + p : p * l.stride_width + x * l.dilation_width;
      if (mapped) column = border_source(layer_->spec.border.x.mode, first_tap + column, geometry_.in.width);
      unit.columns[p * stride_ + x * column_step(unit)] = column == kOutside ? kNoColumn : column * channels_;
    }
  }
  std::int64_t end_tile = first_tile + 1;
  while (!mapped && end_tile < unit.end_tile && (!maps_columns_ || is_inside(end_tile)) &&
         tile_begin(end_tile + 1) - tile_begin(end_tile) == pixels) {
    ++end_tile;
  }
  return end_tile;
}

// Neighbouring pixels share columns where these are as far apart as the tile's rows.
std::int64_t DepthwisePlan::column_step(const Unit& unit) const {
  const LayerShape& l = geometry_.layer;
  const bool share = l.stride_width == stride_ && l.dilation_width == 1 && !unit.stretch.by_tap;
  return share ? 1 : (tile_pixels_ - 1) * stride_ + 1;
}

// A row of tiles that share a table of columns.
void DepthwisePlan::run_tiles(const Unit& unit, std::int64_t first_tile, std::int64_t end_tile,
                              std::int64_t row, std::int64_t rows) const {
  const LayerShape& l = geometry_.layer;
  const std::int64_t pixels = tile_begin(first_tile + 1) - tile_begin(first_tile),
                     lanes = layer_->kernels->lanes;
  const std::int64_t pixel_step = unit.stretch.by_tap ? 1 : l.stride_width;
  const std::int64_t out_row = geometry_.out.width * channels_;
  const bool mapped = maps_columns_ && !is_inside(first_tile);
  const std::int64_t origin =
      maps_columns_ ? geometry_.padding.left : tile_begin(unit.first_tile) * pixel_step;
  const DepthwiseKernel kernel = layer_->kernels->depthwise.tile[rows - 1][pixels - 1][stride_ - 1];
  const bool bytes = out_type() == ElementType::uint8;

  DepthwiseTile tile{};
  tile.rows = unit.rows + (row - unit.first_row) * grid_.out_step;
  tile.row_step = grid_.kernel_step;
  tile.kernel_rows = l.kernel_height;
  tile.columns = unit.columns;
  tile.column_step = column_step(unit);
  tile.kernel_columns = l.kernel_width;
  tile.weights = layer_->cyclic.weights(0);
  tile.tap_stride = layer_->cyclic.pitch();
  tile.blocks = channels_ / lanes;
  tile.out_row_stride = bytes ? pixels * channels_ : row_spacing_ * out_row;
  tile.out_pixel_stride = channels_;
  for (std::int64_t t = first_tile; t < end_tile; ++t) {
    const Tile place{row, rows, tile_begin(t), pixels};
    const bool fused = fused_ && !leaves_out(place);
    tile.column_offset = mapped ? 0 : (place.first_pixel * pixel_step - origin) * channels_;
    tile.bias = fused ? layer_->cyclic.bias(0) : layer_->cyclic.no_bias();
    tile.low = fused ? low_ : -kInfinity;
    tile.high = fused ? high_ : kInfinity;
    const OutSamples out = unit.out.from(row * out_row + place.first_pixel * channels_);
    tile.out = bytes ? unit.results : out.floats();
    kernel(tile);
    if (!fused) finish(unit, place, tile.out, tile.out_row_stride);
    if (!bytes) continue;
    layer_->kernels->narrow({.in = tile.out,
                             .in_row_stride = tile.out_row_stride,
                             .out = out.bytes(),
                             .out_row_stride = row_spacing_ * out_row,
                             .rows = rows,
                             .count = pixels * channels_});
  }
}

// Whether the border leaves taps out of a tile's windows: if it does so anywhere between, then at an end.
bool DepthwisePlan::leaves_out(const Tile& tile) const {
  if (!layer_->spec.border.renormalizes()) return false;
  const LayerShape& l = geometry_.layer;
  return rows_kept(tile.row).count() < l.kernel_height ||
         rows_kept(tile.row + (tile.rows - 1) * row_spacing_).count() < l.kernel_height ||
         columns_kept(tile.first_pixel).count() < l.kernel_width ||
         columns_kept(tile.first_pixel + tile.pixels - 1).count() < l.kernel_width;
}

void DepthwisePlan::finish(const Unit& unit, const Tile& tile, float* data, std::ptrdiff_t row_stride) const {
  FinishTile rest{};
  rest.data = data;
  rest.data_stride = rest.scale_stride = channels_;
  rest.bias = layer_->cyclic.bias(0);
  rest.pixels = tile.pixels;
  rest.channels = channels_;
  rest.activation = layer_->spec.activation;
  for (std::int64_t r = 0; r < tile.rows; ++r, rest.data += row_stride) {
    const Tile row{tile.row + r * row_spacing_, 1, tile.first_pixel, tile.pixels};
    const bool scaled = leaves_out(row);
    rest.scale = scaled ? unit.factors : nullptr;
    for (std::int64_t p = 0; scaled && p < tile.pixels; ++p) {
      layer_->renormalizer.factors(rows_kept(row.row), columns_kept(tile.first_pixel + p), 0, channels_,
                                   unit.factors + p * channels_);
    }
    layer_->kernels->finish(rest);
  }
}

}  // namespace simdconv
