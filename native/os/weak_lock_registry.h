// The weak locks that this process holds. On a weak file system a second descriptor of the same
// process is granted the lock too, and its close drops the first one's lock: smbfs of macOS passes
// flock() on by process (smbfs_vnops.c). A probe therefore consults this registry before it tries
// the lock.
//
// Thread-safety: all functions, for all threads.
#pragma once

#include "file_system.h"

namespace gateway_lock {

void RegisterWeakLock(const FileIdentity& identity);
void UnregisterWeakLock(const FileIdentity& identity);
bool HoldsWeakLock(const FileIdentity& identity);

}  // namespace gateway_lock
