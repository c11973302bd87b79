#include "error.h"

namespace simdconv::binding {
namespace {

template <typename ErrorClass>
Napi::Error with_code(Napi::Env env, const char* code, const std::string& message) {
  ErrorClass error = ErrorClass::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace

Napi::Error error_of(Napi::Env env, Status status, const std::string& detail) {
  switch (status) {
    case Status::declined:
      return with_code<Napi::Error>(env, "ERR_CONV_ALGORITHM", detail);
    case Status::out_of_memory:
      return with_code<Napi::RangeError>(
          env, "ERR_CONV_MEMORY", "there is not enough memory for the weights or the scratch of this layer");
    case Status::too_large:
      return with_code<Napi::RangeError>(env, "ERR_CONV_SHAPE",
                                         "the product of the sizes is too large to address");
    case Status::kernel_too_large:
      return with_code<Napi::RangeError>(env, "ERR_CONV_SHAPE", "the kernel is larger than the padded input");
    case Status::bad_argument:
    case Status::ok:
      break;
  }
  return contract_error(env, "a size is out of range");
}

Napi::Error contract_error(Napi::Env env, const std::string& message) {
  return with_code<Napi::TypeError>(env, "ERR_CONV_TYPE", "the native layer refused a call: " + message);
}

}  // namespace simdconv::binding
