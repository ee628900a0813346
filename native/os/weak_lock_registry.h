// The locks that this process holds on file systems that do not keep two opens of one process
// apart. There a second open that asks for the lock gets it, and its close drops the first one's:
// smbfs of macOS passes flock() on by process (smbfs_vnops.c).
//
// Thread-safety: all functions, for all threads.
#pragma once

#include "file_system.h"

namespace gateway_lock {

void RegisterWeakLock(const FileIdentity& identity);
void UnregisterWeakLock(const FileIdentity& identity);
bool HoldsWeakLock(const FileIdentity& identity);

}  // namespace gateway_lock
