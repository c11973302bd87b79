// The functions of native.ts: decode, hold references, call, encode. No arithmetic on tensors happens here.
#include <napi.h>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "decode.h"
#include "environment.h"
#include "error.h"
#include "simdconv/conv2d.h"
#include "simdconv/cpu.h"
#include "simdconv/pixel_mlp.h"
#include "simdconv/pool.h"
#include "simdconv/recycler.h"

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace simdconv::binding {
namespace {

// A C++ object in the care of the garbage collector, which is told what the object weighs.
template <typename T>
struct Held {
  const void* tag = &kTag;  // tells a layer or a network from a plan
  std::shared_ptr<const T> object;
  std::int64_t bytes = 0;

  static constexpr char kTag = 0;

  void release(Napi::Env env) {
    object.reset();
    Napi::MemoryManagement::AdjustExternalMemory(env, -std::exchange(bytes, 0));
  }
};

template <typename T>
Napi::Value hold(Napi::Env env, std::shared_ptr<const T> object, std::int64_t bytes) {
  auto owned = std::make_unique<Held<T>>();
  owned->object = std::move(object);
  const Napi::Value external =
      Napi::External<Held<T>>::New(env, owned.get(), [](Napi::Env late, Held<T>* held) {
        held->release(late);
        delete held;
      });
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes);
  owned.release()->bytes = bytes;
  return external;
}

template <typename T>
Held<T>* held(const Napi::Value& value) {
  auto* found = value.IsExternal() ? value.As<Napi::External<Held<T>>>().Data() : nullptr;
  return found && found->tag == &Held<T>::kTag ? found : nullptr;
}

// The object, which has not been released.
template <typename T>
const std::shared_ptr<const T>& use(const Napi::Value& value) {
  const Held<T>* found = held<T>(value);
  if (!found || !found->object) throw contract_error(value.Env(), "a native object was expected");
  return found->object;
}

Napi::Value create_conv2d(const Napi::CallbackInfo& info) {
  const Conv2dSpec spec = decode_spec(info[0].As<Napi::Object>());
  std::shared_ptr<const Conv2d> layer;
  std::string reason;
  const Status status = Conv2d::create(spec, &layer, &reason);
  if (status != Status::ok) throw error_of(info.Env(), status, reason);
  const auto bytes = static_cast<std::int64_t>(layer->packed_bytes());
  return hold<Conv2d>(info.Env(), std::move(layer), bytes);
}

Napi::Value plan_conv2d(const Napi::CallbackInfo& info) {
  const std::shared_ptr<const Conv2d>& layer = use<Conv2d>(info[0]);
  const ImageShape shape{decode_size(info[1]), decode_size(info[2]), decode_size(info[3]),
                         layer->in_channels()};
  const Padding padding{decode_size(info[4]), decode_size(info[5]), decode_size(info[6]),
                        decode_size(info[7])};
  std::shared_ptr<const Plan> plan;
  const Status status = Plan::create(layer, shape, padding, &plan);
  if (status != Status::ok) throw error_of(info.Env(), status);
  return hold<Plan>(info.Env(), std::move(plan), 0);
}

Napi::Value create_pixel_mlp(const Napi::CallbackInfo& info) {
  const PixelMlpSpec spec = decode_mlp_spec(info[0].As<Napi::Object>());
  std::shared_ptr<const PixelMlp> mlp;
  const Status status = PixelMlp::create(spec, &mlp);
  if (status != Status::ok) throw error_of(info.Env(), status);
  const auto bytes = static_cast<std::int64_t>(mlp->packed_bytes());
  return hold<PixelMlp>(info.Env(), std::move(mlp), bytes);
}

Napi::Value plan_pixel_mlp(const Napi::CallbackInfo& info) {
  const std::shared_ptr<const PixelMlp>& mlp = use<PixelMlp>(info[0]);
  const ImageShape shape{decode_size(info[1]), decode_size(info[2]), decode_size(info[3]),
                         mlp->in_channels()};
  std::shared_ptr<const Plan> plan;
  const Status status = PixelMlp::plan(mlp, shape, &plan);
  if (status != Status::ok) throw error_of(info.Env(), status);
  return hold<Plan>(info.Env(), std::move(plan), 0);
}

// Frees a layer, a network or a plan now; the garbage collector would get to it only in a later turn of the event loop.
Napi::Value release(const Napi::CallbackInfo& info) {
  if (Held<Conv2d>* layer = held<Conv2d>(info[0])) layer->release(info.Env());
  if (Held<PixelMlp>* mlp = held<PixelMlp>(info[0])) mlp->release(info.Env());
  if (Held<Plan>* plan = held<Plan>(info[0])) plan->release(info.Env());
  return info.Env().Undefined();
}

Napi::Value describe_plan(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Plan& plan = *use<Plan>(info[0]);
  const Plan::Description description = plan.describe();
  const auto candidates = Napi::Array::New(env);
  for (const Candidate& candidate : description.candidates) {
    auto entry = Napi::Object::New(env);
    entry.Set("name", candidate.name);
    entry.Set("accepted", candidate.accepted);
    entry.Set("reason", candidate.reason);
    entry.Set("predictedSeconds", candidate.predicted_seconds);
    candidates.Set(candidates.Length(), entry);
  }
  auto result = Napi::Object::New(env);
  result.Set("algorithm", description.algorithm);
  result.Set("kernel", description.kernel);
  result.Set("isa", isa_name(description.isa));
  result.Set("scratchBytes", static_cast<double>(description.scratch_bytes));
  result.Set("packedBytes", static_cast<double>(description.packed_bytes));
  result.Set("macs", static_cast<double>(plan.macs()));
  result.Set("outHeight", static_cast<double>(plan.output_shape().height));
  result.Set("outWidth", static_cast<double>(plan.output_shape().width));
  result.Set("candidates", candidates);
  return result;
}

Napi::Value run_sync(const Napi::CallbackInfo& info) {
  const Plan& plan = *use<Plan>(info[0]);
  const void* in = decode_image(info[1], plan.in_type(), plan.input_shape());
  void* out = decode_image(info[2], plan.out_type(), plan.output_shape());
  const Status status = Pool::process().run(plan, in, out);
  if (status != Status::ok) throw error_of(info.Env(), status);
  return info.Env().Undefined();
}

Napi::Value run(const Napi::CallbackInfo& info) {
  const std::int64_t ticket =
      Environment::of(info.Env()).submit(use<Plan>(info[0]), info[1], info[2], info[3].As<Napi::Function>());
  return Napi::Number::New(info.Env(), static_cast<double>(ticket));
}

Napi::Value cancel(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Environment::of(info.Env()).cancel(decode_size(info[0])));
}

