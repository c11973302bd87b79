// The threads that compute: one pool per process, shared by every plan and every caller.
//
// A worker takes a whole run while runs wait in the queue (throughput); when none waits, it helps with the
// units of a run that has begun (latency). Idle workers sleep. Workers start when they are first needed.
#pragma once

#include <cstdint>
#include <memory>

#include "simdconv/conv2d.h"

namespace simdconv {

// A plan on its way through the pool, with the memory it reads and writes, which the caller keeps alive.
struct Run;

class Pool {
 public:
  static Pool& process();

  // The number of threads that compute at once, 1 to kMaxThreads. Fewer than before: the others end when they
  // are idle. The thread that calls `run` counts as one of them.
  void set_threads(int threads);
  int threads() const;
  bool threads_were_set() const;

  // Runs on the calling thread, idle workers helping where the work is worth it. Returns when all is done. On
  // a status other than ok nothing was written.
  Status run(const Plan& plan, const void* in, void* out);

  // What to call when a run has ended; called once, on a worker.
  struct Completion {
    void (*call)(void* context, Status status);
    void* context;
  };

  // Queues a run. On a status other than ok nothing is queued and the completion is not called; nor is
  // anything written when it is called with one.
  Status submit(std::shared_ptr<const Plan> plan, const void* in, void* out, Completion completion,
                std::shared_ptr<Run>* run);

  // Takes a run back that no worker has taken yet: true, and its completion is never called.
  bool cancel(const std::shared_ptr<Run>& run);

  struct Counters {
    std::int64_t runs;  // begun since the process started, synchronous ones included
    std::int64_t queued, running;
  };
  Counters counters() const;

  static constexpr int kMaxThreads = 1024;

 private:
  struct State;
  Pool();
  ~Pool() = delete;  // lives as long as the process: workers may run to its very end
  State* state_;
};

}  // namespace simdconv
