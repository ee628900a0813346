// Detects an exclusive transaction on a SQLite database. An OpenClaw gateway keeps such a
// transaction open, on a database next to its lock file, as long as the gateway runs.
//
// Guaranteed: nothing is created or changed, even if this process itself has the transaction open.
// The result is false if the database does not exist or cannot be read.
// NOT promised on POSIX: safety if another thread of this process opens the database at the same
// moment. In that case this process loses its locks on the database.
// NOT promised on Windows: that the lock bytes of the database stay unlocked. The probe locks these
// bytes for a few microseconds.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <string>

namespace gateway_lock {

// Returns true if an exclusive transaction is open on the database at `path`.
bool IsSqliteLocked(const std::string& path);

}  // namespace gateway_lock
