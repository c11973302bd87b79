// The C++ API of the per-pixel multilayer perceptron (delta = 0): every pixel's channels go through the same small
// network, H[i, j, :] = f_n(... f_1(X[i, j, :] V_1 + u_1) ...). All layers run on one group of pixels before the
// next, so that hidden layers stay in cache. A plan of it is a Plan like any other (simdconv/conv2d.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "simdconv/conv2d.h"
#include "simdconv/types.h"

namespace simdconv {

// Whose output a layer's residual is, unless it is that of an earlier layer, by its index.
inline constexpr std::int64_t kFromInput = -1, kNoResidual = -2;

struct PixelMlpLayer {
  std::int64_t in_channels = 1, out_channels = 1;
  const float* weights = nullptr;  // [in][out]; copied
  const float* bias = nullptr;     // [out], or null for none; copied
  Activation activation;
  std::int64_t residual_from = kNoResidual;  // as wide as this layer's output
  bool residual_after = false;               // added after the activation; otherwise before it
};

// What becomes of the last layer's channels.
enum class Classify : std::uint8_t {
  none,
  softmax,  // e^(x - largest) over the sum of these; where a channel is NaN or infinity, all are NaN
  argmax,   // one channel: the index of the largest, the first of equals; NaN counts as infinity
};

struct PixelMlpSpec {
  std::vector<PixelMlpLayer> layers;
  Classify classify = Classify::none;
  Layout layout = Layout::nhwc;  // of input and output
  ElementType in_type = ElementType::float32, out_type = ElementType::float32;
  Isa isa = Isa::scalar;
};

// A network with its weights packed for one instruction set. Immutable: any number of threads may use it.
class PixelMlp {
 public:
  // Status::bad_argument: widths that do not follow from each other, a residual from a later layer or of another
  // width, or an index that is no byte where bytes are wanted.
  static Status create(const PixelMlpSpec& spec, std::shared_ptr<const PixelMlp>* mlp);
  static Status plan(std::shared_ptr<const PixelMlp> mlp, const ImageShape& input,
                     std::shared_ptr<const Plan>* plan);

  virtual ~PixelMlp() = default;
  virtual std::int64_t in_channels() const = 0;
  virtual std::size_t packed_bytes() const = 0;
};

}  // namespace simdconv
