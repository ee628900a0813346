// The functions of the addon that own nothing: they ask the system and answer.
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportProbes(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
