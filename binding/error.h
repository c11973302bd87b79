// From statuses to JavaScript errors with the facade's stable codes.
#pragma once

#include <napi.h>

#include <string>

#include "simdconv/types.h"

namespace simdconv::binding {

// The error for a status other than ok; `detail` is the reason of a decline.
Napi::Error error_of(Napi::Env env, Status status, const std::string& detail = {});

// The facade has called with something that the contract in native.ts excludes.
Napi::Error contract_error(Napi::Env env, const std::string& message);

}  // namespace simdconv::binding
