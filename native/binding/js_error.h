// Converts a Status to a JavaScript error.
#pragma once

#include <napi.h>

#include <string>

#include "listener.h"
#include "status.h"

namespace gateway_lock {

// Throws a JavaScript error for a failed status. A system error has the properties of Node's system
// errors: code ("EACCES"), errno (negative), syscall, and either path, or address and port. Any
// other error has an ERR_LOCK_* code, a path and a detail.
void ThrowForPath(Napi::Env env, const Status& status, const std::string& path);
void ThrowForEndpoint(Napi::Env env, const Status& status, const Endpoint& endpoint);
// For a call that concerns a descriptor or a process, which the error does not name.
void ThrowFor(Napi::Env env, const Status& status);

}  // namespace gateway_lock
