// Detects an exclusive transaction on a SQLite database: OpenClaw keeps one open beside its lock
// file for its whole life.
//
// Guaranteed: nothing is created or changed, even if this process has the transaction itself.
// Returns false if there is no such file, or if it cannot be read.
// NOT promised on POSIX: safety while another thread opens the database at the same moment. Its
// locks are lost then.
// NOT promised on Windows: that the bytes stay unlocked: the probe locks them for some
// microseconds.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <string>

namespace gateway_lock {

bool IsSqliteLocked(const std::string& path);

}  // namespace gateway_lock
