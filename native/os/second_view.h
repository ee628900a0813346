// Detects a lock that a process holds on the same file in a second view, which is another mount of
// the directory: two FUSE mounts (bindfs), mergerfs and its branch, or an overlay and its lower
// directory. The kernel treats the file in each view as a separate file, so it grants a lock on
// each.
//
// Guaranteed: nothing is changed, and a copy of a directory is not treated as a second view.
// NOT promised: that every such lock is detected. The result is false if the system does not show
// the process's locks: for processes of other users, for processes in other pid or mount
// namespaces, and on macOS and Windows.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <cstdint>
#include <string>

namespace gateway_lock {

// Returns true if the process `pid` holds an exclusive lock on the file at `path` in a second view.
bool IsHeldInOtherView(const std::string& path, std::int64_t pid);

}  // namespace gateway_lock
