// One place where a Status becomes a JavaScript error.
#pragma once

#include <napi.h>

#include <string>

#include "listener.h"
#include "status.h"

namespace gateway_lock {

// System errors have Node's own shape: code ("EACCES"), errno (negative), syscall, and path or
// address and port. The others carry an ERR_LOCK_* code, path and detail. Leaves the exception
// pending.
void ThrowForPath(Napi::Env env, const Status& status, const std::string& path);
void ThrowForEndpoint(Napi::Env env, const Status& status, const Endpoint& endpoint);

}  // namespace gateway_lock
