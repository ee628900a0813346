// Exports the stateless functions: each calls native/os once and returns the result.
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportProbes(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
