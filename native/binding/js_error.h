// Converts a Status to a JavaScript error.
#pragma once

#include <napi.h>

#include <string>

#include "listener.h"
#include "status.h"

namespace gateway_lock {

// Throws: leaves the exception pending. System errors have the shape of Node's own: code
// ("EACCES"), errno (negative), syscall, and path or address and port. All other errors have an
// ERR_LOCK_* code, path and detail.
void ThrowForPath(Napi::Env env, const Status& status, const std::string& path);
void ThrowForEndpoint(Napi::Env env, const Status& status, const Endpoint& endpoint);

}  // namespace gateway_lock
