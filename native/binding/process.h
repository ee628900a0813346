// Exports the functions that replace the program of this process, or end its children with it.
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportProcess(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
