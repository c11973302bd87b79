#include "plan/mlp_plan.h"

#include <algorithm>
#include <limits>

#include "plan/common.h"
#include "simdconv/cpu.h"

namespace simdconv {
namespace {

constexpr std::int64_t kUnitMacs = 1 << 20;  // some ten microseconds of a core, or some fifty

// Where planes are at home, and how much of it they may take: most of L1, next to the weights of a tile and to pixels of
// the image, or half of L2. What is larger still goes through the network a tile's pixels at a time.
struct Home {
  const char* name;
  const char* cache;
  std::int64_t floats;
};
constexpr Home kHomes[] = {{"fused-l1", "20 KiB of L1", 5120},
                           {"fused-l2", "half of L2", kWindowFloats},
                           {"fused-l3", "", std::numeric_limits<std::int64_t>::max()}};

std::int64_t element_bytes(ElementType type) { return type == ElementType::uint8 ? 1 : sizeof(float); }

}  // namespace

MlpPlan::MlpPlan(std::shared_ptr<const Mlp> mlp, const Geometry& geometry)
    : mlp_(std::move(mlp)), kernels_(*mlp_->kernels), lanes_(kernels_.lanes), geometry_(geometry) {
  planes_in_ = mlp_->layout == Layout::nchw || geometry.in.channels == 1;
  planes_out_ = mlp_->layout == Layout::nchw || geometry.out.channels == 1;
  view_ = as_one_row(geometry, /*joins_images=*/mlp_->layout == Layout::nhwc);
  place_planes();
  choose_group();
  choose_units();
  lay_out_scratch();
  share_lines();
}

std::int64_t MlpPlan::macs() const {
  std::int64_t weights = 0;
  for (const MlpLayer& layer : mlp_->layers) weights += layer.in_channels * layer.out_channels;
  const std::int64_t pixels = geometry_.in.batch * geometry_.in.height * geometry_.in.width;
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return pixels > kMost / weights ? kMost : pixels * weights;
}

// ---- deciding --------------------------------------------------------------------------------

// The widest first, each at the lowest place that none of those takes which must be kept meanwhile.
void MlpPlan::place_planes() {
  struct Value {
    std::size_t index, last;  // the value that is made when it is read last, or itself
    std::int64_t channels, place;
  };
  const std::vector<MlpLayer>& layers = mlp_->layers;
  std::vector<Value> values{{0, 1, mlp_->in_channels(), 0}};
  for (std::size_t i = 1; i <= layers.size(); ++i) {
    values.push_back({i, std::min(i + 1, layers.size()), layers[i - 1].out_channels, 0});
    const std::int64_t from = layers[i - 1].residual_from;
    if (from != kNoResidual) values[static_cast<std::size_t>(from + 1)].last = i;
  }
  std::stable_sort(values.begin(), values.end(),
                   [](const Value& a, const Value& b) { return a.channels > b.channels; });
  places_.resize(values.size());
  std::vector<Value> placed;  // from the lowest place on
  for (Value& value : values) {
    for (const Value& other : placed) {
      if (other.last < value.index || value.last < other.index) continue;
      if (value.place + value.channels <= other.place) break;
      value.place = std::max(value.place, other.place + other.channels);
    }
    const auto higher = [&](const Value& other) { return other.place > value.place; };
    placed.insert(std::find_if(placed.begin(), placed.end(), higher), value);
    places_[value.index] = value.place;
    planes_ = std::max(planes_, value.place + value.channels);
  }
}

// Groups are whole tiles of the layers whose tiles have the fewest vectors, those with the most outputs.
void MlpPlan::choose_group() {
  for (const MlpLayer& layer : mlp_->layers) {
    most_outputs_ = std::max(most_outputs_, layer.filter.most_outputs());
  }
  tile_pixels_ = kernels_.planar.vectors[most_outputs_ - 1] * lanes_;
  const std::int64_t tile_floats = planes_ * tile_pixels_;
  while (kHomes[home_].floats < tile_floats) ++home_;
  const bool unlimited = home_ + 1 == std::size(kHomes);
  const std::int64_t most = kMaxPlanarVectors * lanes_ / tile_pixels_;
  const std::int64_t tiles = unlimited ? 1 : std::min(kHomes[home_].floats / tile_floats, most);
  group_pixels_ = std::min(tiles * tile_pixels_, ceil_divide(view_.in.width, lanes_) * lanes_);
}

void MlpPlan::choose_units() {
  const std::int64_t groups = ceil_divide(view_.in.width, group_pixels_);
  const std::int64_t by_work = ceil_divide(macs() / view_.in.batch, kUnitMacs);
  image_units_ = std::min(groups, std::max(by_work, ceil_divide(kMinUnits, view_.in.batch)));
}

// Planes are an odd number of cache lines apart, so that they spread over all sets of the caches.
void MlpPlan::lay_out_scratch() {
  const std::int64_t lines = ceil_divide(group_pixels_, kLineFloats);
  plane_floats_ = (lines + 1 - lines % 2) * kLineFloats;
  std::int64_t widest = 0;
  for (const MlpLayer& layer : mlp_->layers) widest = std::max(widest, layer.in_channels);
  for (std::int64_t c = 0; c < widest; ++c) offsets_.push_back(c * plane_floats_);

  const bool widens = in_type() == ElementType::uint8 && !planes_in_;
  const bool narrows = out_type() == ElementType::uint8 && !planes_out_;
  const std::int64_t channels =
      std::max(widens ? geometry_.in.channels : 0, narrows ? geometry_.out.channels : 0);
  ScratchLayout scratch;
  scratch_.planes = scratch.place<float>(planes_ * plane_floats_);
  scratch_.pixels = scratch.place<float>(channels * group_pixels_);
  scratch_.bytes = scratch.bytes();
}

// Each tile asks for as many lines of the next group as make all of them when the last one has.
void MlpPlan::share_lines() {
  std::int64_t tiles = 0;
  for (const MlpLayer& layer : mlp_->layers) {
    for (const PlanarBlock& block : layer.filter.blocks()) {
      tiles += ceil_divide(group_pixels_, kernels_.planar.vectors[block.outputs - 1] * lanes_);
    }
  }
  in_lines_ = ceil_divide(group_lines(in_type(), planes_in_, geometry_.in.channels), tiles);
  out_lines_ = ceil_divide(group_lines(out_type(), planes_out_, geometry_.out.channels), tiles);
}

std::int64_t MlpPlan::group_lines(ElementType type, bool planes, std::int64_t channels) const {
  const std::int64_t rows = planes ? channels : 1;
  const std::int64_t row_bytes = channels / rows * group_pixels_ * element_bytes(type);
  return rows * (ceil_divide(row_bytes, Ahead::kLineBytes) + 1);
}

Plan::Description MlpPlan::describe() const {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < std::size(kHomes); ++i) {
    const Home& home = kHomes[i];
    std::string reason;
    if (i < home_) {
      reason = std::to_string(planes_) + " planes of a tile's " + std::to_string(tile_pixels_) +
               " pixels take " + std::to_string(planes_ * tile_pixels_ * 4) + " bytes, more than " +
               home.cache;
    } else if (i > home_) {
      reason = std::string(kHomes[home_].name) + " comes first";
    }
    candidates.push_back({home.name, i == home_, reason});
  }
  const std::string kernel = "f32_planar_" + std::to_string(tile_pixels_) + "x" +
                             std::to_string(most_outputs_) + "_" + isa_name(kernels_.isa);
  return {"fused", kernel, kernels_.isa, scratch_.bytes, mlp_->packed_bytes(), candidates};
}

