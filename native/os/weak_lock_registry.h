// The weak locks that this process holds. On a weak file system a process can lock a file a second
// time through another descriptor, and closing that descriptor drops the first lock: macOS's smbfs
// passes flock() to the server as a lock of the whole process (smbfs_vnops.c). So a probe checks
// this registry before it attempts the lock.
//
// Thread-safety: any thread may call any function.
#pragma once

#include "file_system.h"

namespace gateway_lock {

void RegisterWeakLock(const FileIdentity& identity);
void UnregisterWeakLock(const FileIdentity& identity);
bool HoldsWeakLock(const FileIdentity& identity);

}  // namespace gateway_lock
