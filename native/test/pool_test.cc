// The pool: many callers at once, runs taken back, threads added and removed while work is under way.
#include "simdconv/pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"
#include "simdconv/cpu.h"

namespace simdconv::test {
namespace {

constexpr std::int64_t kSide = 64, kChannels = 16;
constexpr std::size_t kElements = static_cast<std::size_t>(kSide * kSide * kChannels);

// 3x3, 16 -> 16 channels of ones, zero border: a sum of up to 144 ones, 9.4 million multiply-adds.
std::shared_ptr<const Plan> make_plan() {
  static const std::vector<float> filter(9 * kChannels * kChannels, 1.0F);
  Conv2dSpec spec;
  spec.kernel_height = spec.kernel_width = 3;
  spec.in_channels = spec.out_channels = kChannels;
  spec.filter = filter.data();
  spec.isa = available_isas().front();
  std::shared_ptr<const Conv2d> layer;
  std::shared_ptr<const Plan> plan;
  CHECK(Conv2d::create(spec, &layer) == Status::ok, "the layer");
  CHECK(Plan::create(layer, {1, kSide, kSide, kChannels}, {1, 1, 1, 1}, &plan) == Status::ok, "the plan");
  return plan;
}

bool right(const std::vector<float>& output) {
  for (std::int64_t y = 0; y < kSide; ++y) {
    for (std::int64_t x = 0; x < kSide; ++x) {
      const std::int64_t rows = y == 0 || y == kSide - 1 ? 2 : 3, columns = x == 0 || x == kSide - 1 ? 2 : 3;
      for (std::int64_t d = 0; d < kChannels; ++d) {
        if (output[static_cast<std::size_t>((y * kSide + x) * kChannels + d)] !=
            static_cast<float>(rows * columns * kChannels)) {
          return false;
        }
      }
    }
  }
  return true;
}

// Counts down to zero, and lets a thread wait for it.
class Countdown {
 public:
  explicit Countdown(int count) : count_(count) {}
  void tick() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--count_ == 0) zero_.notify_all();
  }
  bool wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    return zero_.wait_for(lock, std::chrono::seconds(60), [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  int count_;
};

// A plan that is large enough to be shared, and computes nothing.
class StubPlan : public Plan {
 public:
  Description describe() const override { return {}; }
  ImageShape input_shape() const override { return {1, 1, 1, 1}; }
  ImageShape output_shape() const override { return {1, 1, 1, 1}; }
  ElementType in_type() const override { return ElementType::float32; }
  ElementType out_type() const override { return ElementType::float32; }
  std::int64_t macs() const override { return 100'000'000; }
};

// Eight units of some milliseconds. Tells when a thread asks about it whose answer comes after the run.
class LentPlan final : public StubPlan {
 public:
  std::int64_t units() const override { return 8; }
  std::size_t scratch_bytes() const override {
    if (std::this_thread::get_id() == owner_) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (ended) ++late;
    return 0;
  }
  void run_unit(std::int64_t, std::int64_t, const void*, void*, std::byte*) const override {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }

  std::atomic<bool> ended{false};
  mutable std::atomic<int> late{0};

 private:
  const std::thread::id owner_ = std::this_thread::get_id();
};

// Counts how often each of its units was done.
class CountedPlan final : public StubPlan {
 public:
  std::int64_t units() const override { return static_cast<std::int64_t>(done_.size()); }
  std::size_t scratch_bytes() const override { return 0; }
  void run_unit(std::int64_t unit, std::int64_t, const void*, void*, std::byte*) const override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(2);
    while (std::chrono::steady_clock::now() < end) continue;
    ++done_.at(static_cast<std::size_t>(unit));
    if (std::this_thread::get_id() != owner_) helped = true;
  }

  bool all_done(int times) const {
    return std::all_of(done_.begin(), done_.end(), [times](const auto& count) { return count == times; });
  }
  mutable std::atomic<bool> helped{false};

 private:
  mutable std::vector<std::atomic<int>> done_ = std::vector<std::atomic<int>>(37);
  const std::thread::id owner_ = std::this_thread::get_id();
};

}  // namespace

TEST(callers_on_many_threads) {
  const auto plan = make_plan();
  const std::vector<float> input(kElements, 1.0F);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        std::vector<float> output(kElements, -1.0F);
        if (Pool::process().run(*plan, input.data(), output.data()) != Status::ok || !right(output)) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0, "%d runs are wrong", wrong.load());
}

