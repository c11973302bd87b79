// Where the samples under the kernel stand along one axis of a window whose samples are gathered: in pieces,
// each a row of places a stride apart, so that the sample of output i under a tap is place i + shift of the
// tap's piece, and neighbouring outputs are neighbours in memory, whatever the stride.
//
//   stride 2, kernel 3:      piece 0:  x0    x2    x4    x6       taps 0 (shift 0) and 2 (shift 1)
//                            piece 1:     x1    x3    x5    x7    tap 1
//
// A piece for each phase of the stride that a tap stands on; or, where they are fewer samples (large
// dilations), a piece for each tap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace simdconv {

class AxisTaps {
 public:
  AxisTaps() = default;
  AxisTaps(std::int64_t taps, std::int64_t dilation, std::int64_t stride, std::int64_t outputs)
      : dilation_(dilation), stride_(stride), outputs_(outputs) {
    // The phases of taps 0, 1, ... differ up to this many, and then come again.
    pieces_ = std::min(taps, stride / std::gcd(stride, dilation));
    reach_ = (taps - 1) * dilation / stride;
    if (taps * outputs >= pieces_ * (outputs + reach_)) return;
    by_tap_ = true;
    pieces_ = taps;
    reach_ = 0;
  }

  std::int64_t pieces() const { return pieces_; }
  std::int64_t reach() const { return reach_; }               // the largest shift
  std::int64_t length() const { return outputs_ + reach_; }   // places of a piece
  std::int64_t places() const { return pieces_ * length(); }  // of all pieces
  std::int64_t stride() const { return stride_; }             // between the places of a piece, in samples

  // From the first output's first tap to a piece's first place, in samples.
  std::int64_t start(std::int64_t piece) const {
    return by_tap_ ? piece * dilation_ : piece * dilation_ % stride_;
  }
  std::int64_t piece(std::int64_t tap) const { return tap % pieces_; }
  std::int64_t shift(std::int64_t tap) const { return by_tap_ ? 0 : tap * dilation_ / stride_; }

 private:
  std::int64_t dilation_ = 1, stride_ = 1, outputs_ = 1;
  std::int64_t pieces_ = 1, reach_ = 0;
  bool by_tap_ = false;
};

}  // namespace simdconv
