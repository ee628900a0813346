// Exports socketPair(), takeToken() and endWrites(), with which a process hands its locks and
// sockets over.
#pragma once

#include <napi.h>

namespace gateway_lock {

void ExportChannel(Napi::Env env, Napi::Object exports);

}  // namespace gateway_lock