TEST(queued_runs_while_threads_come_and_go) {
  const auto plan = make_plan();
  const std::vector<float> input(kElements, 1.0F);
  constexpr int kRuns = 60;
  std::vector<std::vector<float>> outputs(kRuns, std::vector<float>(kElements, -1.0F));
  Countdown ended(kRuns);
  std::vector<std::shared_ptr<Run>> runs(kRuns);
  const int before = Pool::process().threads();
  for (std::size_t i = 0; i < kRuns; ++i) {
    Pool::process().set_threads(static_cast<int>(i % 5) + 1);
    const Status status = Pool::process().submit(
        plan, input.data(), outputs[i].data(),
        {[](void* countdown, Status) { static_cast<Countdown*>(countdown)->tick(); }, &ended}, &runs[i]);
    CHECK(status == Status::ok, "run %zu", i);
  }
  CHECK(ended.wait(), "a run never ended");
  Pool::process().set_threads(before);
  for (std::size_t i = 0; i < kRuns; ++i) CHECK(right(outputs[i]), "run %zu is wrong", i);
}

TEST(a_run_that_is_taken_back_never_happens) {
  const auto plan = make_plan();
  const std::vector<float> input(kElements, 1.0F);
  const int before = Pool::process().threads();
  Pool::process().set_threads(1);
  constexpr int kRuns = 20;
  std::vector<std::vector<float>> outputs(kRuns, std::vector<float>(kElements, -1.0F));
  std::vector<std::shared_ptr<Run>> runs(kRuns);
  std::atomic<int> done{0};
  for (std::size_t i = 0; i < kRuns; ++i) {
    const Status status = Pool::process().submit(
        plan, input.data(), outputs[i].data(),
        {[](void* count, Status) { ++*static_cast<std::atomic<int>*>(count); }, &done}, &runs[i]);
    CHECK(status == Status::ok, "run %zu", i);
  }
  int taken_back = 0;
  std::vector<bool> cancelled(kRuns);
  for (std::size_t i = kRuns; i-- > 0;) {
    cancelled[i] = Pool::process().cancel(runs[i]);
    taken_back += cancelled[i] ? 1 : 0;
  }
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (done + taken_back < kRuns && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  CHECK(done + taken_back == kRuns, "%d done, %d taken back", done.load(), taken_back);
  CHECK(taken_back > 0, "one thread cannot have begun all of them");
  for (std::size_t i = 0; i < kRuns; ++i) {
    CHECK(cancelled[i] ? outputs[i][0] == -1.0F : right(outputs[i]), "run %zu", i);
    CHECK(!Pool::process().cancel(runs[i]), "run %zu was there to be taken back twice", i);
  }
  Pool::process().set_threads(before);
}

TEST(each_unit_is_done_once_whoever_does_it) {
  const CountedPlan plan;
  const float in = 0;
  float out = 0;
  const int before = Pool::process().threads();
  Pool::process().set_threads(3);
  for (int i = 1; i <= 1000; ++i) {
    CHECK(Pool::process().run(plan, &in, &out) == Status::ok, "run %d", i);
    CHECK(plan.all_done(i), "run %d", i);
  }
  CHECK(plan.helped, "nobody helped");
  Pool::process().set_threads(before);
}

// Between two runs workers look, fall asleep or leave; whatever they are at, the next run is taken.
TEST(no_run_is_left_waiting) {
  const auto plan = make_plan();
  const std::vector<float> input(kElements, 1.0F);
  std::vector<std::vector<float>> outputs(3, std::vector<float>(kElements, -1.0F));
  const int before = Pool::process().threads();
  for (unsigned i = 0; i < 400; ++i) {
    Pool::process().set_threads(static_cast<int>(i * 7 % 5) + 1);
    std::this_thread::sleep_for(std::chrono::microseconds(i * 13 % 120));
    if (i % 3 == 0) Pool::process().set_threads(static_cast<int>(i % 2) + 1);
    Countdown ended(static_cast<int>(outputs.size()));
    for (std::vector<float>& output : outputs) {
      std::shared_ptr<Run> run;
      const Status status = Pool::process().submit(
          plan, input.data(), output.data(),
          {[](void* countdown, Status) { static_cast<Countdown*>(countdown)->tick(); }, &ended}, &run);
      CHECK(status == Status::ok, "round %u", i);
    }
    const bool all = ended.wait();
    CHECK(all, "a run of round %u is left", i);
    if (!all) std::abort();  // it would write to memory that is gone
  }
  Pool::process().set_threads(before);
}

// The caller may destroy a plan as soon as its run has returned.
TEST(helpers_leave_a_plan_before_its_run_returns) {
  LentPlan plan;
  const float in = 0;
  float out = 0;
  const int before = Pool::process().threads();
  Pool::process().set_threads(3);
  CHECK(Pool::process().run(plan, &in, &out) == Status::ok, "the run");
  plan.ended = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(plan.late == 0, "%d helpers came late", plan.late.load());
  Pool::process().set_threads(before);
}

}  // namespace simdconv::test
