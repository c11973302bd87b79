#include "simdconv/pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "plan/scratch.h"
#include "simdconv/cpu.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace simdconv {
namespace {

// Below this a run is over before a second thread is awake: waking takes some 10 us, in which a core does
// about a million multiply-adds.
constexpr std::int64_t kMinSharedMacs = 1'000'000;

// How long a thread that waits for the last helper looks before it sleeps.
constexpr auto kSpinTime = std::chrono::microseconds(20);
constexpr int kLooksPerClock = 32;

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  __asm__ volatile("yield");
#endif
}

thread_local Scratch scratch;

}  // namespace

struct Run {
  Run(const Plan& plan_, const void* in_, void* out_)
      : plan(&plan_), in(in_), out(out_), units(plan_.units()), scratch_bytes(plan_.scratch_bytes()) {}

  const Plan* plan;
  const void* in;
  void* out;
  const std::int64_t units;
  const std::size_t scratch_bytes;  // a helper may ask when all units are done, and the plan with them
  int most_helpers = 0;             // beyond the thread that begins it
  int helpers = 0;                  // guarded by the pool's mutex

  std::atomic<std::int64_t> next{0}, finished{0};

  // Of a queued run only.
  std::shared_ptr<const Plan> owner;
  Pool::Completion completion{};

  bool is_shared() const { return units > 1 && plan->macs() >= kMinSharedMacs; }
  bool is_queued() const { return owner != nullptr; }
  bool has_units() const { return next.load(std::memory_order_relaxed) < units; }
  bool complete() const { return finished.load(std::memory_order_acquire) == units; }

  // Takes units until none is left; this thread's scratch is reserved. True for the one thread that finishes
  // the last.
  bool work() {
    bool last = false;
    for (;;) {
      const std::int64_t unit = next.fetch_add(1, std::memory_order_relaxed);
      if (unit >= units) return last;
      plan->run_unit(unit, in, out, scratch.data());
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
  bool threads_were_set = false;
  int alive = 0, idle = 0;
  int running = 0;  // queued runs that have begun and not ended
  std::atomic<std::int64_t> runs{0};

  // With the mutex held: wakes or starts up to `wanted` workers. True when at least one worker lives.
  bool call_workers(int wanted) {
    const int woken = std::min(wanted, idle);
    for (int i = 0; i < woken; ++i) work_arrived.notify_one();
    for (int missing = wanted - woken; missing > 0 && alive < threads; --missing) {
      try {
        std::thread([this] { serve(); }).detach();
      } catch (const std::exception&) {
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
    runs.fetch_add(1, std::memory_order_relaxed);
    if (!run->is_shared() || threads == 1) return;
    run->most_helpers = threads - 1;
    try {
      begun.push_back(run);
    } catch (const std::bad_alloc&) {
      return;  // without help, then
    }
    call_workers(run->most_helpers);
  }

  // With the mutex held.
  void end(const std::shared_ptr<Run>& run) {
    begun.erase(std::remove(begun.begin(), begun.end(), run), begun.end());
  }

  void serve() {
    std::unique_lock<std::mutex> lock(mutex);
    while (alive <= threads) {
      if (!queue.empty()) {
        serve_queued(lock);
      } else if (std::shared_ptr<Run> run = joinable()) {
        help(run, lock);
      } else {
        ++idle;
        work_arrived.wait(lock);
        --idle;
      }
    }
    --alive;
  }

  void serve_queued(std::unique_lock<std::mutex>& lock) {
    const std::shared_ptr<Run> run = std::move(queue.front());
    queue.pop_front();
    ++running;
    if (!scratch.reserve(run->scratch_bytes)) return complete(run, Status::out_of_memory, lock);
    begin(run);
    lock.unlock();
    const bool last = run->work();
    scratch.trim();
    lock.lock();
    if (last) complete(run, Status::ok, lock);
  }

  // A thread without enough scratch leaves the units to the others.
  void help(const std::shared_ptr<Run>& run, std::unique_lock<std::mutex>& lock) {
    ++run->helpers;
    lock.unlock();
    const bool last = scratch.reserve(run->scratch_bytes) && run->work();
    scratch.trim();
    lock.lock();
    if (last) complete(run, Status::ok, lock);
  }

  void complete(const std::shared_ptr<Run>& run, Status status, std::unique_lock<std::mutex>& lock) {
    end(run);
    if (!run->is_queued()) {
      run_completed.notify_all();
      return;
    }
    --running;
    lock.unlock();
    run->completion.call(run->completion.context, status);
    lock.lock();
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
  state_->threads_were_set = true;
  state_->call_workers(static_cast<int>(std::min<std::size_t>(state_->queue.size(), kMaxThreads)));
  state_->work_arrived.notify_all();  // those that are too many end
}

int Pool::threads() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->threads;
}

bool Pool::threads_were_set() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->threads_were_set;
}

Status Pool::run(const Plan& plan, const void* in, void* out) try {
  State& state = *state_;
  if (!scratch.reserve(plan.scratch_bytes())) return Status::out_of_memory;
  Run alone(plan, in, out);
  if (!alone.is_shared()) {
    state.runs.fetch_add(1, std::memory_order_relaxed);
    alone.work();
    scratch.trim();
    return Status::ok;
  }

  const auto run = std::make_shared<Run>(plan, in, out);
  {
    const std::lock_guard<std::mutex> lock(state.mutex);
    state.begin(run);
  }
  run->work();
  scratch.trim();
  const auto sleep_at = std::chrono::steady_clock::now() + kSpinTime;
  while (!run->complete() && std::chrono::steady_clock::now() < sleep_at) {
    for (int look = 0; look < kLooksPerClock && !run->complete(); ++look) relax();
  }
  std::unique_lock<std::mutex> lock(state.mutex);
  state.run_completed.wait(lock, [&run] { return run->complete(); });
  state.end(run);
  return Status::ok;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory;
}

Status Pool::submit(std::shared_ptr<const Plan> plan, const void* in, void* out, Completion completion,
                    std::shared_ptr<Run>* result) try {
  State& state = *state_;
  const auto run = std::make_shared<Run>(*plan, in, out);
  run->owner = std::move(plan);
  run->completion = completion;
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.queue.push_back(run);
  if (!state.call_workers(1)) {
    state.queue.pop_back();
    return Status::out_of_memory;
  }
  *result = run;
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
