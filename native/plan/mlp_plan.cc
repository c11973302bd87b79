#include "plan/mlp_plan.h"

#include <algorithm>
#include <limits>

#include "simdconv/cpu.h"

namespace simdconv {
namespace {

constexpr std::int64_t kUnitMacs = 1 << 20;  // some ten microseconds of a core, or some fifty

// Where values are at home, and how much of it they may take: most of L1, next to the weights of a tile and to pixels of
// the image, or half of L2. What is larger still goes through the network a tile's pixels at a time.
struct Home {
  const char* name;
  const char* cache;
  std::int64_t floats;
};
enum : std::size_t { kInL1, kInL2, kInL3 };
constexpr Home kHomes[] = {{"fused-l1", "20 KiB of L1", 5120},
                           {"fused-l2", "half of L2", kWindowFloats},
                           {"fused-l3", "", std::numeric_limits<std::int64_t>::max()}};

std::int64_t element_bytes(ElementType type) { return type == ElementType::uint8 ? 1 : sizeof(float); }

}  // namespace

MlpPlan::MlpPlan(std::shared_ptr<const Mlp> mlp, const Geometry& geometry, const Tiles& tiles)
    : mlp_(std::move(mlp)), kernels_(*mlp_->kernels), geometry_(geometry), tiles_(tiles) {
  planes_in_ = mlp_->layout == Layout::nchw || geometry.in.channels == 1;
  planes_out_ = mlp_->layout == Layout::nchw || geometry.out.channels == 1;
  view_ = as_one_row(geometry, /*joins_images=*/mlp_->layout == Layout::nhwc);
  place_values();
  choose_group();
  choose_units();
  values_ = scratch_.place<float>(channels_ * channel_floats_);
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
void MlpPlan::place_values() {
  struct Value {
    std::size_t index, last;  // the value that is made when it is read last, or itself
    std::int64_t channels, place;
  };
  const std::vector<MlpLayer>& layers = mlp_->layers;
  std::vector<Value> values{{0, 1, tiles_.reads_in_place ? 0 : mlp_->in_channels(), 0}};
  for (std::size_t i = 1; i <= layers.size(); ++i) {
    const bool in_place = tiles_.writes_in_place && i == layers.size();
    values.push_back({i, std::min(i + 1, layers.size()), in_place ? 0 : layers[i - 1].out_channels, 0});
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
    channels_ = std::max(channels_, value.place + value.channels);
  }
}

// A channel takes an odd number of cache lines, so that planes spread over all sets of the caches.
void MlpPlan::choose_group() {
  const std::int64_t tile_floats = std::max<std::int64_t>(1, channels_ * tiles_.pixels);
  home_ = tiles_.in_l1 ? kInL1 : kInL2;
  while (kHomes[home_].floats < tile_floats) ++home_;
  const bool unlimited = home_ == kInL3;
  const std::int64_t most = std::max<std::int64_t>(1, tiles_.most / tiles_.pixels);
  const std::int64_t tiles = unlimited ? 1 : std::min(kHomes[home_].floats / tile_floats, most);
  group_pixels_ = std::min(tiles * tiles_.pixels, ceil_divide(view_.in.width, tiles_.step) * tiles_.step);
  const std::int64_t lines = ceil_divide(group_pixels_, kLineFloats);
  channel_floats_ = (lines + 1 - lines % 2) * kLineFloats;
}

// Whole groups, but where these are too few to share evenly: tiles.
void MlpPlan::choose_units() {
  const std::int64_t groups = ceil_divide(view_.in.width, group_pixels_);
  const std::int64_t tiles = ceil_divide(view_.in.width, tiles_.pixels);
  const std::int64_t by_work = ceil_divide(macs() / view_.in.batch, kUnitMacs);
  image_units_ = std::max(std::min(groups, by_work), std::min(tiles, ceil_divide(kMinUnits, view_.in.batch)));
}

void MlpPlan::share_lines(std::int64_t parts) {
  in_lines_ = ceil_divide(group_lines(in_type(), planes_in_, geometry_.in.channels), parts);
  out_lines_ = ceil_divide(group_lines(out_type(), planes_out_, geometry_.out.channels), parts);
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
    if (i == kInL1 && !tiles_.in_l1) {
      reason = "lanes are channels, and calls of many tiles are worth more";
    } else if (i < home_) {
      reason = std::to_string(channels_) + " channels of a tile's " + std::to_string(tiles_.pixels) +
               " pixels take " + std::to_string(channels_ * tiles_.pixels * 4) + " bytes, more than " +
               home.cache;
    } else if (i > home_) {
      reason = std::string(kHomes[home_].name) + " comes first";
    }
    candidates.push_back({home.name, i == home_, reason});
  }
  return {"fused", kernel_name(), kernels_.isa, scratch_.bytes(), mlp_->packed_bytes(), candidates};
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
  const bool to_l1 = home_ == kInL1;  // where the values leave room for it
  if (pixels <= 0) return {first, 0, 0, 0, to_l1};
  if (planes) return {first, view_.in.width * bytes, channels, pixels * bytes, to_l1};
  return {first, 0, 1, pixels * channels * bytes, to_l1};
}

void MlpPlan::run_unit(std::int64_t index, std::int64_t /*before*/, const void* in_data, void* out_data,
                       std::byte* scratch) const {
  const InSamples in{in_data, in_type()};
  const OutSamples out{out_data, out_type()};
  const std::int64_t image = index / image_units_, unit = index % image_units_;
  const std::int64_t image_steps = ceil_divide(view_.in.width, tiles_.step);
  const std::int64_t first = unit * image_steps / image_units_;
  const std::int64_t steps = (unit + 1) * image_steps / image_units_ - first;
  const std::int64_t groups = ceil_divide(steps * tiles_.step, group_pixels_);
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t begin = (first + g * steps / groups) * tiles_.step;
    const std::int64_t end = (first + (g + 1) * steps / groups) * tiles_.step;
    const std::int64_t next_pixels = std::min(group_pixels_, view_.in.width - end);
    Ahead next_in = ahead(in_at(in, image, end).data, in.type, planes_in_, view_.in.channels, next_pixels);
    Ahead next_out =
        ahead(out_at(out, image, end).data, out.type, planes_out_, view_.out.channels, next_pixels);
    run_group({std::min(end, view_.in.width) - begin, end - begin, in_at(in, image, begin),
               out_at(out, image, begin), scratch, &next_in, &next_out});
  }
}

}  // namespace simdconv
