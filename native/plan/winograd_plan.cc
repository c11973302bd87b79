#include "plan/winograd_plan.h"

#include <algorithm>
#include <string>

#include "plan/border.h"
#include "plan/common.h"
#include "plan/cost.h"
#include "plan/made_pixels.h"
#include "simdconv/cpu.h"

namespace simdconv {
namespace {

// Tiles that read the weights together. Each weight is then used that often; from L3 it arrives in time.
constexpr std::int64_t kGroupTiles = 28;

std::string size(std::int64_t height, std::int64_t width) {
  return std::to_string(height) + "x" + std::to_string(width);
}

std::string name_of(const CookToom& y, const CookToom& x) { return "winograd-" + size(y.outputs, x.outputs); }

// The form that makes so many outputs of so many taps; -1 where there is none.
int find_form(int outputs, std::int64_t taps) {
  for (int form = 0; form < kFormCount; ++form) {
    if (kForms[form].outputs == outputs && kForms[form].taps == taps) return form;
  }
  return -1;
}

struct Forms {
  int y, x;
};

template <int OutHeight, int OutWidth>
Forms find_forms(const LayerShape& shape) {
  return {find_form(OutHeight, shape.kernel_height), find_form(OutWidth, shape.kernel_width)};
}

// Forms with 4 points have less than half of the weights of those with 6, and pay where reading them counts; those with
// 8 points have nearly twice as many, and a larger error.
constexpr std::int64_t kManyWeights = 1 << 14;
constexpr int kFewPoints = 4, kManyPoints = 8;

template <int OutHeight, int OutWidth>
std::string decline(const Layer& layer) {
  const LayerShape& s = layer.shape;
  const Conv2dSpec& spec = layer.spec;
  if (spec.accuracy == Accuracy::exact)
    return "its products are not the formula's, and the sums shall be exact";
  const auto [form_y, form_x] = find_forms<OutHeight, OutWidth>(s);
  if (form_y < 0 || form_x < 0 || !layer.kernels->winograd.ends[form_y][form_x].input) {
    return "it has no form for a kernel of " + size(s.kernel_height, s.kernel_width);
  }
  if (s.stride_height != 1 || s.stride_width != 1) return "strides part the outputs";
  if ((s.dilation_height != 1 && s.kernel_height > 1) || (s.dilation_width != 1 && s.kernel_width > 1)) {
    return "dilations part the taps";
  }
  if (!layer.finite_weights) return "a weight is not finite";
  if (s.group_out() * 2 <= layer.kernels->lanes) {
    return std::to_string(s.group_out()) + " output channels of a group leave half of a vector idle";
  }
  const CookToom &y = kForms[form_y], &x = kForms[form_x];
  if (spec.algorithm == name_of(y, x)) return {};
  const int points = std::max(y.points(), x.points());
  if (spec.accuracy == Accuracy::high && points == kManyPoints) return "its error asks for accuracy 'fast'";
  if (spec.algorithm != "auto") return {};
  if (spec.accuracy == Accuracy::high && layer.whole_weights) {
    return "the weights are whole numbers, whose sums are kept exact";
  }
  const bool many_weights = s.group_in() * s.out_channels > kManyWeights;
  if (points == kFewPoints && !many_weights) {
    return "more outputs at a time are faster where weights are so few";
  }
  if (points == kManyPoints && many_weights) return "its weights are too many";
  return {};
}

// Of a layer that was not declined.
template <int OutHeight, int OutWidth, typename AnyLayer>
auto& filter_of(AnyLayer& layer) {
  const auto [form_y, form_x] = find_forms<OutHeight, OutWidth>(layer.shape);
  return layer.winograd[form_y][form_x];
}

template <int OutHeight, int OutWidth>
void prepare(Layer& layer) {
  const auto [form_y, form_x] = find_forms<OutHeight, OutWidth>(layer.shape);
  layer.winograd[form_y][form_x] =
      WinogradFilter(form_y, form_x, layer.filter_view(), layer.spec.bias, layer.shape, *layer.kernels);
  pack_directly(layer);
}

// The transforms of a tile, for a vector of channels: arithmetic, loads and stores, for each point.
constexpr double kTransformTicks = 13;

template <int OutHeight, int OutWidth>
double predict(const Layer& layer, const Geometry& geometry) {
  const WinogradFilter& filter = filter_of<OutHeight, OutWidth>(layer);
  const WinogradTiling tiling(filter, geometry);
  const LayerShape& s = layer.shape;
  const auto points = static_cast<double>(filter.points()), tiles = static_cast<double>(tiling.tiles);
  double products = 0;
  std::int64_t vectors = ceil_divide(s.in_channels, layer.kernels->lanes);
  for (const ChannelBlock& block : filter.packed().blocks()) {
    const std::int64_t parts = ceil_divide(tiling.group_tiles, layer.kernels->max_pixels[block.vectors - 1]);
    const std::int64_t pixels = ceil_divide(tiling.group_tiles, parts);
    products += static_cast<double>(parts * tiling.groups) *
                product_ticks(s.group_in(), pixels, block.vectors, layer.kernels->isa);
    vectors += block.vectors;
  }
  const double transforms = kTransformTicks * tiles * static_cast<double>(vectors);
  const double ticks = points * (products + transforms) + stream_ticks(filter.bytes(), tiling.groups);
  return seconds_of(ticks, layer.kernels->isa);
}

template <int OutHeight, int OutWidth>
std::shared_ptr<const Plan> plan(std::shared_ptr<const Layer> layer, const Geometry& geometry) {
  return std::make_shared<WinogradPlan>(layer, geometry, filter_of<OutHeight, OutWidth>(*layer));
}

template <int OutHeight, int OutWidth>
constexpr Algorithm algorithm(const char* name) {
  return {name, decline<OutHeight, OutWidth>, prepare<OutHeight, OutWidth>, predict<OutHeight, OutWidth>,
          plan<OutHeight, OutWidth>};
}

}  // namespace

const Algorithm kWinograd2x2 = algorithm<2, 2>("winograd-2x2");
const Algorithm kWinograd4x4 = algorithm<4, 4>("winograd-4x4");
const Algorithm kWinograd6x6 = algorithm<6, 6>("winograd-6x6");
const Algorithm kWinograd1x4 = algorithm<1, 4>("winograd-1x4");
const Algorithm kWinograd4x1 = algorithm<4, 1>("winograd-4x1");

WinogradTiling::WinogradTiling(const WinogradFilter& filter, const Geometry& geometry)
    : rows(ceil_divide(geometry.out.height, kForms[filter.form_y()].outputs)),
      columns(ceil_divide(geometry.out.width, kForms[filter.form_x()].outputs)),
      tiles(geometry.out.batch * rows * columns),
      groups(ceil_divide(tiles, kGroupTiles)) {
  if (groups > 1 && groups < kMinUnits) groups += groups % 2;  // two threads get the same
  group_tiles = ceil_divide(tiles, groups);
}

WinogradPlan::WinogradPlan(std::shared_ptr<const Layer> layer, const Geometry& geometry,
                           const WinogradFilter& filter)
    : LayerPlan(name_of(kForms[filter.form_y()], kForms[filter.form_x()]), std::move(layer), geometry),
      kernels_(*layer_->kernels),
      filter_(filter),
      tiling_(filter, geometry),
      form_y_(kForms[filter_.form_y()]),
      form_x_(kForms[filter_.form_x()]),
      ends_(kernels_.winograd.ends[filter_.form_y()][filter_.form_x()]) {
  const Conv2dSpec& spec = layer_->spec;
  native_in_ = spec.layout == Layout::nhwc || geometry.in.channels == 1;
  native_out_ = spec.layout == Layout::nhwc || geometry.out.channels == 1;
  stores_at_once_ = native_out_ && spec.out_type == ElementType::float32;
  choose_groups();
  const auto value = [](const AxisBorder& axis) {
    return axis.mode == BorderMode::constant ? axis.value : 0.0F;
  };
  const float values[] = {0, value(spec.border.y), value(spec.border.x)};
  for (std::size_t i = 0; i < constants_.size(); ++i) {
    constants_[i] = AlignedFloats(geometry.in.channels);
    std::fill_n(constants_[i].data(), geometry.in.channels, values[i]);
  }
  lay_out_scratch();
}

// ---- deciding --------------------------------------------------------------------------------

void WinogradPlan::choose_groups() {
  const std::int64_t blocks = static_cast<std::int64_t>(filter_.packed().blocks().size());
  shares_ = std::clamp<std::int64_t>(ceil_divide(2, tiling_.groups), 1, blocks);
  pixel_floats_ = ceil_divide(geometry_.in.channels, kernels_.lanes) * kernels_.lanes;
  sample_stride_ = tiling_.group_tiles * pixel_floats_ + kLineFloats;
  sum_stride_ = tiling_.group_tiles * filter_.packed().widest_block() + kLineFloats;
}

void WinogradPlan::lay_out_scratch() {
  const std::int64_t points = filter_.points(), width = filter_.packed().widest_block();
  const std::int64_t outputs = static_cast<std::int64_t>(form_y_.outputs) * form_x_.outputs;
  ScratchLayout scratch;
  scratch_.pixels = scratch.place<const float*>(points);
  scratch_.patch = scratch.place<float>(points * pixel_floats_);
  scratch_.samples = scratch.place<float>(points * sample_stride_);
  scratch_.sums = scratch.place<float>(points * sum_stride_);
  scratch_.tile = scratch.place<float>(stores_at_once_ ? 0 : outputs * width);
  scratch_.tile_bytes = scratch.place<std::uint8_t>(
      native_out_ || out_type() == ElementType::float32 ? 0 : form_x_.outputs * width);
  scratch_.factors = scratch.place<float>(layer_->spec.border.renormalizes() ? form_x_.outputs * width : 0);
  scratch_.poison = scratch.place<float>(kernels_.lanes);
  scratch_.bytes = scratch.bytes();
}

std::string WinogradPlan::kernel_name() const {
  return "f32_winograd_" + size(form_y_.outputs, form_x_.outputs) + "_" + isa_name(kernels_.isa);
}

// ---- obeying ---------------------------------------------------------------------------------

void WinogradPlan::run_unit(std::int64_t index, std::int64_t /*before*/, const void* in, void* out,
                            std::byte* scratch) const {
  const std::int64_t share = index % shares_, group = index / shares_;
  const std::int64_t blocks = static_cast<std::int64_t>(filter_.packed().blocks().size());
  Unit unit{};
  unit.first_tile = group * tiling_.tiles / tiling_.groups;
  unit.tiles = (group + 1) * tiling_.tiles / tiling_.groups - unit.first_tile;
  unit.in = {in, in_type()};
  unit.out = {out, out_type()};
  unit.pixels = reinterpret_cast<const float**>(scratch + scratch_.pixels);
  unit.patch = reinterpret_cast<float*>(scratch + scratch_.patch);
  unit.samples = reinterpret_cast<float*>(scratch + scratch_.samples);
  unit.sums = reinterpret_cast<float*>(scratch + scratch_.sums);
  unit.tile = reinterpret_cast<float*>(scratch + scratch_.tile);
  unit.tile_bytes = reinterpret_cast<std::uint8_t*>(scratch + scratch_.tile_bytes);
  unit.factors = reinterpret_cast<float*>(scratch + scratch_.factors);
  unit.poison = reinterpret_cast<float*>(scratch + scratch_.poison);
  transform_inputs(unit);
  for (std::int64_t b = share * blocks / shares_; b < (share + 1) * blocks / shares_; ++b) {
    const ChannelBlock& block = filter_.packed().blocks()[static_cast<std::size_t>(b)];
    multiply(unit, block);
    transform_outputs(unit, block);
  }
}

WinogradPlan::Tile WinogradPlan::tile_at(std::int64_t index) const {
  Tile tile{};
  tile.column = index % tiling_.columns * form_x_.outputs;
  index /= tiling_.columns;
  tile.row = index % tiling_.rows * form_y_.outputs;
  tile.image = index / tiling_.rows;
  tile.rows = std::min<std::int64_t>(form_y_.outputs, geometry_.out.height - tile.row);
  tile.columns = std::min<std::int64_t>(form_x_.outputs, geometry_.out.width - tile.column);
  return tile;
}

// Beyond the image in y its constant stands, whatever x would put there; but a tap that x leaves out is out.
const float* WinogradPlan::beyond(bool row_outside, bool column_outside) const {
  const bool left_out = column_outside && layer_->spec.border.x.mode == BorderMode::renormalize;
  return constants_[left_out ? 0 : row_outside ? 1 : 2].data();
}

// Samples that only outputs beyond the last would see are zeros.
void WinogradPlan::point_pixels(const Unit& unit, const Tile& tile) const {
  const ImageShape& in = geometry_.in;
  const Border& border = layer_->spec.border;
  const std::int64_t height = form_y_.points(), width = form_x_.points();
  const std::int64_t first_row = tile.row - geometry_.padding.top,
                     first_column = tile.column - geometry_.padding.left;
  const std::int64_t rows = tile.rows + form_y_.taps - 1, columns = tile.columns + form_x_.taps - 1;
  const InSamples image = unit.in.from(tile.image * in.height * in.width * in.channels);
  const bool in_place = native_in_ && image.type == ElementType::float32;
  const std::ptrdiff_t pixel_stride = native_in_ ? in.channels : 1;

  std::int64_t source_columns[kMostPoints];
  for (std::int64_t x = 0; x < columns; ++x) {
    source_columns[x] = border_source(border.x.mode, first_column + x, in.width);
  }
  const float** pixel = unit.pixels;
  float* copy = unit.patch;
  for (std::int64_t y = 0; y < height; ++y) {
    const std::int64_t source_row =
        y < rows ? border_source(border.y.mode, first_row + y, in.height) : kOutside;
    for (std::int64_t x = 0; x < width; ++x, ++pixel, copy += pixel_floats_) {
      if (y >= rows || x >= columns) {
        *pixel = constants_[0].data();
      } else if (source_row == kOutside || source_columns[x] == kOutside) {
        *pixel = beyond(source_row == kOutside, source_columns[x] == kOutside);
      } else {
        const InSamples samples = image.from((source_row * in.width + source_columns[x]) * pixel_stride);
        if (!in_place) copy_pixel(samples, copy);
        *pixel = in_place ? samples.floats() : copy;
      }
    }
  }
}

// A pixel whose channels stand apart, or are bytes.
void WinogradPlan::copy_pixel(const InSamples& pixel, float* copy) const {
  const ImageShape& in = geometry_.in;
  const bool bytes = pixel.type == ElementType::uint8;
  if (native_in_ && bytes) return kernels_.widen(pixel.bytes(), copy, in.channels);
  const std::ptrdiff_t channel_stride = native_in_ ? 1 : in.height * in.width;
  const auto collect = [&](const auto* sample) {
    for (std::int64_t c = 0; c < in.channels; ++c) copy[c] = sample[c * channel_stride];
  };
  if (bytes) {
    collect(pixel.bytes());
  } else {
    collect(pixel.floats());
  }
}

void WinogradPlan::transform_inputs(const Unit& unit) const {
  WinogradInput input{};
  input.pixels = unit.pixels;
  input.channels = geometry_.in.channels;
  input.point_stride = sample_stride_;
  for (std::int64_t t = 0; t < unit.tiles; ++t) {
    point_pixels(unit, tile_at(unit.first_tile + t));
    input.out = unit.samples + t * pixel_floats_;
    ends_.input(input);
  }
}

void WinogradPlan::multiply(const Unit& unit, const ChannelBlock& block) const {
  const std::int64_t width = block_width(block), most = kernels_.max_pixels[block.vectors - 1];
  const std::int64_t parts = ceil_divide(unit.tiles, most);
  WinogradProduct product{};
  product.tile_stride = pixel_floats_;
  product.channels = geometry_.layer.group_in();
  product.ahead = kPageFloats;
  for (std::int64_t point = 0; point < filter_.points(); ++point) {
    product.weights = filter_.weights(block, point);
    const float* samples = unit.samples + point * sample_stride_ + block.group * product.channels;
    float* sums = unit.sums + point * sum_stride_;
    for (std::int64_t part = 0; part < parts; ++part) {
      const std::int64_t first = part * unit.tiles / parts, end = (part + 1) * unit.tiles / parts;
      product.samples = samples + first * pixel_floats_;
      product.sums = sums + first * width;
      kernels_.winograd.multiply[block.vectors - 1][end - first - 1](product);
    }
  }
}

void WinogradPlan::transform_outputs(const Unit& unit, const ChannelBlock& block) const {
  const ImageShape& shape = geometry_.out;
  const std::int64_t width = block_width(block);
  WinogradOutput output{};
  output.point_stride = sum_stride_;
  output.channels = block.channels;
  output.poison = unit.poison;
  for (std::int64_t t = 0; t < unit.tiles; ++t) {
    const Tile tile = tile_at(unit.first_tile + t);
    const bool fused = fused_ && !leaves_out(tile);
    output.sums = unit.sums + t * width;
    output.bias = fused ? filter_.packed().bias(block) : filter_.packed().no_bias();
    output.low = fused ? low_ : -kInfinity;
    output.high = fused ? high_ : kInfinity;
    output.rows = tile.rows;
    output.columns = tile.columns;
    if (stores_at_once_) {
      output.out = unit.out.floats() +
                   ((tile.image * shape.height + tile.row) * shape.width + tile.column) * shape.channels +
                   block.channel;
      output.pixel_stride = shape.channels;
      output.row_stride = shape.width * shape.channels;
    } else {
      output.out = unit.tile;
      output.pixel_stride = width;
      output.row_stride = form_x_.outputs * width;
    }
    ends_.output(output);
    const auto is_nan = [](float lane) { return lane != lane; };
    if (std::any_of(unit.poison, unit.poison + kernels_.lanes, is_nan))
      make_directly(unit, tile, block, output);
    if (!fused) finish(unit, tile, block, output);
    if (!stores_at_once_) store(unit, tile, block, output);
  }
}

void WinogradPlan::store(const Unit& unit, const Tile& tile, const ChannelBlock& block,
                         const WinogradOutput& made) const {
  MadePixels pixels{};
  pixels.stride = made.pixel_stride;
  pixels.bytes = unit.tile_bytes;
  pixels.image = tile.image;
  pixels.first_pixel = tile.column;
  pixels.pixels = tile.columns;
  pixels.first_channel = block.channel;
  pixels.channels = block.channels;
  for (std::int64_t y = 0; y < tile.rows; ++y) {
    pixels.data = made.out + y * made.row_stride;
    pixels.row = tile.row + y;
    store_pixels(kernels_, pixels, geometry_.out, native_out_, unit.out);
  }
}

// The same tile, as the formula has it: from a copy of its samples.
void WinogradPlan::make_directly(const Unit& unit, const Tile& tile, const ChannelBlock& block,
                                 const WinogradOutput& place) const {
  const std::int64_t channels = geometry_.in.channels, width = form_x_.points();
  point_pixels(unit, tile);
  for (std::int64_t i = 0; i < filter_.points(); ++i) {
    float* copy = unit.patch + i * pixel_floats_;
    if (unit.pixels[i] != copy) std::copy_n(unit.pixels[i], channels, copy);
  }
  const float* rows[kMostPoints];
  for (std::int64_t y = 0; y < form_y_.points(); ++y) rows[y] = unit.patch + y * width * pixel_floats_;
  DirectTiles direct{};
  direct.tiles = 1;
  direct.row_step = 1;
  direct.pixel_stride = direct.run_stride = pixel_floats_;
  direct.kernel_rows = geometry_.layer.kernel_height;
  direct.runs = geometry_.layer.kernel_width;
  direct.run_length = geometry_.layer.group_in();
  const auto index = static_cast<std::size_t>(&block - filter_.packed().blocks().data());
  direct.weights = layer_->packed.weights(layer_->packed.blocks()[index]);
  direct.bias = place.bias;
  direct.out_stride = place.pixel_stride;
  direct.channels = block.channels;
  direct.low = place.low;
  direct.high = place.high;
  for (std::int64_t y = 0; y < tile.rows; ++y) {
    direct.rows = rows + y;
    for (std::int64_t x = 0; x < tile.columns; ++x) {
      direct.column_offset = x * pixel_floats_ + block.group * geometry_.layer.group_in();
      direct.out = place.out + y * place.row_stride + x * place.pixel_stride;
      kernels_.direct[block.vectors - 1][0](direct);
    }
  }
}

bool WinogradPlan::leaves_out(const Tile& tile) const {
  return simdconv::leaves_out(geometry_, layer_->spec.border,
                              {.first_row = tile.row,
                               .last_row = tile.row + tile.rows - 1,
                               .first_pixel = tile.column,
                               .last_pixel = tile.column + tile.columns - 1});
}

void WinogradPlan::finish(const Unit& unit, const Tile& tile, const ChannelBlock& block,
                          const WinogradOutput& place) const {
  const Border& border = layer_->spec.border;
  FinishTile rest{};
  rest.data_stride = place.pixel_stride;
  rest.scale_stride = filter_.packed().widest_block();
  rest.bias = filter_.packed().bias(block);
  rest.pixels = tile.columns;
  rest.channels = block.channels;
  rest.activation = layer_->spec.activation;
  const bool scaled = leaves_out(tile);
  rest.scale = scaled ? unit.factors : nullptr;
  for (std::int64_t y = 0; y < tile.rows; ++y) {
    rest.data = place.out + y * place.row_stride;
    for (std::int64_t x = 0; scaled && x < tile.columns; ++x) {
      layer_->renormalizer.factors(rows_kept(geometry_, border, tile.row + y),
                                   columns_kept(geometry_, border, tile.column + x), block.channel,
                                   block.channels, unit.factors + x * rest.scale_stride);
    }
    kernels_.finish(rest);
  }
}

}  // namespace simdconv
