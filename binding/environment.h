// What one JavaScript environment (the main thread or a worker thread) has: its runs in flight, and the way
// back to its thread. There is no global state here; the pool behind it is the process's.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "simdconv/pool.h"

namespace simdconv::binding {

class Environment {
 public:
  explicit Environment(Napi::Env env);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  // Queues a run and returns its ticket. The arrays stay referenced until it has ended; then `done` is called
  // with null or an error.
  std::int64_t submit(std::shared_ptr<const Plan> plan, const Napi::Value& input, const Napi::Value& output,
                      const Napi::Function& done);

  // True: the run had not begun, and `done` will not be called.
  bool cancel(std::int64_t ticket);

 private:
  struct InFlight;
  struct Outstanding;

  // On the JavaScript thread, for each run that has ended; without an environment when it is being torn down.
  static void complete(napi_env env, napi_value, void* environment, void* flight);
  // Before the environment goes: takes back what has not begun, waits for what has.
  static void tear_down(void* environment);

  void open_completions();
  void forget(std::int64_t ticket);

  Napi::Env env_;
  napi_threadsafe_function completions_ = nullptr;  // made with the first run
  std::shared_ptr<Outstanding> outstanding_;
  std::unordered_map<std::int64_t, std::unique_ptr<InFlight>> in_flight_;
  std::int64_t last_ticket_ = 0;
};

}  // namespace simdconv::binding
