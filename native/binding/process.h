// Exports exec(), which replaces the program of this process, and killChildrenOnExit(), which makes
// the child processes end with this process.
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportProcess(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
