// Finds the processes that have a lock, including those that have inherited it.
//
// NOT promised: that every holder is found. The system shows only processes that this user may
// inspect, and no process in another pid namespace.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gateway_lock {

// Returns the pids of the processes with a descriptor that holds a lock on the file at `path`,
// which must be absolute. Returns none on macOS and Windows, which do not show the locks of a
// process.
std::vector<std::int64_t> FindLockHolders(const std::string& path);

}  // namespace gateway_lock
