#include "simdconv/pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "simdconv/cpu.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace simdconv {
namespace {

// Below this a run is over before a second thread is awake: waking takes some 10 us, in which a core does
// about a million multiply-adds.
constexpr std::int64_t kMinSharedMacs = 1'000'000;

// How often a thread that waits for the last helper looks before it sleeps: some 20 us.
constexpr int kSpins = 2000;

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

// A thread's scratch: grows to what the largest plan asks, so that a run allocates nothing once warm.
class Scratch {
 public:
  ~Scratch() { release(); }
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // Null when there is not so much memory.
  std::byte* reserve(std::size_t bytes) {
    if (bytes > bytes_) {
      release();
      data_ =
          static_cast<std::byte*>(::operator new(bytes, std::align_val_t{kScratchAlignment}, std::nothrow));
      bytes_ = data_ ? bytes : 0;
    }
    return data_ ? data_ : &nothing_;
  }
  bool holds(std::size_t bytes) const { return bytes <= bytes_; }

 private:
  void release() {
    ::operator delete(data_, std::align_val_t{kScratchAlignment});
    data_ = nullptr;
    bytes_ = 0;
  }
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::byte nothing_{};
};

thread_local Scratch scratch;

}  // namespace

struct Run {
  Run(const Plan& plan_, const float* in_, float* out_)
      : plan(&plan_), in(in_), out(out_), units(plan_.units()) {}

  const Plan* plan;
  const float* in;
  float* out;
  const std::int64_t units;
  int most_helpers = 0;  // beyond the thread that began it
  int helpers = 0;       // guarded by the pool's mutex

  std::atomic<std::int64_t> next{0}, finished{0};
  std::atomic<bool> failed{false};

  // Of a queued run only.
  std::shared_ptr<const Plan> owner;
  std::function<void(Status)> done;

  bool has_units() const { return next.load(std::memory_order_relaxed) < units; }
  bool complete() const { return finished.load(std::memory_order_acquire) == units; }
  Status status() const {
    return failed.load(std::memory_order_relaxed) ? Status::out_of_memory : Status::ok;
  }

  // Takes units until none is left. True for the one thread that finished the last.
  bool work() {
    bool last = false;
    for (;;) {
      const std::int64_t unit = next.fetch_add(1, std::memory_order_relaxed);
      if (unit >= units) return last;
      std::byte* memory = scratch.reserve(plan->scratch_bytes());
      if (scratch.holds(plan->scratch_bytes())) {
        plan->run_unit(unit, in, out, memory);
      } else {
        failed.store(true, std::memory_order_relaxed);
      }
      last = finished.fetch_add(1, std::memory_order_acq_rel) + 1 == units;
    }
  }
};

struct Pool::State {
  mutable std::mutex mutex;
  std::condition_variable work_arrived, run_completed;
  std::deque<std::shared_ptr<Run>> queue;
  std::vector<std::shared_ptr<Run>> begun;  // runs that helpers may join
  int threads = 1;
  int alive = 0, idle = 0;
  int running = 0;  // queued runs that have begun and not ended
  std::atomic<std::int64_t> runs{0};

  // With the mutex held. True when at least one worker lives.
  bool start_workers(int wanted) {
    while (alive < std::min(wanted, threads)) {
      try {
        std::thread([this] { serve(); }).detach();
      } catch (const std::system_error&) {
        break;  // fewer will do
      }
      ++alive;
    }
    return alive > 0;
  }

  // With the mutex held: a begun run that has units left and wants help, or null.
  std::shared_ptr<Run> joinable() {
    for (const std::shared_ptr<Run>& run : begun) {
      if (run->helpers < run->most_helpers && run->has_units()) return run;
    }
    return nullptr;
  }

  // With the mutex held: lets helpers join.
  void begin(const std::shared_ptr<Run>& run) {
    if (run->most_helpers == 0) return;
    try {
      begun.push_back(run);
    } catch (const std::bad_alloc&) {
      return;  // without help, then
    }
    for (int i = 0; i < std::min(run->most_helpers, idle); ++i) work_arrived.notify_one();
  }

  // With the mutex held.
  void end(const std::shared_ptr<Run>& run) {
    begun.erase(std::remove(begun.begin(), begun.end(), run), begun.end());
  }

  void serve() {
    std::unique_lock<std::mutex> lock(mutex);
    while (alive <= threads) {
      std::shared_ptr<Run> run;
      if (!queue.empty()) {
        run = std::move(queue.front());
        queue.pop_front();
        ++running;
        runs.fetch_add(1, std::memory_order_relaxed);
        begin(run);
      } else if ((run = joinable())) {
        ++run->helpers;
      } else {
        ++idle;
        work_arrived.wait(lock);
        --idle;
        continue;
      }
      lock.unlock();
      const bool last = run->work();
      lock.lock();
      if (!last) continue;
      end(run);
      if (run->done) {
        --running;
        lock.unlock();
        run->done(run->status());
        run.reset();
        lock.lock();
      } else {
        run_completed.notify_all();
      }
    }
    --alive;
  }
};

Pool& Pool::process() {
  static Pool* pool = new Pool;
  return *pool;
}

Pool::Pool() : state_(new State) { state_->threads = std::min(available_threads(), kMaxThreads); }

void Pool::set_threads(int threads) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->threads = std::clamp(threads, 1, kMaxThreads);
  if (!state_->queue.empty()) state_->start_workers(state_->threads);
  state_->work_arrived.notify_all();
}

int Pool::threads() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->threads;
}

Status Pool::run(const Plan& plan, const float* in, float* out) try {
  State& state = *state_;
  state.runs.fetch_add(1, std::memory_order_relaxed);
  const bool shared = plan.units() > 1 && plan.macs() >= kMinSharedMacs;
  if (!shared) {
    Run run(plan, in, out);
    run.work();
    return run.status();
  }

  const auto run = std::make_shared<Run>(plan, in, out);
  {
    const std::lock_guard<std::mutex> lock(state.mutex);
    run->most_helpers = state.threads - 1;
    if (run->most_helpers > 0) {
      state.start_workers(run->most_helpers);
      state.begin(run);
    }
  }
  run->work();
  for (int spin = 0; spin < kSpins && !run->complete(); ++spin) relax();
  std::unique_lock<std::mutex> lock(state.mutex);
  state.run_completed.wait(lock, [&run] { return run->complete(); });
  state.end(run);
  return run->status();
} catch (const std::bad_alloc&) {
  return Status::out_of_memory;
}

Status Pool::submit(std::shared_ptr<const Plan> plan, const float* in, float* out,
                    std::function<void(Status)> done, std::shared_ptr<Run>* result) try {
  State& state = *state_;
  const auto run = std::make_shared<Run>(*plan, in, out);
  const bool shared = plan->units() > 1 && plan->macs() >= kMinSharedMacs;
  run->owner = std::move(plan);
  run->done = std::move(done);
  const std::lock_guard<std::mutex> lock(state.mutex);
  if (shared) run->most_helpers = state.threads - 1;
  if (!state.start_workers(state.threads)) return Status::out_of_memory;
  state.queue.push_back(run);
  *result = run;
  state.work_arrived.notify_one();
  return Status::ok;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory;
}

bool Pool::cancel(const std::shared_ptr<Run>& run) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  const auto place = std::find(state_->queue.begin(), state_->queue.end(), run);
  if (place == state_->queue.end()) return false;
  state_->queue.erase(place);
  return true;
}

Pool::Counters Pool::counters() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return {state_->runs.load(std::memory_order_relaxed), static_cast<std::int64_t>(state_->queue.size()),
          state_->running};
}

}  // namespace simdconv
