// The C++ API: a layer packs its weights once, a plan decides once per image shape, a run only obeys.
//
//   std::shared_ptr<const Conv2d> layer;
//   std::shared_ptr<const Plan> plan;
//   if (Conv2d::create(spec, &layer) == Status::ok && Plan::create(layer, shape, padding, &plan) ==
//   Status::ok) {
//     Pool::process().run(*plan, input, output);  // simdconv/pool.h
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simdconv/types.h"

namespace simdconv {

struct Conv2dSpec {
  std::int64_t kernel_height = 1, kernel_width = 1;
  std::int64_t in_channels = 1, out_channels = 1;  // of all groups together
  std::int64_t groups = 1;
  std::int64_t stride_height = 1, stride_width = 1;
  std::int64_t dilation_height = 1, dilation_width = 1;  // 1 means dense
  const float* filter = nullptr;                         // in filter_layout; copied
  FilterLayout filter_layout = FilterLayout::hwio;
  const float* bias = nullptr;  // [out_channels], or null for none; copied
  Border border;
  Activation activation;
  Layout layout = Layout::nhwc;  // of input and output
  ElementType in_type = ElementType::float32, out_type = ElementType::float32;
  bool flip = false;  // true: convolution with a flipped kernel (E4), false: correlation (E5)
  Isa isa = Isa::scalar;
  std::string algorithm = "auto";  // or a candidate's name, to force it
  Accuracy accuracy = Accuracy::high;
};

// One algorithm that was asked, in order of preference, and its answer.
struct Candidate {
  std::string name;
  bool accepted;
  std::string reason;            // of a decline
  double predicted_seconds = 0;  // for one run on one thread; 0 where the choice does not depend on it
};

// A layer with its weights packed for one instruction set. Immutable: any number of threads may use it.
class Conv2d {
 public:
  // On Status::declined `reason` (if not null) tells why the forced algorithm cannot.
  static Status create(const Conv2dSpec& spec, std::shared_ptr<const Conv2d>* layer,
                       std::string* reason = nullptr);

  virtual ~Conv2d() = default;
  virtual std::int64_t in_channels() const = 0;
  virtual std::size_t packed_bytes() const = 0;
};

// A layer on an image of one shape. Immutable: any number of threads may run it at once.
class Plan {
 public:
  static Status create(std::shared_ptr<const Conv2d> layer, const ImageShape& input, const Padding& padding,
                       std::shared_ptr<const Plan>* plan);

  virtual ~Plan() = default;

  struct Description {
    std::string algorithm, kernel;
    Isa isa;
    std::size_t scratch_bytes, packed_bytes;
    std::vector<Candidate> candidates;
  };
  virtual Description describe() const = 0;
  virtual ImageShape input_shape() const = 0;
  virtual ImageShape output_shape() const = 0;
  virtual ElementType in_type() const = 0;
  virtual ElementType out_type() const = 0;
  virtual std::int64_t macs() const = 0;  // multiply-adds of the formula, taps beyond the border included

  // The work, in independent units: any thread may do any unit, each with scratch of its own.
  virtual std::int64_t units() const = 0;
  virtual std::size_t scratch_bytes() const = 0;  // per thread, aligned to kScratchAlignment
  // `in` and `out` are arrays of the plan's element types. `before`: the unit of this run that was the last to be done
  // with this scratch, in which what it gathered still is; kNoUnit if there is none.
  static constexpr std::int64_t kNoUnit = -1;
  virtual void run_unit(std::int64_t unit, std::int64_t before, const void* in, void* out,
                        std::byte* scratch) const = 0;
};

inline constexpr std::size_t kScratchAlignment = 64;

// Copies an image of `layout` into one that is larger by the padding, the surroundings filled by the border.
// Both are arrays of `type`. A border that renormalizes is Status::bad_argument, for there is no sum to
// re-weight; so is a constant that is no byte among bytes.
Status pad(const void* in, void* out, ElementType type, const ImageShape& shape, Layout layout,
           const Padding& padding, const Border& border);

}  // namespace simdconv
