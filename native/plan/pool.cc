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

// Below this a run is over before a second thread has taken a unit.
constexpr std::int64_t kMinSharedMacs = 1'000'000;

// Waking a worker takes some 30 us, in which a core does about two million multiply-adds. Below this a run that comes
// alone is over before help is worth it.
constexpr std::int64_t kMinWakingMacs = 8'000'000;

// How long a thread that waits for work, or for the last helper, looks before it sleeps: about what it takes to wake,
// so that at the worst it waits twice as long as it had to.
constexpr auto kSpinTime = std::chrono::microseconds(50);
constexpr int kLooksPerYield = 32;

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  __asm__ volatile("yield");
#endif
}

// Looks until the condition holds, or for kSpinTime. Yields in between: what else this core has to do may be the run that
// is waited for.
template <typename Condition>
void spin_until(const Condition& condition) {
  const auto sleep_at = std::chrono::steady_clock::now() + kSpinTime;
  while (!condition() && std::chrono::steady_clock::now() < sleep_at) {
    for (int look = 0; look < kLooksPerYield && !condition(); ++look) relax();
    std::this_thread::yield();
  }
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

  std::atomic<std::int64_t> taken{0}, finished{0};

  // Of a queued run only.
  std::shared_ptr<const Plan> owner;
  Pool::Completion completion{};

  bool is_shared() const { return units > 1 && plan->macs() >= kMinSharedMacs; }
  bool is_queued() const { return owner != nullptr; }
  bool has_units() const { return taken.load(std::memory_order_relaxed) < units; }
  bool complete() const { return finished.load(std::memory_order_acquire) == units; }

  // Both take units until none is left; this thread's scratch is reserved. True for the one thread that finishes the
  // last. The thread that begins a run takes them from the front, its helpers from the back: units side by side share
  // input, and in the next run a thread finds in its L2 what it had in this one.
  bool work() {
    return take_units([this] { return front++; });
  }
  bool help() {
    return take_units([this] { return units - ++back; });
  }

 private:
  template <typename Next>
  bool take_units(const Next& next) {
    bool last = false;
    std::int64_t before = Plan::kNoUnit;
    while (taken.fetch_add(1, std::memory_order_relaxed) < units) {
      const std::int64_t unit = next();
      plan->run_unit(unit, before, in, out, scratch.data());
      before = unit;
      last = finished.fetch_add(1, std::memory_order_acq_rel) + 1 == units;
    }
    return last;
  }

  std::atomic<std::int64_t> front{0}, back{0};  // of those taken, each counts its own
};

struct Pool::State {
  mutable std::mutex mutex;
  std::condition_variable work_arrived, run_completed;
  std::deque<std::shared_ptr<Run>> queue;
  std::vector<std::shared_ptr<Run>> begun;  // runs that helpers may join
  int threads = 1;
  bool threads_were_set = false;
  int alive = 0;                                   // workers, of which some are
  int looking = 0, asleep = 0;                     // without work
  int starting = 0, waking = 0;                    // called, and on their way
  std::atomic<std::uint32_t> calls{0};             // changes with the mutex held; those that look see it
  std::chrono::steady_clock::time_point last_end;  // of a run
  int running = 0;                                 // queued runs that have begun and not ended
  std::atomic<std::int64_t> runs{0};

  // With the mutex held: workers that would find work now.
  int wanted() const {
    std::size_t sum = queue.size();
    for (const std::shared_ptr<Run>& run : begun) {
      if (run->has_units()) sum += static_cast<std::size_t>(run->most_helpers - run->helpers);
    }
    return static_cast<int>(std::min<std::size_t>(sum, kMaxThreads));
  }

  // Has as many workers come as are wanted, those that look first; then wakes some, then starts some. Unlocks before it
  // wakes: they need the mutex. True when at least one worker lives.
  bool call_workers(std::unique_lock<std::mutex>& lock) {
    calls.fetch_add(1, std::memory_order_release);
    const int missing = std::max(0, wanted() - looking - starting - waking);
    const int woken = std::min(missing, asleep);
    asleep -= woken;
    waking += woken;
    for (int i = woken; i < missing && alive < threads; ++i) {
      try {
        std::thread([this] { serve(); }).detach();
      } catch (const std::exception&) {
        break;  // fewer will do
      }
      ++alive;
      ++starting;
    }
    const bool any = alive > 0;
    lock.unlock();
    for (int i = 0; i < woken; ++i) work_arrived.notify_one();
    return any;
  }

