// Bytes to floats and back, by every instruction set, at every length around a vector, up to the very last byte.
#include <cmath>
#include <limits>

#include "check.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "simdconv/conv2d.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Rounding {
  float from;
  std::uint8_t to;
};

const Rounding kRoundings[] = {
    {0, 0},
    {-0.0F, 0},
    {0.5F, 0},
    {0.50000006F, 1},
    {0.49999997F, 0},
    {1.5F, 2},
    {2.5F, 2},
    {3.5F, 4},
    {126.5F, 126},
    {127.5F, 128},
    {253.5F, 254},
    {254.5F, 254},
    {254.50002F, 255},
    {255, 255},
    {255.5F, 255},
    {256, 255},
    {1e10F, 255},
    {3e38F, 255},
    {2147483648.0F, 255},
    {4294967296.0F, 255},
    {-0.5F, 0},
    {-0.75F, 0},
    {-1.5F, 0},
    {-255, 0},
    {-2147483648.0F, 0},
    {-3e38F, 0},
    {1e-40F, 0},
    {kInfinity, 255},
    {-kInfinity, 0},
    {std::nanf(""), 0},
};
constexpr std::int64_t kCount = std::size(kRoundings);

}  // namespace

TEST(bytes_become_floats) {
  for (const Isa isa : available_isas()) {
    const KernelTable& kernels = *kernels_for(isa);
    for (const Against against : {Against::end, Against::start}) {
      for (std::int64_t count = 1; count <= 4 * kernels.lanes + 3; ++count) {
        // Also where the floats begin within a vector.
        for (std::int64_t offset = 0; offset < kernels.lanes; ++offset) {
          GuardedBytes in(count, against);
          GuardedFloats out(count + offset, against);
          for (std::int64_t i = 0; i < count; ++i) in[i] = static_cast<std::uint8_t>(i * 37 + 255);
          kernels.widen(in.data(), out.data() + offset, count);
          CHECK(out.surroundings_intact(), "%s, %d bytes", isa_name(isa), static_cast<int>(count));
          for (std::int64_t i = 0; i < offset; ++i) CHECK(std::isnan(out[i]), "%s", isa_name(isa));
          for (std::int64_t i = 0; i < count; ++i) {
            CHECK(out[offset + i] == static_cast<float>(in[i]), "%s, byte %d of %d", isa_name(isa),
                  static_cast<int>(i), static_cast<int>(count));
          }
        }
      }
    }
  }
}

TEST(floats_become_bytes) {
  for (const Isa isa : available_isas()) {
    const KernelTable& kernels = *kernels_for(isa);
    for (const Against against : {Against::end, Against::start}) {
      for (std::int64_t count = 1; count <= 4 * kernels.lanes + 3; ++count) {
        for (std::int64_t first = 0; first < kCount; ++first) {  // every value in every lane
          constexpr std::int64_t kRows = 2, kGap = 3;
          const std::int64_t pitch = count + kGap;
          GuardedFloats in(pitch + count, against);
          GuardedBytes out(pitch + count, against);
          const auto rounding = [&](std::int64_t r, std::int64_t i) {
            return kRoundings[(first + r + i) % kCount];
          };
          for (std::int64_t r = 0; r < kRows; ++r) {
            for (std::int64_t i = 0; i < count; ++i) in[r * pitch + i] = rounding(r, i).from;
          }
          for (std::int64_t i = 0; i < kGap; ++i) out[count + i] = 77;
          kernels.narrow({.in = in.data(),
                          .in_row_stride = pitch,
                          .out = out.data(),
                          .out_row_stride = pitch,
                          .rows = kRows,
                          .count = count});
          CHECK(out.surroundings_intact(), "%s, %d floats", isa_name(isa), static_cast<int>(count));
          for (std::int64_t i = 0; i < kGap; ++i) CHECK(out[count + i] == 77, "%s", isa_name(isa));
          for (std::int64_t r = 0; r < kRows; ++r) {
            for (std::int64_t i = 0; i < count; ++i) {
              CHECK(out[r * pitch + i] == rounding(r, i).to, "%s, %d floats: %g became %d", isa_name(isa),
                    static_cast<int>(count), static_cast<double>(rounding(r, i).from), out[r * pitch + i]);
            }
          }
        }
      }
    }
  }
}

// The rows under a tile are in scratch, not the image; and the reference has none at all.
TEST(scratch_of_bytes_does_not_grow_with_the_image) {
  const float filter[25] = {1, 2, 3, 4, 5, 1};  // of no rank 1
  const float ones[25] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  for (const float* weights : {filter, ones}) {
    for (const char* algorithm : {"flat", "separable", "direct", "reference"}) {
      Conv2dSpec spec;
      spec.kernel_height = spec.kernel_width = 5;
      spec.filter = weights;
      spec.in_type = spec.out_type = ElementType::uint8;
      spec.isa = available_isas().front();
      spec.algorithm = algorithm;
      std::shared_ptr<const Conv2d> layer;
      const Status status = Conv2d::create(spec, &layer);
      if (status == Status::declined) continue;
      CHECK(status == Status::ok, "%s", algorithm);
      std::size_t scratch[2] = {};
      for (const std::int64_t height : {1080, 100'000}) {
        std::shared_ptr<const Plan> plan;
        CHECK(Plan::create(layer, {1, height, 1920, 1}, {2, 2, 2, 2}, &plan) == Status::ok, "%s", algorithm);
        scratch[height == 1080 ? 0 : 1] = plan->scratch_bytes();
      }
      CHECK(scratch[0] <= 300'000 && scratch[1] <= scratch[0] + 1024, "%s: %zu bytes, %zu bytes", algorithm,
            scratch[0], scratch[1]);
    }
  }
}

}  // namespace simdconv::test