// ---- obeying ---------------------------------------------------------------------------------

InSamples MlpPlan::in_at(InSamples in, std::int64_t image, std::int64_t pixel) const {
  return in.from(image * view_.in.width * view_.in.channels + pixel * (planes_in_ ? 1 : view_.in.channels));
}

OutSamples MlpPlan::out_at(OutSamples out, std::int64_t image, std::int64_t pixel) const {
  return out.from(image * view_.out.width * view_.out.channels +
                  pixel * (planes_out_ ? 1 : view_.out.channels));
}

Ahead MlpPlan::ahead(const void* first, ElementType type, bool planes, std::int64_t channels,
                     std::int64_t pixels) const {
  const std::int64_t bytes = element_bytes(type);
  const bool to_l1 = home_ == 0;  // where the planes leave room for it
  if (pixels <= 0) return {first, 0, 0, 0, to_l1};
  if (planes) return {first, view_.in.width * bytes, channels, pixels * bytes, to_l1};
  return {first, 0, 1, pixels * channels * bytes, to_l1};
}

void MlpPlan::run_unit(std::int64_t index, const void* in_data, void* out_data, std::byte* scratch) const {
  const InSamples in{in_data, in_type()};
  const OutSamples out{out_data, out_type()};
  const std::int64_t image = index / image_units_, unit = index % image_units_;
  const std::int64_t image_vectors = ceil_divide(view_.in.width, lanes_);
  const std::int64_t first = unit * image_vectors / image_units_;
  const std::int64_t vectors = (unit + 1) * image_vectors / image_units_ - first;
  const std::int64_t groups = ceil_divide(vectors * lanes_, group_pixels_);
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t begin = (first + g * vectors / groups) * lanes_;
    const std::int64_t end = (first + (g + 1) * vectors / groups) * lanes_;
    const std::int64_t next_pixels = std::min(group_pixels_, view_.in.width - end);
    Ahead next_in = ahead(in_at(in, image, end).data, in.type, planes_in_, view_.in.channels, next_pixels);
    Ahead next_out =
        ahead(out_at(out, image, end).data, out.type, planes_out_, view_.out.channels, next_pixels);
    run_group({std::min(end, view_.in.width) - begin, (end - begin) / lanes_, in_at(in, image, begin),
               out_at(out, image, begin), reinterpret_cast<float*>(scratch + scratch_.planes),
               reinterpret_cast<float*>(scratch + scratch_.pixels), &next_in, &next_out});
  }
}