  // With the mutex held: a begun run that has units left and wants help, or null.
  std::shared_ptr<Run> joinable() {
    for (const std::shared_ptr<Run>& run : begun) {
      if (run->helpers < run->most_helpers && run->has_units()) return run;
    }
    return nullptr;
  }

  // With the mutex held: whether help would come in time. Workers that look are there at once; for a small run they are
  // woken when it follows another one closely, since more may follow.
  bool is_worth_help(const Run& run) const {
    if (!run.is_shared() || threads == 1) return false;
    return run.plan->macs() >= kMinWakingMacs || looking > 0 ||
           std::chrono::steady_clock::now() - last_end < kSpinTime;
  }

  // With the mutex held, which it unlocks: lets helpers join.
  void begin(const std::shared_ptr<Run>& run, std::unique_lock<std::mutex>& lock) {
    runs.fetch_add(1, std::memory_order_relaxed);
    if (!is_worth_help(*run)) return lock.unlock();
    run->most_helpers = threads - 1;
    try {
      begun.push_back(run);
    } catch (const std::bad_alloc&) {
      return lock.unlock();  // without help, then
    }
    call_workers(lock);
  }

  // With the mutex held.
  void end(const std::shared_ptr<Run>& run) {
    last_end = std::chrono::steady_clock::now();
    begun.erase(std::remove(begun.begin(), begun.end(), run), begun.end());
  }

  // A worker's life. It sleeps when it finds no work, and has looked for some since it did the last.
  void serve() {
    std::unique_lock<std::mutex> lock(mutex);
    --starting;
    bool looks = false;
    while (alive <= threads) {
      if (!queue.empty()) {
        serve_queued(lock);
        looks = true;
      } else if (std::shared_ptr<Run> run = joinable()) {
        help(run, lock);
        looks = true;
      } else if (looks) {
        look(lock);
        looks = false;
      } else {
        ++asleep;
        work_arrived.wait(lock, [this] { return waking > 0 || alive > threads; });
        --(waking > 0 ? waking : asleep);
      }
    }
    --alive;
    call_workers(lock);  // in the place of this one
  }

  // Waits a little for a call.
  void look(std::unique_lock<std::mutex>& lock) {
    const std::uint32_t before = calls.load(std::memory_order_relaxed);
    ++looking;
    lock.unlock();
    spin_until([this, before] { return calls.load(std::memory_order_acquire) != before; });
    lock.lock();
    --looking;
  }

  void serve_queued(std::unique_lock<std::mutex>& lock) {
    const std::shared_ptr<Run> run = std::move(queue.front());
    queue.pop_front();
    ++running;
    if (!scratch.reserve(run->scratch_bytes)) return complete(run, Status::out_of_memory, lock);
    begin(run, lock);
    const bool last = run->work();
    scratch.trim();
    lock.lock();
    if (last) complete(run, Status::ok, lock);
  }

  // A thread without enough scratch leaves the units to the others.
  void help(const std::shared_ptr<Run>& run, std::unique_lock<std::mutex>& lock) {
    ++run->helpers;
    lock.unlock();
    const bool last = scratch.reserve(run->scratch_bytes) && run->help();
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
  std::unique_lock<std::mutex> lock(state_->mutex);
  state_->threads = std::clamp(threads, 1, kMaxThreads);
  state_->threads_were_set = true;
  state_->call_workers(lock);
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
  std::unique_lock<std::mutex> lock(state.mutex);
  state.begin(run, lock);
  run->work();
  scratch.trim();
  spin_until([&run] { return run->complete(); });
  lock.lock();
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
  std::unique_lock<std::mutex> lock(state.mutex);
  state.queue.push_back(run);
  *result = run;
  if (state.call_workers(lock) || !cancel(run)) return Status::ok;
  result->reset();
  return Status::out_of_memory;
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
