#include "plan/direct_plan.h"

#include <algorithm>

#include "plan/common.h"
#include "plan/cost.h"
#include "plan/made_pixels.h"
#include "simdconv/cpu.h"

namespace simdconv {
namespace {

// Pixels of a tile that stand a multiple of 4 KiB apart share one set of L1, and push each other out: a 1x1
// layer with 1024 channels ran at 0.76 of the peak, and at 0.97 once its strips had a cache line between
// pixels (Zen 4).
constexpr std::int64_t kCollidingFloats = 1024;

std::string decline(const Layer& layer) {
  const bool leaves_out = layer.spec.border.renormalizes();
  return leaves_out && !layer.finite_weights ? kNeedsFiniteWeights : "";
}

}  // namespace

// Up to 8 outputs per group leave half of a vector of AVX-512 idle; AVX2's is as fast then, or faster where a
// core joins two ports for each wide FMA (grouped 3x3, 8 channels a group: 44 GFLOP/s became 67 on Zen 4).
const KernelTable& direct_kernels(const Layer& layer) {
  const KernelTable* narrow = kernels_for(Isa::avx2);
  const bool half_idle =
      layer.kernels->isa == Isa::avx512 && layer.shape.group_out() * 2 <= layer.kernels->lanes;
  return half_idle && narrow ? *narrow : *layer.kernels;
}

namespace {

// Tiles of equal width in each row, for each block of channels; weights are read once for each window of input.
double predict(const Layer& layer, const Geometry& geometry) {
  const Geometry view = as_one_row(geometry, /*joins_images=*/true);
  const LayerShape& s = layer.shape;
  const std::int64_t steps = s.kernel_height * s.kernel_width * s.group_in();
  const KernelTable& kernels = direct_kernels(layer);
  double ticks = 0;
  for (const ChannelBlock& block : layer.packed.blocks()) {
    const std::int64_t tiles = ceil_divide(view.out.width, kernels.max_pixels[block.vectors - 1]);
    const std::int64_t pixels = ceil_divide(view.out.width, tiles);
    ticks += static_cast<double>(view.out.batch * view.out.height * tiles) *
             product_ticks(steps, pixels, block.vectors, kernels.isa);
  }
  const std::int64_t windows = ceil_divide(view.in.height * view.in.width * view.in.channels, kWindowFloats);
  return seconds_of(ticks + stream_ticks(layer.packed.bytes(), view.in.batch * windows), kernels.isa);
}

}  // namespace

void pack_directly(Layer& layer) {
  if (!layer.packed.blocks().empty()) return;
  layer.packed = PackedFilter(layer.filter_view(), layer.spec.bias, layer.shape, direct_kernels(layer));
}

const Algorithm kDirect{
    "direct",
    decline,
    pack_directly,
    predict,
    [](std::shared_ptr<const Layer> layer, const Geometry& geometry) -> std::shared_ptr<const Plan> {
      return std::make_shared<DirectPlan>(std::move(layer), geometry);
    },
};

DirectPlan::DirectPlan(std::shared_ptr<const Layer> layer, const Geometry& geometry)
    : LayerPlan(kDirect.name, std::move(layer), geometry), kernels_(direct_kernels(*layer_)) {
  const Conv2dSpec& spec = layer_->spec;
  native_in_ = spec.layout == Layout::nhwc || geometry.in.channels == 1;
  native_out_ = spec.layout == Layout::nhwc || geometry.out.channels == 1;
  view_ = native_in_ && native_out_ ? as_one_row(geometry, /*joins_images=*/true) : geometry;
  skips_rows_ = outside_rows_add_nothing(spec.border, layer_->finite_weights);
  grid_ = RowGrid(view_.layer);
  stores_at_once_ = native_out_ && spec.out_type == ElementType::float32;
  at_once_ = stores_at_once_ && fused_ && !spec.border.renormalizes();
  row_source_ = RowSource(kernels_, view_.in, spec.border, native_in_, skips_rows_);
  choose_slices();
  choose_tiles();
  choose_windows();
  choose_units();
  lay_out_scratch();
}

// ---- deciding --------------------------------------------------------------------------------

// Groups share no samples. Where an image does not fit the window a unit takes a slice of its channels, so that weights
// and samples are each read once; but some lines of a pixel at least.
void DirectPlan::choose_slices() {
  constexpr std::int64_t kLeastChannels = 128;
  const LayerShape& l = view_.layer;
  const auto too_large = [&](std::int64_t channels) {
    return channels >= kLeastChannels * 2 && view_.in.height * view_.in.width * channels > kWindowFloats;
  };
  slice_groups_ = l.groups;
  while (slice_groups_ > 1 && too_large(slice_groups_ * l.group_in()))
    slice_groups_ = ceil_divide(slice_groups_, 2);
  slices_ = ceil_divide(l.groups, slice_groups_);
}

// Equal tiles. Those inside are one stretch, since the first tap moves right with the tile, and so does the
// last.
void DirectPlan::choose_tiles() {
  tile_pixels_ = kMaxTilePixels;
  for (const ChannelBlock& block : layer_->packed.blocks()) {
    tile_pixels_ = std::min<std::int64_t>(tile_pixels_, kernels_.max_pixels[block.vectors - 1]);
  }
  tiles_ = ceil_divide(view_.out.width, tile_pixels_);
  tile_pixels_ = ceil_divide(view_.out.width, tiles_);
  wide_tiles_ = view_.out.width % tiles_;
  narrow_pixels_ = view_.out.width / tiles_;

  const auto collide = [this](std::int64_t pixel_floats) {
    return view_.layer.stride_width * pixel_floats % kCollidingFloats == 0;
  };
  const bool collides = collide(view_.in.channels);
  const std::int64_t slice_channels = slice_groups_ * view_.layer.group_in();
  strip_pixel_floats_ = slice_channels + (collide(slice_channels) ? kLineFloats : 0);
  std::int64_t first_inside = tiles_, end_inside = tiles_;
  if (native_in_ && !collides && in_type() == ElementType::float32) {
    const std::int64_t tiles = tiles_;
    const auto first_true = [tiles](auto condition) {  // of 0, 1, ..., tiles; the condition stays true
      std::int64_t low = 0, high = tiles;
      while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        if (condition(middle)) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    };
    first_inside = first_true([this](std::int64_t tile) { return first_tap(tile) >= 0; });
    end_inside = first_true([this](std::int64_t tile) { return last_tap(tile) >= view_.in.width; });
    end_inside = std::max(first_inside, end_inside);
  }
  add_zone(0, first_inside, true);
  add_zone(first_inside, end_inside, false);
  add_zone(end_inside, tiles_, true);
}

void DirectPlan::add_zone(std::int64_t first_tile, std::int64_t end_tile, bool gathered) {
  if (first_tile == end_tile) return;
  Zone zone{{first_tile, end_tile, gathered}, 1};
  while (zone.segments < end_tile - first_tile &&
         read_floats(zone) * view_.layer.kernel_height > kWindowFloats) {
    zone.segments = std::min(zone.segments * 2, end_tile - first_tile);
  }
  segments_ += zone.segments;
  zones_.push_back(zone);
}

DirectPlan::Segment DirectPlan::Zone::segment(std::int64_t index) const {
  const std::int64_t tiles = whole.end_tile - whole.first_tile;
  return {whole.first_tile + index * tiles / segments, whole.first_tile + (index + 1) * tiles / segments,
          whole.gathered};
}

std::int64_t DirectPlan::first_tap(std::int64_t tile) const {
  return tile_begin(tile) * view_.layer.stride_width - view_.padding.left;
}

std::int64_t DirectPlan::last_tap(std::int64_t tile) const {
  const LayerShape& l = view_.layer;
  return (tile_begin(tile + 1) - 1) * l.stride_width - view_.padding.left + l.span_width() - 1;
}

std::int64_t DirectPlan::most_pixels(const Zone& zone) const {
  const std::int64_t most_tiles = ceil_divide(zone.whole.end_tile - zone.whole.first_tile, zone.segments);
  return most_tiles * tile_pixels_;
}

Stretch DirectPlan::stretch_of(std::int64_t first_pixel, std::int64_t pixels, bool gathered) const {
  const std::int64_t pixel_floats = gathered ? strip_pixel_floats_ : view_.in.channels;
  return stretch_under(view_.layer, view_.padding, first_pixel, pixels, pixel_floats, gathered);
}

std::int64_t DirectPlan::row_floats(const Zone& zone) const {
  return stretch_of(0, most_pixels(zone), zone.whole.gathered).floats();
}

// Those of them that are read: in place, a unit passes over the channels of other slices.
std::int64_t DirectPlan::read_floats(const Zone& zone) const {
  const Stretch stretch = stretch_of(0, most_pixels(zone), zone.whole.gathered);
  return stretch.pieces * stretch.columns * std::min(stretch.pixel_floats, strip_pixel_floats_);
}

// As many output rows as keep the input under them, and the pointers to it, in half of L2.
void DirectPlan::choose_windows() {
  std::int64_t widest = 1;
  for (const Zone& zone : zones_) widest = std::max(widest, read_floats(zone));
  const auto fits = [&](std::int64_t rows) {
    return grid_.distinct_rows(rows) * widest + grid_.entries(rows) * kPointerFloats <= kWindowFloats;
  };
  block_rows_ = 1;
  while (block_rows_ < view_.out.height && fits(block_rows_ + 1)) ++block_rows_;
  row_blocks_ = ceil_divide(view_.out.height, block_rows_);
  block_rows_ = ceil_divide(view_.out.height, row_blocks_);
  row_blocks_ = ceil_divide(view_.out.height, block_rows_);
}

void DirectPlan::choose_units() {
  const std::int64_t windows = view_.in.batch * row_blocks_ * segments_ * slices_;
  const std::int64_t blocks = slice_groups_ * group_blocks();
  shares_ = std::clamp<std::int64_t>(ceil_divide(kMinUnits, windows), 1, blocks);
  units_ = windows * shares_;
}

void DirectPlan::lay_out_scratch() {
  std::int64_t strip_floats = 0, constant_floats = 0;
  for (const Zone& zone : zones_) {
    if (zone.whole.gathered) {
      strip_floats = std::max(strip_floats, grid_.distinct_rows(block_rows_) * row_floats(zone));
    } else if (row_source_.has_constant_rows()) {
      constant_floats = std::max(constant_floats, row_floats(zone));
    }
  }
  const std::int64_t tile_floats = tile_pixels_ * layer_->packed.widest_block();
  ScratchLayout scratch;
  scratch_.rows = scratch.place<const float*>(grid_.entries(block_rows_));
  scratch_.strips = scratch.place<float>(strip_floats);
  scratch_.constant_row = scratch.place<float>(constant_floats);
  scratch_.tile = scratch.place<float>(stores_at_once_ ? 0 : tile_floats);
  scratch_.tile_bytes =
      scratch.place<std::uint8_t>(native_out_ || out_type() == ElementType::float32 ? 0 : tile_floats);
  scratch_.factors = scratch.place<float>(layer_->spec.border.renormalizes() ? tile_floats : 0);
  scratch_.bytes = scratch.bytes();
}

std::string DirectPlan::kernel_name() const {
  return "f32_direct_" + std::to_string(tile_pixels_) + "x" + std::to_string(layer_->packed.widest_block()) +
         "_" + isa_name(kernels_.isa);
}

// ---- obeying ---------------------------------------------------------------------------------

void DirectPlan::run_unit(std::int64_t index, std::int64_t before, const void* in, void* out,
                          std::byte* scratch) const {
  const Unit unit = decode(index, {out, out_type()}, scratch);
  const bool pointed = before != kNoUnit && before / shares_ == index / shares_;
  if (!pointed) point_rows(unit, {in, in_type()}, scratch);
  for (std::int64_t b = unit.first_block; b < unit.end_block; ++b) {
    run_block(unit, layer_->packed.blocks()[static_cast<std::size_t>(b)]);
  }
}

void DirectPlan::point_rows(const Unit& unit, const InSamples& in, std::byte* scratch) const {
  const std::int64_t first_row = unit.first_row * view_.layer.stride_height - view_.padding.top;
  const std::int64_t image_pixels = view_.in.height * view_.in.width;
  const InSamples image = in.from(unit.image * image_pixels * view_.in.channels +
                                  unit.first_channel * (native_in_ ? 1 : image_pixels));
  RowScratch row_scratch{.strips = reinterpret_cast<float*>(scratch + scratch_.strips),
                         .strip_count = grid_.distinct_rows(block_rows_),
                         .constant_row = reinterpret_cast<float*>(scratch + scratch_.constant_row)};
  row_source_.point_rows(image, first_row, {0, unit.end_row - unit.first_row}, grid_, unit.stretch,
                         &row_scratch, unit.rows);
}

DirectPlan::Unit DirectPlan::decode(std::int64_t index, const OutSamples& out, std::byte* scratch) const {
  const std::int64_t share = index % shares_;
  index /= shares_;
  const std::int64_t first_group = index % slices_ * slice_groups_;
  const std::int64_t end_group = std::min(first_group + slice_groups_, view_.layer.groups);
  index /= slices_;
  std::int64_t segment_index = index % segments_;
  index /= segments_;
  const Zone* zone = zones_.data();
  for (; segment_index >= zone->segments; ++zone) segment_index -= zone->segments;
  const Segment segment = zone->segment(segment_index);
  const std::int64_t first_row = index % row_blocks_ * block_rows_;
  Unit unit{};
  unit.image = index / row_blocks_;
  unit.first_row = first_row;
  unit.end_row = std::min(first_row + block_rows_, view_.out.height);
  unit.segment = segment;
  const std::int64_t blocks = (end_group - first_group) * group_blocks();
  unit.first_block = first_group * group_blocks() + share * blocks / shares_;
  unit.end_block = first_group * group_blocks() + (share + 1) * blocks / shares_;
  unit.first_channel = first_group * view_.layer.group_in();
  const std::int64_t first_pixel = tile_begin(segment.first_tile);
  unit.stretch = stretch_of(first_pixel, tile_begin(segment.end_tile) - first_pixel, segment.gathered);
  unit.stretch.channels = (end_group - first_group) * view_.layer.group_in();
  unit.out = out;
  unit.rows = reinterpret_cast<const float**>(scratch + scratch_.rows);
  unit.tile = reinterpret_cast<float*>(scratch + scratch_.tile);
  unit.tile_bytes = reinterpret_cast<std::uint8_t*>(scratch + scratch_.tile_bytes);
  unit.factors = reinterpret_cast<float*>(scratch + scratch_.factors);
  return unit;
}

// While one block of weights is multiplied, the next comes from L3 or from memory, spread over all steps: its first
// tile would wait for it otherwise, in pages that no hardware prefetcher looks beyond. Where all weights rest in L2
// there is nothing to ask for, and where two blocks do not, the second would push out the first.
void DirectPlan::ask_for_weights(const Unit& unit, const ChannelBlock& block, std::int64_t tile_stretches,
                                 DirectTiles* tiles) const {
  const std::vector<ChannelBlock>& blocks = layer_->packed.blocks();
  const LayerShape& l = view_.layer;
  const std::int64_t weights =
      l.kernel_height * l.kernel_width * l.group_in() * block.vectors * kernels_.lanes;
  if (weights * 2 > kWindowFloats || weights * std::ssize(blocks) <= kWindowFloats) return;
  const auto next = static_cast<std::size_t>(&block - blocks.data() + 1) % blocks.size();
  tiles->ahead = layer_->packed.weights(blocks[next]);
  tiles->lines_ahead =
      ceil_divide(weights / kLineFloats, (unit.end_row - unit.first_row) * unit.tiles() * tile_stretches);
}

// And while one output row is made of samples that nobody has read before, the last row under the next one comes.
void DirectPlan::ask_for_samples(const Unit& unit, std::int64_t row, std::int64_t tile_stretches,
                                 DirectTiles* tiles) const {
  const LayerShape& l = view_.layer;
  const std::int64_t newest = row * l.stride_height - view_.padding.top + l.span_height() - 1;
  tiles->lines_ahead = 0;
  if (newest < 0 || newest + l.stride_height >= view_.in.height) return;
  const std::int64_t entry =
      (row - unit.first_row) * grid_.out_step + (grid_.kernel_rows - 1) * grid_.kernel_step;
  tiles->ahead = unit.rows[entry] + l.stride_height * view_.in.width * view_.in.channels;
  tiles->lines_ahead = ceil_divide(unit.stretch.floats() / kLineFloats, unit.tiles() * tile_stretches);
}

void DirectPlan::run_block(const Unit& unit, const ChannelBlock& block) const {
  const LayerShape& l = view_.layer;
  const std::int64_t channels = view_.in.channels, group_in = l.group_in();
  const std::int64_t block_width = block.vectors * kernels_.lanes;
  const Stretch& stretch = unit.stretch;
  const std::int64_t pixel_floats = stretch.pixel_floats;
  const bool contiguous =
      l.groups == 1 && l.dilation_width == 1 && !stretch.by_tap && pixel_floats == channels;
  DirectTiles tiles{};
  tiles.row_step = grid_.kernel_step;
  tiles.pixel_stride = (stretch.by_tap ? 1 : l.stride_width) * pixel_floats;
  tiles.runs = contiguous ? 1 : l.kernel_width;
  tiles.run_length = contiguous ? l.kernel_width * channels : group_in;
  tiles.run_stride = (stretch.by_tap ? stretch.columns : l.dilation_width) * pixel_floats;
  tiles.channels = block.channels;
  const bool pointwise = l.kernel_height == 1 && l.kernel_width == 1;
  tiles.samples_ahead = pointwise ? tile_pixels_ * tiles.pixel_stride : 0;  // the tile after
  const std::int64_t row_weights = l.kernel_width * group_in * block_width;
  const std::int64_t stretches =
      tiles.runs * ceil_divide(tiles.run_length, kDirectStretch);  // of a kernel row
  const bool streams =
      row_weights * l.kernel_height > kL2Floats;  // each tile reads its weights from beyond L2
  const bool reads_first = !pointwise && !stretch.gathered && slices_ == 1 && is_first(unit, block);
  if (!reads_first) ask_for_weights(unit, block, stretches * l.kernel_height, &tiles);

  for (std::int64_t row = unit.first_row; row < unit.end_row; ++row) {
    const TapRange inside = taps_inside(row * l.stride_height - view_.padding.top, l.dilation_height,
                                        l.kernel_height, view_.in.height);
    const TapRange used = skips_rows_ ? inside : TapRange{0, l.kernel_height};
    tiles.rows = unit.rows + (row - unit.first_row) * grid_.out_step + used.begin * grid_.kernel_step;
    tiles.kernel_rows = used.count();
    tiles.weights = layer_->packed.weights(block) + used.begin * row_weights;
    if (reads_first && used.count() > 0) ask_for_samples(unit, row, stretches * used.count(), &tiles);

    for (std::int64_t t = unit.segment.first_tile; t < unit.segment.end_tile; t += tiles.tiles) {
      const std::int64_t first_pixel = tile_begin(t), pixels = tile_begin(t + 1) - first_pixel;
      const bool fused = fused_ && !leaves_out(inside, first_pixel, pixels);
      tiles.tiles = at_once_ && !streams ? alike(unit.segment, t) : 1;
      if (streams) {
        tiles.ahead = tiles.weights + kPageFloats;
        tiles.lines_ahead = block_width * kDirectStretch / kLineFloats;
      }
      tiles.column_offset = (first_pixel - tile_begin(unit.segment.first_tile)) * tiles.pixel_stride +
                            block.group * group_in - unit.first_channel;
      if (stores_at_once_) {
        tiles.out = unit.out.floats() + place(unit.image, row, first_pixel) + block.channel;
        tiles.out_stride = view_.out.channels;
      } else {
        tiles.out = unit.tile;
        tiles.out_stride = has_whole_pixels(block) ? block.channels : block_width;
      }
      tiles.bias = fused ? layer_->packed.bias(block) : layer_->packed.no_bias();
      tiles.low = fused ? low_ : -kInfinity;
      tiles.high = fused ? high_ : kInfinity;
      kernels_.direct[block.vectors - 1][pixels - 1](tiles);
      if (!fused) finish(unit, block, first_pixel, inside, tiles, pixels);
      if (!stores_at_once_) store(unit, block, row, first_pixel, tiles, pixels);
      tiles.ahead += tiles.lines_ahead * kLineFloats * stretches * tiles.kernel_rows * tiles.tiles;
    }
  }
}

void DirectPlan::store(const Unit& unit, const ChannelBlock& block, std::int64_t row,
                       std::int64_t first_pixel, const DirectTiles& tile, std::int64_t pixels) const {
  MadePixels made{};
  made.data = tile.out;
  made.stride = tile.out_stride;
  made.bytes = unit.tile_bytes;
  made.image = unit.image;
  made.row = row;
  made.first_pixel = first_pixel;
  made.pixels = pixels;
  made.first_channel = block.channel;
  made.channels = block.channels;
  store_pixels(kernels_, made, view_.out, native_out_, unit.out);
}

// Whether the border leaves taps out of these pixels' windows.
bool DirectPlan::leaves_out(TapRange rows, std::int64_t first_pixel, std::int64_t pixels) const {
  const LayerShape& l = view_.layer;
  const Border& border = layer_->spec.border;
  if (border.y.mode == BorderMode::renormalize && rows.count() < l.kernel_height) return true;
  if (border.x.mode != BorderMode::renormalize) return false;
  const std::int64_t first_tap = first_pixel * l.stride_width - view_.padding.left;
  const std::int64_t last_tap = first_tap + (pixels - 1) * l.stride_width + l.span_width() - 1;
  return first_tap < 0 || last_tap >= view_.in.width;
}

void DirectPlan::finish(const Unit& unit, const ChannelBlock& block, std::int64_t first_pixel, TapRange rows,
                        DirectTiles& tile, std::int64_t pixels) const {
  const LayerShape& l = view_.layer;
  const Border& border = layer_->spec.border;
  FinishTile rest{};
  rest.data = tile.out;
  rest.data_stride = tile.out_stride;
  rest.bias = layer_->packed.bias(block);
  rest.pixels = pixels;
  rest.channels = block.channels;
  rest.activation = layer_->spec.activation;
  if (leaves_out(rows, first_pixel, pixels)) {
    const TapRange kept_rows = border.y.mode == BorderMode::renormalize ? rows : TapRange{0, l.kernel_height};
    rest.scale = unit.factors;
    rest.scale_stride = layer_->packed.widest_block();
    for (std::int64_t p = 0; p < pixels; ++p) {
      layer_->renormalizer.factors(kept_rows, columns_kept(view_, border, first_pixel + p), block.channel,
                                   block.channels, unit.factors + p * rest.scale_stride);
    }
  }
  kernels_.finish(rest);
}

}  // namespace simdconv
