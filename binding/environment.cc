#include "environment.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "decode.h"
#include "error.h"

namespace simdconv::binding {

// The runs of this environment that workers may still report; outlives the environment if a worker is that
// slow.
struct Environment::Outstanding {
  std::mutex mutex;
  std::condition_variable none;
  std::int64_t count = 0;

  void add(std::int64_t change) {
    const std::lock_guard<std::mutex> lock(mutex);
    count += change;
    if (count == 0) none.notify_all();
  }
  void wait_for_none() {
    std::unique_lock<std::mutex> lock(mutex);
    none.wait(lock, [this] { return count == 0; });
  }
};

struct Environment::InFlight {
  std::int64_t ticket;
  Napi::Reference<Napi::Value> input, output;  // their memory is in use
  Napi::FunctionReference done;
  std::shared_ptr<Run> run;
  Status status = Status::ok;
  napi_threadsafe_function completions;
  std::shared_ptr<Outstanding> outstanding;

  // On a worker. Once the JavaScript thread has been called, it may delete this.
  static void report(void* context, Status status) {
    auto* flight = static_cast<InFlight*>(context);
    const std::shared_ptr<Outstanding> outstanding = flight->outstanding;
    flight->status = status;
    napi_call_threadsafe_function(flight->completions, flight, napi_tsfn_nonblocking);
    outstanding->add(-1);
  }
};

Environment::Environment(Napi::Env env) : env_(env) {}
Environment::~Environment() = default;

void Environment::open_completions() {
  if (completions_) return;
  auto outstanding = std::make_shared<Outstanding>();
  const Napi::String name = Napi::String::New(env_, "simdconv");
  const napi_status created = napi_create_threadsafe_function(
      env_, nullptr, nullptr, name, /*max_queue_size=*/0, /*initial_thread_count=*/1, nullptr, nullptr, this,
      &complete, &completions_);
  if (created != napi_ok) throw Napi::Error::New(env_);
  outstanding_ = std::move(outstanding);
  napi_unref_threadsafe_function(env_, completions_);
  napi_add_env_cleanup_hook(env_, &tear_down, this);
}

std::int64_t Environment::submit(std::shared_ptr<const Plan> plan, const Napi::Value& input,
                                 const Napi::Value& output, const Napi::Function& done) {
  open_completions();
  const void* in_data = decode_image(input, plan->in_type(), plan->input_shape());
  void* out_data = decode_image(output, plan->out_type(), plan->output_shape());

  const std::int64_t ticket = ++last_ticket_;
  InFlight& flight = *in_flight_.emplace(ticket, std::make_unique<InFlight>()).first->second;
  flight.ticket = ticket;
  flight.completions = completions_;
  flight.outstanding = outstanding_;
  Status status = Status::out_of_memory;
  try {
    flight.input = Napi::Reference<Napi::Value>::New(input, 1);
    flight.output = Napi::Reference<Napi::Value>::New(output, 1);
    flight.done = Napi::Persistent(done);
    outstanding_->add(1);
    status =
        Pool::process().submit(std::move(plan), in_data, out_data, {&InFlight::report, &flight}, &flight.run);
    if (status != Status::ok) outstanding_->add(-1);
  } catch (...) {
    in_flight_.erase(ticket);
    throw;
  }
  if (status != Status::ok) {
    in_flight_.erase(ticket);
    throw error_of(env_, status);
  }
  if (in_flight_.size() == 1) napi_ref_threadsafe_function(env_, completions_);
  return ticket;
}

bool Environment::cancel(std::int64_t ticket) {
  const auto place = in_flight_.find(ticket);
  if (place == in_flight_.end() || !Pool::process().cancel(place->second->run)) return false;
  outstanding_->add(-1);
  forget(ticket);
  return true;
}

void Environment::forget(std::int64_t ticket) {
  in_flight_.erase(ticket);
  if (in_flight_.empty()) napi_unref_threadsafe_function(env_, completions_);
}

void Environment::complete(napi_env env, napi_value, void* environment, void* data) {
  if (env == nullptr) return;
  auto& self = *static_cast<Environment*>(environment);
  const auto& flight = *static_cast<InFlight*>(data);
  try {
    const Napi::HandleScope scope(env);
    const Napi::Function done = flight.done.Value();
    napi_value error = Napi::Env(env).Null();
    if (flight.status != Status::ok) error = error_of(env, flight.status).Value();
    self.forget(flight.ticket);
    // The plain call: in an environment that is being terminated it fails, and there is nobody left to tell.
    napi_call_function(env, Napi::Env(env).Undefined(), done, 1, &error, nullptr);
  } catch (const Napi::Error&) {
    // Nor is there when even the error cannot be made.
  }
}

void Environment::tear_down(void* environment) {
  auto& self = *static_cast<Environment*>(environment);
  for (const auto& [ticket, flight] : self.in_flight_) {
    if (Pool::process().cancel(flight->run)) self.outstanding_->add(-1);
  }
  self.outstanding_->wait_for_none();
  self.in_flight_.clear();
  napi_release_threadsafe_function(self.completions_, napi_tsfn_abort);
}

}  // namespace simdconv::binding