Napi::Value pad_image(const Napi::CallbackInfo& info) {
  const auto shape_object = info[2].As<Napi::Object>();
  const ImageShape shape = decode_shape(shape_object);
  const Padding padding = decode_padding(info[3].As<Napi::Object>());
  const ImageShape padded{shape.batch, shape.height + padding.top + padding.bottom,
                          shape.width + padding.left + padding.right, shape.channels};
  const ElementType type = decode_element_type(shape_object.Get("type"));
  const void* in = decode_image(info[0], type, shape);
  void* out = decode_image(info[1], type, padded);
  const Status status = pad(in, out, type, shape, decode_layout(shape_object.Get("layout")), padding,
                            decode_border(info[4].As<Napi::Object>()));
  if (status != Status::ok) throw error_of(info.Env(), status);
  return info.Env().Undefined();
}

// An array buffer on recycled memory, which comes back some turns of the event loop after the collector of garbage
// found it unused; null when there is none. Where Node-API forbids such buffers, there is none ever.
Napi::Value take_memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto bytes = static_cast<std::size_t>(decode_size(info[0]));
  const Recycler::Block block = Recycler::process().take(bytes);
  if (!block.data) return env.Null();
  const auto give_back = [](napi_env, void* data, void* block_bytes) {
    Recycler::process().give_back(
        {static_cast<std::byte*>(data), reinterpret_cast<std::uintptr_t>(block_bytes)});
  };
  napi_value buffer{};
  void* const hint = reinterpret_cast<void*>(block.bytes);  // NOLINT(performance-no-int-to-ptr)
  const napi_status status =
      napi_create_external_arraybuffer(env, block.data, bytes, give_back, hint, &buffer);
  if (status == napi_no_external_buffers_allowed) {
    Recycler::process().give_back(block);
    return env.Null();
  }
  if (status != napi_ok) throw Napi::Error::New(env);  // and Node.js gives the block back
  return {env, buffer};
}

