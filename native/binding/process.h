// Programs that take over from this process, or end with it.
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportProcess(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
