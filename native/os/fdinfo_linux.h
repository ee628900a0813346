// Reads the locks of a descriptor of any process. Included by _linux.cc files only.
#pragma once

#include <string>

#include "lock_options.h"

namespace gateway_lock {

// Returns true if the descriptor holds a flock() lock of this mode. `fdinfo` is the path
// /proc/PID/fdinfo/N.
bool HasLock(const std::string& fdinfo, LockMode mode);

}  // namespace gateway_lock
