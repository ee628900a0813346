// Whether a process holds a lock on the same file through another mount of its directory: two FUSE
// mounts (bindfs), mergerfs and its branch, an overlay and its lower directory. Each such view has
// a lock of its own, so the kernel grants both.
//
// Guaranteed: nothing is changed, and a copy of a directory is not a view of it.
// NOT promised: an answer. False where the system does not tell: of other users' processes, in other
// pid or mount namespaces, on macOS and Windows.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <cstdint>
#include <string>

namespace gateway_lock {

bool IsHeldInOtherView(const std::string& path, std::int64_t pid);

}  // namespace gateway_lock