Napi::Value set_threads(const Napi::CallbackInfo& info) {
  const std::int64_t threads = std::min<std::int64_t>(decode_size(info[0]), Pool::kMaxThreads);
  Pool::process().set_threads(static_cast<int>(threads));
  return info.Env().Undefined();
}

Napi::Value set_recycle_limit(const Napi::CallbackInfo& info) {
  Recycler::process().set_limit(static_cast<std::size_t>(decode_size(info[0])));
  return info.Env().Undefined();
}

Napi::Value describe_machine(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto isas = Napi::Array::New(env);
  for (const Isa isa : available_isas()) isas.Set(isas.Length(), isa_name(isa));
  auto result = Napi::Object::New(env);
  result.Set("isas", isas);
  result.Set("threads", Pool::process().threads());
  result.Set("threadsWereSet", Pool::process().threads_were_set());
  result.Set("availableThreads", available_threads());
  result.Set("cpu", cpu_name());
  result.Set("recycleBytes", static_cast<double>(Recycler::process().counters().limit));
  return result;
}

Napi::Value count(const Napi::CallbackInfo& info) {
  const Pool::Counters counters = Pool::process().counters();
  auto result = Napi::Object::New(info.Env());
  result.Set("runs", static_cast<double>(counters.runs));
  result.Set("queued", static_cast<double>(counters.queued));
  result.Set("running", static_cast<double>(counters.running));
  const Recycler::Counters memory = Recycler::process().counters();
  result.Set("resultBytes", static_cast<double>(memory.in_use_bytes));
  result.Set("idleBytes", static_cast<double>(memory.idle_bytes));
  result.Set("recycled", static_cast<double>(memory.reused));
  return result;
}

// Every exported function runs inside this: memory that is not there becomes an error, never a dead process.
template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return function(info);
  } catch (const std::bad_alloc&) {
    throw error_of(info.Env(), Status::out_of_memory);
  }
}

// The pool's workers sleep in this library's code for as long as the process lives, so it must stay loaded
// even when the only environment that loaded it, a worker thread's, has ended.
void stay_loaded() {
#if !defined(_WIN32)
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &self) != 0)
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
#endif
}

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void add(Napi::Object& exports, const char* name) {
  exports.Set(name, Napi::Function::New<guarded<function>>(exports.Env(), name));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  stay_loaded();
  env.SetInstanceData(new Environment(env));
  add<create_conv2d>(exports, "createConv2d");
  add<plan_conv2d>(exports, "planConv2d");
  add<create_pixel_mlp>(exports, "createPixelMlp");
  add<plan_pixel_mlp>(exports, "planPixelMlp");
  add<release>(exports, "release");
  add<describe_plan>(exports, "describePlan");
  add<run_sync>(exports, "runSync");
  add<run>(exports, "run");
  add<cancel>(exports, "cancel");
  add<pad_image>(exports, "pad");
  add<take_memory>(exports, "takeMemory");
  add<set_threads>(exports, "setThreads");
  add<set_recycle_limit>(exports, "setRecycleLimit");
  add<describe_machine>(exports, "info");
  add<count>(exports, "counters");
  return exports;
}

NODE_API_MODULE(simdconv, initialize)

}  // namespace
}  // namespace simdconv::binding
