// Detects an exclusive transaction on a SQLite database. An OpenClaw gateway keeps such a
// transaction open, on a database next to its lock file, as long as it runs.
//
// Guaranteed: nothing is created or changed, even if this process itself has the transaction open.
// The result is false if the database does not exist or cannot be read.
// NOT promised on POSIX: safety if another thread of this process opens the database at the same
// moment. This process then loses its locks on the database.
// NOT promised on Windows: that the database's lock bytes stay unlocked. The probe locks them for a
// few microseconds.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <string>

namespace gateway_lock {

// Returns true if an exclusive transaction is open on the database at `path`.
bool IsSqliteLocked(const std::string& path);

}  // namespace gateway_lock
