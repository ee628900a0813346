// Exports the functions that hold nothing: each queries the system and returns the result.
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportProbes(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
