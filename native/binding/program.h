// exec(): this process goes on as another program.
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportExec(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
