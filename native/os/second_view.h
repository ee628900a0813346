// Detects a lock that a process holds on the same file through another mount of its directory: two
// FUSE mounts (bindfs), mergerfs and its branch, an overlay and its lower directory. Each such view
// has a lock of its own, so the kernel grants both.
//
// Guaranteed: nothing is changed, and a copy of a directory is not a view of it.
// NOT promised: an answer. Returns false if the system does not show the locks: for processes of
// other users or in other pid or mount namespaces, and on macOS and Windows.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <cstdint>
#include <string>

namespace gateway_lock {

bool IsHeldInOtherView(const std::string& path, std::int64_t pid);

}  // namespace gateway_lock
