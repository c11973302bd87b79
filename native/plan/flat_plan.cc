#include "plan/flat_plan.h"

#include <algorithm>
#include <string>

#include "plan/border.h"
#include "plan/common.h"
#include "simdconv/cpu.h"

namespace simdconv {
namespace {

constexpr std::int64_t kSegmentFloats =
    8192;  // of a row: a tile's rows of input stay in L2 with room to spare

// Of a row that is gathered: its strips are written, and read by two rows of tiles, from L2 (rgb, 3x3 on bytes: 2.3
// ms with 3072, 2.6 ms with 8192).
constexpr std::int64_t kGatheredFloats = 3072;

// Of a block whose input is gathered as the tiles come down: enough that the rows which neighbouring blocks both
// gather cost little.
constexpr std::int64_t kGatheredRows = 64;

std::string decline(const Layer& layer) {
  const LayerShape& s = layer.shape;
  if (s.group_in() != 1) return "an output channel sees " + std::to_string(s.group_in()) + " input channels";
  if (s.stride_height > 2) return "vertical stride " + std::to_string(s.stride_height) + " is more than 2";
  if (s.stride_width > 1) {
    return "horizontal stride " + std::to_string(s.stride_width) + " parts neighbouring pixels";
  }
  if (s.dilation_height > 1 && s.kernel_height > 1) return "vertical dilation parts the rows of the kernel";
  if (layer.spec.border.renormalizes() && !layer.finite_weights) return kNeedsFiniteWeights;
  return {};
}

void prepare(Layer& layer) {
  layer.cyclic =
      CyclicFilter(layer.filter_view(), layer.spec.bias, layer.shape, layer.plane_channels(), *layer.kernels);
}

}  // namespace

const Algorithm kFlat{
    "flat",
    decline,
    prepare,
    nullptr,
    [](std::shared_ptr<const Layer> layer, const Geometry& geometry) -> std::shared_ptr<const Plan> {
      return std::make_shared<FlatPlan>(std::move(layer), geometry);
    },
};

FlatPlan::FlatPlan(std::shared_ptr<const Layer> layer, const Geometry& geometry)
    : LayerPlan(kFlat.name, std::move(layer), geometry) {
  const Conv2dSpec& spec = layer_->spec;
  plane_channels_ = layer_->plane_channels();
  planes_ = geometry.out.batch * (geometry.out.channels / plane_channels_);
  copies_ = spec.layout == Layout::nhwc ? geometry.layer.group_out() : 1;
  const ImageShape plane{1, geometry.in.height, geometry.in.width, plane_channels_ / copies_};
  row_source_ =
      RowSource(*layer_->kernels, plane, spec.border, /*contiguous=*/true, /*skips_outside=*/false, copies_);
  LayerShape rows = geometry.layer;
  rows.dilation_height = 1;  // it is, or there is a single kernel row
  grid_ = RowGrid(rows);
  const FlatKernels& kernels = layer_->kernels->flat;
  const bool shares = layer_->kernels->lanes % plane_channels_ == 0;  // all vectors begin with channel 0
  kernels_ = shares ? &kernels.shared : &kernels.own;
  tile_floats_ = kernels_->vectors * layer_->kernels->lanes;
  const auto floats = [](const ImageShape& image) {
    return image.batch * image.height * image.width * image.channels;
  };
  // Rows are asked for before they are read: 5x5 on 1080p, one channel, takes 0.83 of the time; in L2 it would take 1.05.
  is_far_ = floats(geometry.in) + floats(geometry.out) > kL2Floats && out_type() == ElementType::float32 &&
            geometry.layer.kernel_height >= geometry.layer.stride_height;
  choose_zones();
  choose_windows();
  lay_out_scratch();
}

// ---- deciding --------------------------------------------------------------------------------

void FlatPlan::choose_zones() {
  const LayerShape& l = geometry_.layer;
  const std::int64_t width = geometry_.out.width, left = geometry_.padding.left;
  // The first pixel whose first tap is inside, and the first whose last tap is not.
  first_whole_ = std::min(ceil_divide(left, l.stride_width), width);
  const std::int64_t room = geometry_.in.width + left - l.span_width();
  end_whole_ = room < 0 ? first_whole_ : std::clamp(room / l.stride_width + 1, first_whole_, width);

  const bool gathers_all = copies_ > 1 || in_type() == ElementType::uint8;
  if (gathers_all && layer_->spec.border.x.mode != BorderMode::renormalize) return add_zone(0, width, true);
  add_zone(0, first_whole_, true);
  add_zone(first_whole_, end_whole_, gathers_all);
  add_zone(end_whole_, width, true);
}

void FlatPlan::add_zone(std::int64_t first, std::int64_t end, bool gathered) {
  if (first == end) return;
  const std::int64_t floats =
      gathered ? std::min(kGatheredFloats, kWindowFloats / strip_count()) : kSegmentFloats;
  const std::int64_t most_pixels = std::max<std::int64_t>(1, floats / plane_channels_);
  zones_.push_back({first, end, gathered, ceil_divide(end - first, most_pixels)});
  segments_ += zones_.back().segments;
}

Stretch FlatPlan::stretch_under(std::int64_t first_pixel, std::int64_t pixels, bool gathered) const {
  return simdconv::stretch_under(geometry_.layer, geometry_.padding, first_pixel, pixels, plane_channels_,
                                 gathered);
}

// Blocks of at least a tile's rows (unless the image has fewer), as many as fit the window, and enough of
// them. Of what is gathered only the rows under a tile need fit.
void FlatPlan::choose_windows() {
  std::int64_t widest = 0;
  for (const Zone& zone : zones_) {
    const std::int64_t pixels = ceil_divide(zone.end - zone.first, zone.segments);
    if (!zone.gathered) widest = std::max(widest, stretch_under(0, pixels, false).floats());
  }
  const std::int64_t height = geometry_.out.height, tile_rows = kernels_->rows;
  const std::int64_t fair_share = ceil_divide(height * planes_ * segments_, kMinUnits);
  const auto fits = [&](std::int64_t rows) {
    if (widest == 0) return rows <= kGatheredRows;
    return grid_.entries(rows) * (widest + kPointerFloats) <= kWindowFloats;
  };
  std::int64_t rows = tile_rows;
  while (rows < fair_share && fits(rows + tile_rows)) rows += tile_rows;
  row_blocks_ = std::max<std::int64_t>(1, height / rows);
  block_rows_ = ceil_divide(height, row_blocks_);
}

void FlatPlan::lay_out_scratch() {
  std::int64_t strip_floats = 0, constant_floats = 0;
  for (const Zone& zone : zones_) {
    const std::int64_t pixels = ceil_divide(zone.end - zone.first, zone.segments);
    const std::int64_t row_floats = stretch_under(0, pixels, zone.gathered).floats();
    if (zone.gathered) {
      strip_floats = std::max(strip_floats, strip_count() * row_floats);
    } else {
      constant_floats = row_floats;
    }
  }
  const bool renormalizes = layer_->spec.border.renormalizes();
  ScratchLayout scratch;
  scratch_.rows = scratch.place<const float*>(grid_.entries(block_rows_));
  scratch_.columns = scratch.place<FlatColumn>(geometry_.layer.kernel_width);
  scratch_.strips = scratch.place<float>(strip_floats);
  scratch_.constant_row = scratch.place<float>(row_source_.has_constant_rows() ? constant_floats : 0);
  const bool unfused = !fused_ || renormalizes;
  scratch_.results =
      scratch.place<float>(unfused && out_type() == ElementType::uint8 ? kernels_->rows * tile_floats_ : 0);
  scratch_.factors = scratch.place<float>(renormalizes ? tile_floats_ : 0);
  scratch_.bytes = scratch.bytes();
}

std::string FlatPlan::kernel_name() const {
  return "f32_flat_" + std::to_string(kernels_->rows) + "x" + std::to_string(tile_floats_) + "_" +
         isa_name(layer_->kernels->isa);
}

// ---- obeying ---------------------------------------------------------------------------------

void FlatPlan::run_unit(std::int64_t index, std::int64_t /*before*/, const void* in, void* out,
                        std::byte* scratch) const {
  std::int64_t segment = index % segments_;
  index /= segments_;
  const std::int64_t block = index % row_blocks_, plane = index / row_blocks_;
  const Zone* zone = zones_.data();
  for (; segment >= zone->segments; ++zone) segment -= zone->segments;

  const LayerShape& l = geometry_.layer;
  const ImageShape &in_shape = geometry_.in, &out_shape = geometry_.out;
  const std::int64_t planes_of_image = out_shape.channels / plane_channels_;
  const std::int64_t in_plane = plane_channels_ == 1 ? plane / l.group_out() : plane;  // nchw
  const std::int64_t length = zone->end - zone->first;
  Unit unit{};
  unit.first_row = block * out_shape.height / row_blocks_;
  unit.end_row = (block + 1) * out_shape.height / row_blocks_;
  unit.first_pixel = zone->first + segment * length / zone->segments;
  unit.end_pixel = zone->first + (segment + 1) * length / zone->segments;
  unit.first_channel = plane % planes_of_image * plane_channels_;
  unit.in = InSamples{in, in_type()}.from(in_plane * in_shape.height * in_shape.width *
                                          (plane_channels_ / copies_));
  unit.out = OutSamples{out, out_type()}.from(plane * out_shape.height * out_shape.width * plane_channels_);
  unit.stretch = stretch_under(unit.first_pixel, unit.end_pixel - unit.first_pixel, zone->gathered);
  const bool asks_ahead = is_far_ && !zone->gathered;
  unit.row_floats_ahead = asks_ahead ? in_shape.width * (plane_channels_ / copies_) * l.stride_height : 0;
  unit.rows = reinterpret_cast<const float**>(scratch + scratch_.rows);
  unit.columns = reinterpret_cast<FlatColumn*>(scratch + scratch_.columns);
  unit.results = reinterpret_cast<float*>(scratch + scratch_.results);
  unit.factors = reinterpret_cast<float*>(scratch + scratch_.factors);

  const std::int64_t first_row = unit.first_row * l.stride_height - geometry_.padding.top;
  const std::int64_t rows = unit.end_row - unit.first_row;
  const bool at_row_border = first_row < 0 || first_row + grid_.entries(rows) > in_shape.height;
  const bool at_column_border = unit.first_pixel < first_whole_ || unit.end_pixel > end_whole_;
  unit.may_leave_out = layer_->spec.border.renormalizes() && (at_row_border || at_column_border);

  const std::int64_t tap_columns = unit.stretch.by_tap ? unit.stretch.columns : l.dilation_width;
  for (std::int64_t x = 0; x < l.kernel_width; ++x) {
    unit.columns[x] = {x * tap_columns * plane_channels_, x * layer_->cyclic.pitch()};
  }

  RowScratch row_scratch{.strips = reinterpret_cast<float*>(scratch + scratch_.strips),
                         .strip_count = strip_count(),
                         .constant_row = reinterpret_cast<float*>(scratch + scratch_.constant_row)};
  const std::int64_t most_rows = kernels_->rows;
  const std::int64_t tile_rows = rows >= most_rows ? most_rows : 1;
  for (std::int64_t done = 0; done < rows; done += tile_rows) {
    const std::int64_t end = std::min(done + tile_rows, rows);
    row_source_.point_rows(unit.in, first_row, {done, end}, grid_, unit.stretch, &row_scratch, unit.rows);
    run_rows(unit, unit.first_row + end - tile_rows, tile_rows);  // the last overlap those before them
  }
}

// Covers rows with tiles; the last tile of full size overlaps the one before it rather than being narrower.
void FlatPlan::run_rows(const Unit& unit, std::int64_t row, std::int64_t rows) const {
  const std::int64_t floats = (unit.end_pixel - unit.first_pixel) * plane_channels_;
  const bool is_wide = floats >= tile_floats_;
  const std::int64_t width = is_wide ? tile_floats_ : layer_->kernels->lanes;
  const std::int64_t whole = floats / width, rest = floats % width;
  if (whole > 0) run_tiles(unit, is_wide ? kernels_->whole : kernels_->single, {row, rows, 0, width}, whole);
  if (rest == 0) return;
  if (is_wide) {
    run_tiles(unit, kernels_->whole, {row, rows, floats - width, width}, 1);
  } else {
    run_tiles(unit, kernels_->partial, {row, rows, floats - rest, rest}, 1);
  }
}

// `count` tiles side by side.
void FlatPlan::run_tiles(const Unit& unit, const FlatVariants& kernels, const Extent& first,
                         std::int64_t count) const {
  const LayerShape& l = geometry_.layer;
  const std::int64_t row_stride = geometry_.out.width * plane_channels_;
  const Extent all{first.row, first.rows, first.flat, first.floats * count};
  const bool fused = fused_ && !leaves_out(unit, all);
  OutSamples out = unit.out.from(first.row * row_stride + unit.first_pixel * plane_channels_ + first.flat);
  FlatTiles tiles{};
  tiles.rows = unit.rows + (first.row - unit.first_row) * l.stride_height;
  tiles.kernel_rows = l.kernel_height;
  tiles.column = unit.columns;
  tiles.columns = l.kernel_width;
  tiles.offset = first.flat;
  tiles.channel = first.flat % plane_channels_;
  tiles.channel_step = first.floats % plane_channels_;
  tiles.channels = plane_channels_;
  tiles.tiles = fused ? count : 1;
  tiles.weights = layer_->cyclic.weights(unit.first_channel);
  tiles.weight_row_stride = l.kernel_width * layer_->cyclic.pitch();
  tiles.bias = fused ? layer_->cyclic.bias(unit.first_channel) : layer_->cyclic.no_bias();
  tiles.out = out.data;
  tiles.out_type = out.type;
  tiles.out_row_stride = row_stride;
  tiles.count = first.floats;
  tiles.below = first.rows * unit.row_floats_ahead;
  tiles.low = fused ? low_ : -kInfinity;
  tiles.high = fused ? high_ : kInfinity;
  const FlatKernel kernel = kernels.by_rows[first.rows > 1 ? 1 : 0][l.stride_height - 1];
  if (fused) return kernel(tiles);

  // One by one, so that each is finished, as floats, while it is in L1.
  const bool bytes = out.type == ElementType::uint8;
  tiles.out_type = ElementType::float32;
  if (bytes) tiles.out_row_stride = tile_floats_;
  Extent extent = first;
  for (std::int64_t i = 0; i < count; ++i) {
    float* data = bytes ? unit.results : out.floats();
    tiles.out = data;
    kernel(tiles);
    finish(unit, extent, data, tiles.out_row_stride);
    if (bytes) {
      layer_->kernels->narrow({.in = data,
                               .in_row_stride = tiles.out_row_stride,
                               .out = out.bytes(),
                               .out_row_stride = row_stride,
                               .rows = first.rows,
                               .count = first.floats});
    }
    extent.flat += first.floats;
    tiles.offset += first.floats;
    tiles.channel = extent.flat % plane_channels_;
    out = out.from(first.floats);
  }
}

bool FlatPlan::leaves_out(const Unit& unit, const Extent& extent) const {
  return unit.may_leave_out &&
         simdconv::leaves_out(
             geometry_, layer_->spec.border,
             {.first_row = extent.row,
              .last_row = extent.row + extent.rows - 1,
              .first_pixel = unit.first_pixel + extent.flat / plane_channels_,
              .last_pixel = unit.first_pixel + (extent.flat + extent.floats - 1) / plane_channels_});
}

// Rows that keep the same kernel rows have the same factors, and are finished together.
void FlatPlan::finish(const Unit& unit, const Extent& extent, float* data, std::ptrdiff_t row_stride) const {
  FinishTile rest{};
  rest.bias = layer_->cyclic.bias(unit.first_channel) + extent.flat % plane_channels_;
  rest.data_stride = row_stride;
  rest.channels = extent.floats;
  rest.activation = layer_->spec.activation;
  for (Extent part = extent; part.row < extent.row + extent.rows; part.row += part.rows) {
    const TapRange kept = rows_kept(part.row);
    for (part.rows = 1; part.row + part.rows < extent.row + extent.rows; ++part.rows) {
      const TapRange next = rows_kept(part.row + part.rows);
      if (next.begin != kept.begin || next.end != kept.end) break;
    }
    const bool scaled = leaves_out(unit, part);
    if (scaled) fill_factors(unit, part);
    rest.scale = scaled ? unit.factors : nullptr;
    rest.data = data + (part.row - extent.row) * row_stride;
    rest.pixels = part.rows;
    layer_->kernels->finish(rest);
  }
}

// Most pixels of a row at the border leave out what their left neighbours do.
void FlatPlan::fill_factors(const Unit& unit, const Extent& extent) const {
  const std::int64_t channels = plane_channels_;
  TapRange columns{0, 0};
  for (std::int64_t f = 0; f < extent.floats;) {
    const std::int64_t channel = (extent.flat + f) % channels;
    const std::int64_t pixel = unit.first_pixel + (extent.flat + f) / channels;
    const std::int64_t count = std::min(channels - channel, extent.floats - f);
    const TapRange left = columns;
    columns = columns_kept(pixel);
    if (f >= channels && columns.begin == left.begin && columns.end == left.end) {
      std::copy_n(unit.factors + f - channels, count, unit.factors + f);
    } else {
      layer_->renormalizer.factors(rows_kept(extent.row), columns, unit.first_channel + channel, count,
                                   unit.factors + f);
    }
    f += count;
  }
}

}  // namespace simdconv