void MlpPlan::run_group(const Group& group) const {
  gather(group);
  for (std::size_t layer = 0; layer < mlp_->layers.size(); ++layer) run_layer(group, layer);
  choose(group);
  store(group);
}

void MlpPlan::gather(const Group& group) const {
  const std::int64_t channels = view_.in.channels;
  float* planes = value(group, 0);
  const bool bytes = group.in.type == ElementType::uint8;
  if (planes_in_) {
    for (std::int64_t c = 0; c < channels; ++c, planes += plane_floats_) {
      const InSamples plane = group.in.from(c * view_.in.width);
      if (bytes) {
        kernels_.widen(plane.bytes(), planes, group.pixels);
      } else {
        std::copy_n(plane.floats(), group.pixels, planes);
      }
    }
    return;
  }
  if (bytes) kernels_.widen(group.in.bytes(), group.pixel_floats, group.pixels * channels);
  const float* pixels = bytes ? group.pixel_floats : group.in.floats();
  kernels_.planar.to_planes({pixels, channels, planes, plane_floats_, group.pixels, channels});
}

// The sum starts as the bias wherever Conv2d's would, so that both give the same bits.
void MlpPlan::run_layer(const Group& group, std::size_t index) const {
  const MlpLayer& layer = mlp_->layers[index];
  float low, high;
  const bool clamps = as_clamp(layer.activation, &low, &high);
  const bool adds_bias = clamps || layer.adds_before();
  const bool clamps_sum = clamps && !layer.adds_before();
  PlanarTiles tiles{};
  tiles.offsets = offsets_.data();
  tiles.steps = layer.in_channels;
  tiles.out_stride = plane_floats_;
  tiles.low = clamps_sum ? low : -kInfinity;
  tiles.high = clamps_sum ? high : kInfinity;
  for (const PlanarBlock& block : layer.filter.blocks()) {
    tiles.weights = layer.filter.weights(block);
    tiles.bias = adds_bias ? layer.filter.bias() + block.channel : layer.filter.no_bias();
    // As many full tiles as there are, then one that is narrower.
    const std::int64_t most = kernels_.planar.vectors[block.outputs - 1];
    for (std::int64_t begin = 0, end; begin < group.vectors; begin = end) {
      const std::int64_t width = std::min(most, group.vectors - begin);
      tiles.tiles = (group.vectors - begin) / width;
      end = begin + tiles.tiles * width;
      tiles.in = value(group, index) + begin * lanes_;
      tiles.out = value(group, index + 1) + block.channel * plane_floats_ + begin * lanes_;
      group.next_in->ask(tiles.tiles * in_lines_);
      group.next_out->ask(tiles.tiles * out_lines_);
      kernels_.planar.tile[block.outputs - 1][width - 1](tiles);
    }
  }
  if (clamps && !layer.has_residual()) return;
  PlanesFinish rest{};
  rest.data = value(group, index + 1);
  rest.stride = plane_floats_;
  rest.bias = adds_bias ? nullptr : layer.filter.bias();
  if (layer.has_residual()) {
    (layer.residual_after ? rest.after : rest.before) =
        value(group, static_cast<std::size_t>(layer.residual_from + 1));
  }
  rest.channels = layer.out_channels;
  rest.vectors = group.vectors;
  if (!clamps_sum) rest.activation = layer.activation;
  kernels_.planes.finish(rest);
}

void MlpPlan::choose(const Group& group) const {
  const std::size_t last = mlp_->layers.size();
  const PlanesChoice choice{value(group, last), plane_floats_, mlp_->layers.back().out_channels,
                            group.vectors};
  if (mlp_->classify == Classify::softmax) kernels_.planes.softmax(choice);
  if (mlp_->classify == Classify::argmax) kernels_.planes.argmax(choice);
}

void MlpPlan::store(const Group& group) const {
  const std::int64_t channels = view_.out.channels;
  const float* planes = value(group, mlp_->layers.size());
  const bool bytes = group.out.type == ElementType::uint8;
  if (planes_out_) {
    if (bytes) {
      return kernels_.narrow(
          {planes, plane_floats_, group.out.bytes(), view_.out.width, channels, group.pixels});
    }
    float* out = group.out.floats();
    for (std::int64_t c = 0; c < channels; ++c, planes += plane_floats_, out += view_.out.width) {
      std::copy_n(planes, group.pixels, out);
    }
    return;
  }
  float* pixels = bytes ? group.pixel_floats : group.out.floats();
  kernels_.planar.from_planes({planes, plane_floats_, pixels, channels, group.pixels, channels});
  if (bytes) kernels_.narrow({pixels, 0, group.out.bytes(), 0, 1, group.pixels * channels});
}

}  // namespace simdconv
