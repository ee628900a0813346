// Whether a process has a SQLite database in an exclusive transaction: OpenClaw keeps one open
// beside its lock file for its whole life.
//
// Guaranteed: nothing is created or changed. False where there is no such file or it cannot be asked.
// NOT promised on Windows: that the bytes are not locked by us for some microseconds.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <string>

namespace gateway_lock {

bool IsSqliteLocked(const std::string& path);

}  // namespace gateway_lock
