#include "plan/planar_plan.h"

#include <algorithm>
#include <string>

#include "plan/border.h"
#include "plan/common.h"
#include "plan/gather.h"
#include "simdconv/cpu.h"

namespace simdconv {
namespace {

constexpr std::int64_t kShareChannels = 32;  // two cache lines of a pixel
constexpr double kWorthNarrowing = 0.98;     // wider windows read longer stretches of memory

// What a pixel of a group costs, in lanes of a multiplication. `direct` multiplies idle lanes as well, and
// waits for loads where it has one vector of AVX2; starting and storing a tile takes it as long as so many
// lanes, which the pixels of the tile share. `planar` multiplies in vain only between its rows, but moves
// samples and outputs between pixels and planes; in nchw it is `direct` that does so. This is the cost of
// `planar` over that of `direct`.
double relative_cost(const Layer& layer) {
  constexpr double kStart = 384, kBoundByLoads = 1.25, kBetweenRows = 1.03, kMove = 4;
  const LayerShape& l = layer.shape;
  const KernelTable& wide = direct_kernels(layer);
  const std::int64_t taps = l.kernel_height * l.kernel_width;
  const std::int64_t vectors = ceil_divide(l.group_out(), wide.lanes);
  const std::int64_t blocks = ceil_divide(vectors, wide.vectors);
  const std::int64_t pixels = wide.max_pixels[std::min(vectors, wide.vectors) - 1];
  const std::int64_t samples = l.group_in() * std::min(taps, l.stride_height * l.stride_width);
  const auto steps = static_cast<double>(taps * l.group_in());
  const bool waits = vectors == 1 && wide.isa == Isa::avx2;
  double direct = steps * static_cast<double>(vectors * wide.lanes) * (waits ? kBoundByLoads : 1) +
                  kStart * static_cast<double>(blocks) / static_cast<double>(pixels);
  double planar = steps * static_cast<double>(l.group_out()) * kBetweenRows;
  (layer.spec.layout == Layout::nhwc ? planar : direct) +=
      kMove * static_cast<double>(samples + l.group_out());
  return planar / direct;
}

std::string decline_cost(const Layer& layer) {
  const LayerShape& l = layer.shape;
  if (layer.kernels->lanes == 1) return "lanes are one float wide, so that none are idle";
  if (l.group_in() == 1 && l.group_out() == 1) return "each output channel sees an input channel of its own";
  if (l.group_in() == 1) return {};  // other candidates repeat a sample for each output
  if (kGrouped.decline(layer).empty()) return "groups that fill vectors need no planes";
  if (relative_cost(layer) < 1) return {};
  const std::int64_t lanes = direct_kernels(layer).lanes;
  return std::to_string(l.group_out()) + " output channels idle too few of " +
         std::to_string(ceil_divide(l.group_out(), lanes) * lanes) + " lanes to pay for planes";
}

std::string decline(const Layer& layer) {
  if (layer.spec.border.renormalizes() && !layer.finite_weights) return kNeedsFiniteWeights;
  return layer.spec.algorithm == "auto" ? decline_cost(layer) : "";
}

void prepare(Layer& layer) {
  layer.planar = PlanarFilter(layer.filter_view(), layer.spec.bias, layer.shape, layer.kernels->planar);
}

// In proportion to `direct`, which accepts whatever `planar` does.
double predict(const Layer& layer, const Geometry& geometry) {
  return relative_cost(layer) * kDirect.predict(layer, geometry);
}

}  // namespace

const Algorithm kPlanar{
    "planar",
    decline,
    prepare,
    predict,
    [](std::shared_ptr<const Layer> layer, const Geometry& geometry) -> std::shared_ptr<const Plan> {
      return std::make_shared<PlanarPlan>(std::move(layer), geometry);
    },
};

PlanarPlan::PlanarPlan(std::shared_ptr<const Layer> layer, const Geometry& geometry)
    : LayerPlan(kPlanar.name, std::move(layer), geometry),
      kernels_(layer_->kernels->planar),
      lanes_(layer_->kernels->lanes) {
  const Conv2dSpec& spec = layer_->spec;
  planes_in_ = spec.layout == Layout::nchw || geometry.in.channels == 1;
  planes_out_ = spec.layout == Layout::nchw || geometry.out.channels == 1;
  view_ = as_one_row(geometry, /*joins_images=*/spec.layout == Layout::nhwc);
  choose_shares();
  choose_windows();
  lay_out_planes();
  lay_out_scratch();
}

// ---- deciding --------------------------------------------------------------------------------

void PlanarPlan::choose_shares() {
  const LayerShape& l = view_.layer;
  const std::int64_t least = ceil_divide(kShareChannels, std::min(l.group_in(), l.group_out()));
  shares_ = std::max<std::int64_t>(1, l.groups / least);
  share_groups_ = ceil_divide(l.groups, shares_);
  shares_ = ceil_divide(l.groups, share_groups_);
}

// Of windows as wide as the row, half of it, a quarter, ..., each as high as fits, the one with the least
// gathered and the least computed for each output.
void PlanarPlan::choose_windows() {
  const LayerShape& l = view_.layer;
  const ImageShape& out = view_.out;
  const std::int64_t channels = share_groups_ * l.group_in();
  double least_cost = kInfinity;
  for (std::int64_t blocks = 1;; blocks *= 2) {
    const std::int64_t columns = ceil_divide(out.width, blocks);
    const AxisTaps x(l.kernel_width, l.dilation_width, l.stride_width, columns);
    const auto floats = [&](std::int64_t rows) {
      return channels * x.places() *
             AxisTaps(l.kernel_height, l.dilation_height, l.stride_height, rows).places();
    };
    const bool narrow = columns <= 2 * lanes_;
    if (floats(1) <= kWindowFloats || (narrow && least_cost == kInfinity)) {
      const std::int64_t most_rows = ceil_divide(out.height * blocks * shares_ * out.batch, kMinUnits);
      std::int64_t rows = 1;
      while (rows < std::min(out.height, most_rows) && floats(rows + 1) <= kWindowFloats) ++rows;
      const std::int64_t flat = ceil_divide((rows - 1) * x.length() + columns, lanes_) * lanes_;
      const std::int64_t gathered = floats(rows) / channels;
      const double cost = static_cast<double>(flat + gathered) / static_cast<double>(rows * columns);
      if (cost < kWorthNarrowing * least_cost) {
        least_cost = cost;
        rows_ = rows;
        columns_ = columns;
      }
    }
    if (narrow) break;
  }
  row_blocks_ = ceil_divide(out.height, rows_);
  rows_ = ceil_divide(out.height, row_blocks_);
  row_blocks_ = ceil_divide(out.height, rows_);
  column_blocks_ = ceil_divide(out.width, columns_);
  columns_ = ceil_divide(out.width, column_blocks_);
  column_blocks_ = ceil_divide(out.width, columns_);
  y_ = AxisTaps(l.kernel_height, l.dilation_height, l.stride_height, rows_);
  x_ = AxisTaps(l.kernel_width, l.dilation_width, l.stride_width, columns_);
}

// Channels are an odd number of cache lines apart, so that they spread over all sets of the caches.
void PlanarPlan::lay_out_planes() {
  const LayerShape& l = view_.layer;
  piece_floats_ = y_.length() * x_.length();
  const std::int64_t lines = ceil_divide(y_.pieces() * x_.pieces() * piece_floats_, kLineFloats);
  channel_floats_ = (lines + 1 - lines % 2) * kLineFloats;
  offsets_.reserve(static_cast<std::size_t>(l.group_in() * l.kernel_height * l.kernel_width));
  for (std::int64_t c = 0; c < l.group_in(); ++c) {
    for (std::int64_t y = 0; y < l.kernel_height; ++y) {
      for (std::int64_t x = 0; x < l.kernel_width; ++x) {
        const std::int64_t piece = y_.piece(y) * x_.pieces() + x_.piece(x);
        offsets_.push_back(c * channel_floats_ + piece * piece_floats_ + y_.shift(y) * x_.length() +
                           x_.shift(x));
      }
    }
  }
}

void PlanarPlan::lay_out_scratch() {
  const LayerShape& l = view_.layer;
  const std::int64_t window = ceil_divide((rows_ - 1) * x_.length() + columns_, lanes_);
  tile_vectors_ = std::min<std::int64_t>(window, kernels_.vectors[layer_->planar.most_outputs() - 1]);
  tile_pixels_ = tile_vectors_ * lanes_;
  const bool renormalizes = layer_->spec.border.renormalizes();
  const std::int64_t channels = share_groups_ * l.group_out();
  ScratchLayout scratch;
  scratch_.planes = scratch.place<float>(share_groups_ * l.group_in() * channel_floats_ + lanes_);
  const bool packs_pixels = out_type() == ElementType::uint8 && !planes_out_;
  scratch_.pixels = scratch.place<float>(packs_pixels ? channels * tile_pixels_ : 0);
  scratch_.tile = scratch.place<float>(channels * tile_pixels_);
  scratch_.factors = scratch.place<float>(renormalizes ? channels * tile_pixels_ : 0);
  scratch_.pixel_factors = scratch.place<float>(renormalizes ? channels : 0);
  scratch_.bias = scratch.place<float>(tile_pixels_);
  scratch_.bytes = scratch.bytes();
}

std::string PlanarPlan::kernel_name() const {
  const Isa isa = layer_->kernels->isa;
  return "f32_planar_" + std::to_string(tile_pixels_) + "x" + std::to_string(layer_->planar.most_outputs()) +
         "_" + isa_name(isa);
}

// ---- obeying ---------------------------------------------------------------------------------

void PlanarPlan::run_unit(std::int64_t index, std::int64_t /*before*/, const void* in, void* out,
                          std::byte* scratch) const {
  const Unit unit = decode(index, {in, in_type()}, {out, out_type()}, scratch);
  gather(unit);
  const std::int64_t vectors = ceil_divide((unit.rows - 1) * x_.length() + unit.columns, lanes_);
  const std::int64_t tiles = ceil_divide(vectors, tile_vectors_);
  for (std::int64_t t = 0; t < tiles; ++t) {
    const std::int64_t begin = t * vectors / tiles, end = (t + 1) * vectors / tiles;
    run_tile(unit, {begin * lanes_, end - begin});
  }
}

PlanarPlan::Unit PlanarPlan::decode(std::int64_t index, const InSamples& in, const OutSamples& out,
                                    std::byte* scratch) const {
  Unit unit{};
  unit.first_group = index % shares_ * share_groups_;
  unit.groups = std::min(share_groups_, view_.layer.groups - unit.first_group);
  index /= shares_;
  unit.first_column = index % column_blocks_ * columns_;
  unit.columns = std::min(columns_, view_.out.width - unit.first_column);
  index /= column_blocks_;
  unit.first_row = index % row_blocks_ * rows_;
  unit.rows = std::min(rows_, view_.out.height - unit.first_row);
  const std::int64_t image = index / row_blocks_;
  unit.in = in.from(image * view_.in.height * view_.in.width * view_.in.channels);
  unit.out = out.from(image * view_.out.height * view_.out.width * view_.out.channels);
  unit.pixels = reinterpret_cast<float*>(scratch + scratch_.pixels);
  unit.planes = reinterpret_cast<float*>(scratch + scratch_.planes);
  unit.tile = reinterpret_cast<float*>(scratch + scratch_.tile);
  unit.factors = reinterpret_cast<float*>(scratch + scratch_.factors);
  unit.pixel_factors = reinterpret_cast<float*>(scratch + scratch_.pixel_factors);
  unit.bias = reinterpret_cast<float*>(scratch + scratch_.bias);
  return unit;
}

void PlanarPlan::gather(const Unit& unit) const {
  const LayerShape& l = view_.layer;
  const std::int64_t first_row = unit.first_row * l.stride_height - view_.padding.top;
  const std::int64_t first_column = unit.first_column * l.stride_width - view_.padding.left;
  for (std::int64_t piece_y = 0; piece_y < y_.pieces(); ++piece_y) {
    for (std::int64_t row = 0; row < unit.rows + y_.reach(); ++row) {
      for (std::int64_t piece_x = 0; piece_x < x_.pieces(); ++piece_x) {
        float* out = unit.planes + (piece_y * x_.pieces() + piece_x) * piece_floats_ + row * x_.length();
        gather_row(unit, first_row + y_.start(piece_y) + row * y_.stride(), first_column + x_.start(piece_x),
                   out);
      }
    }
  }
}

// Beyond the image in y its constant stands, whatever x would put there; but a tap that x leaves out is out.
void PlanarPlan::gather_row(const Unit& unit, std::int64_t virtual_row, std::int64_t first_column,
                            float* out) const {
  const Border& border = layer_->spec.border;
  const ImageShape& in = view_.in;
  const std::int64_t channels = unit.groups * view_.layer.group_in();
  const Columns columns{first_column, unit.columns + x_.reach(), x_.stride()};
  const std::int64_t source = border_source(border.y.mode, virtual_row, in.height);
  if (source != kOutside) {
    const InSamples row = unit.in.from(source * in.width * (planes_in_ ? 1 : in.channels));
    if (row.type == ElementType::uint8) return gather_inside(unit, row.bytes(), columns, out);
    return gather_inside(unit, row.floats(), columns, out);
  }
  const float value = border.y.mode == BorderMode::constant ? border.y.value : 0.0F;
  for (std::int64_t c = 0; c < channels; ++c, out += channel_floats_) {
    std::fill_n(out, columns.count, value);
    if (border.x.mode != BorderMode::renormalize) continue;
    for (std::int64_t i = 0; i < columns.count; ++i) {
      const std::int64_t column = first_column + i * columns.step;
      if (column < 0 || column >= in.width) out[i] = 0;
    }
  }
}

template <typename In>
void PlanarPlan::gather_inside(const Unit& unit, const In* data, const Columns& columns, float* out) const {
  const ImageShape& in = view_.in;
  const std::int64_t group_in = view_.layer.group_in();
  ImageRow<In> row{data, in.channels, 1, in.width, unit.groups * group_in};
  row.widen = layer_->kernels->widen;
  if (planes_in_) {
    row.pixel_stride = 1;
    row.channel_stride = in.height * in.width;
  }
  row.data += unit.first_group * group_in * row.channel_stride;
  gather_planes(row, layer_->spec.border.x, columns, kernels_.to_planes, out, channel_floats_);
}

void PlanarPlan::run_tile(const Unit& unit, const Tile& tile) const {
  const LayerShape& l = view_.layer;
  const PlanarFilter& filter = layer_->planar;
  const bool scaled = layer_->spec.border.renormalizes() && leaves_out(unit, tile);
  const bool fused = fused_ && !scaled;
  PlanarTiles work{};
  work.tiles = 1;
  work.offsets = offsets_.data();
  work.steps = static_cast<std::int64_t>(offsets_.size());
  work.out_stride = tile_pixels_;
  work.low = fused ? low_ : -kInfinity;
  work.high = fused ? high_ : kInfinity;
  const std::int64_t first_block = unit.first_group * filter.blocks_per_group();
  const std::int64_t blocks = unit.groups * filter.blocks_per_group();
  for (std::int64_t b = first_block; b < first_block + blocks; ++b) {
    const PlanarBlock& block = filter.blocks()[static_cast<std::size_t>(b)];
    work.in = unit.planes + (block.group - unit.first_group) * l.group_in() * channel_floats_ + tile.first;
    work.weights = filter.weights(block);
    work.bias = fused ? filter.bias() + block.channel : filter.no_bias();
    work.out = unit.tile + (block.channel - unit.first_group * l.group_out()) * tile_pixels_;
    kernels_.tile[block.outputs - 1][tile.vectors - 1](work);
  }
  if (!fused) finish(unit, tile, scaled);
  store(unit, tile);
}

template <typename Visit>
void PlanarPlan::for_each_row(const Unit& unit, const Tile& tile, Visit visit) const {
  const std::int64_t end = tile.first + tile.vectors * lanes_;
  for (std::int64_t row = tile.first / x_.length(); row < unit.rows && row * x_.length() < end; ++row) {
    const std::int64_t begin = std::max<std::int64_t>(tile.first - row * x_.length(), 0);
    const std::int64_t pixels = std::min(end - row * x_.length(), unit.columns) - begin;
    if (pixels <= 0) continue;
    visit(unit.first_row + row, unit.first_column + begin, pixels, row * x_.length() + begin - tile.first);
  }
}

// Whether the border leaves taps out of any window of the tile's rows.
bool PlanarPlan::leaves_out(const Unit& unit, const Tile& tile) const {
  const LayerShape& l = view_.layer;
  bool any = columns_kept(unit.first_column).count() < l.kernel_width ||
             columns_kept(unit.first_column + unit.columns - 1).count() < l.kernel_width;
  for_each_row(unit, tile, [&](std::int64_t row, std::int64_t, std::int64_t, std::int64_t) {
    any = any || rows_kept(row).count() < l.kernel_height;
  });
  return any;
}

void PlanarPlan::finish(const Unit& unit, const Tile& tile, bool scaled) const {
  const LayerShape& l = view_.layer;
  const std::int64_t pixels = tile.vectors * lanes_;
  const std::int64_t first = unit.first_group * l.group_out(), channels = unit.groups * l.group_out();
  if (scaled) {
    std::fill_n(unit.factors, channels * tile_pixels_, 1.0F);
    for_each_row(unit, tile,
                 [&](std::int64_t row, std::int64_t column, std::int64_t count, std::int64_t offset) {
                   const TapRange rows = rows_kept(row);
                   for (std::int64_t i = 0; i < count; ++i) {
                     const TapRange columns = columns_kept(column + i);
                     if (rows.count() == l.kernel_height && columns.count() == l.kernel_width) continue;
                     layer_->renormalizer.factors(rows, columns, first, channels, unit.pixel_factors);
                     for (std::int64_t d = 0; d < channels; ++d) {
                       unit.factors[d * tile_pixels_ + offset + i] = unit.pixel_factors[d];
                     }
                   }
                 });
  }
  FinishTile rest{};
  rest.bias = unit.bias;
  rest.pixels = 1;
  rest.channels = pixels;
  rest.activation = layer_->spec.activation;
  for (std::int64_t d = 0; d < channels; ++d) {
    std::fill_n(unit.bias, pixels, layer_->planar.bias()[first + d]);
    rest.data = unit.tile + d * tile_pixels_;
    rest.scale = scaled ? unit.factors + d * tile_pixels_ : nullptr;
    layer_->kernels->finish(rest);
  }
}

void PlanarPlan::store(const Unit& unit, const Tile& tile) const {
  const LayerShape& l = view_.layer;
  const ImageShape& out = view_.out;
  const std::int64_t first = unit.first_group * l.group_out(), channels = unit.groups * l.group_out();
  for_each_row(
      unit, tile, [&](std::int64_t row, std::int64_t column, std::int64_t pixels, std::int64_t offset) {
        const float* from = unit.tile + offset;
        const std::int64_t plane = out.height * out.width, place = row * out.width + column;
        const OutSamples at =
            unit.out.from(planes_out_ ? first * plane + place : place * out.channels + first);
        const NarrowKernel narrow = layer_->kernels->narrow;
        if (at.type == ElementType::uint8) {
          if (planes_out_) return narrow({from, tile_pixels_, at.bytes(), plane, channels, pixels});
          kernels_.from_planes({from, tile_pixels_, unit.pixels, channels, pixels, channels});
          const bool whole = channels == out.channels;  // pixels are contiguous
          return narrow({unit.pixels, channels, at.bytes(), out.channels, whole ? 1 : pixels,
                         whole ? pixels * channels : channels});
        }
        if (!planes_out_) {
          kernels_.from_planes({from, tile_pixels_, at.floats(), out.channels, pixels, channels});
          return;
        }
        float* to = at.floats();
        for (std::int64_t d = 0; d < channels; ++d, from += tile_pixels_, to += out.height * out.width) {
          std::copy_n(from, pixels, to);
        }
      });
}

}  // namespace simdconv
