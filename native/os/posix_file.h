// POSIX file calls that several files share. Included by .cc files only.
#pragma once

#include <sys/stat.h>

#include <string>

#include "file_system.h"
#include "lock_options.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

inline FileIdentity IdentityOf(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino)};
}

inline int Fd(const FileHandle& file) { return static_cast<int>(file.get()); }

// Opens like open(2), and retries on EINTR. Returns an invalid handle and sets errno on failure.
// O_NOFOLLOW: a link planted by another user must not choose the file. O_NONBLOCK: opening a FIFO
// must not block before the FIFO is refused. O_NOCTTY: a terminal must not become the controlling
// one.
FileHandle OpenPath(const char* path, int flags, mode_t mode = 0);

// Returns the mode for a lock file that we create or repair: bits of chmod(2).
mode_t LockFileMode(FileAccess access);

// Sets the mode of a lock file that we have created, whatever the umask is: a file that its users
// cannot open would lock them out forever. Also repairs an empty file of ours, which a start leaves
// that is killed before this call. Ignores failures: FAT has no modes.
void SetLockFileMode(const FileHandle& file, const LockOptions& options, bool created);

// Restores the owner's permissions on an empty file of ours. A start with an unusual umask, killed
// between open() and fchmod(), leaves a file that no start could open. Returns false if the path is
// not such a file.
bool RepairLockFileMode(const std::string& path, const LockOptions& options);

// Returns true if an open for writing that failed with `code` may succeed for reading.
bool ShouldRetryReadOnly(int code);

// Calls flock(2), and retries on EINTR. kContended if another open file description has the lock;
// kUnsupported if the file system has no locks.
Status Flock(const FileHandle& file, int operation);

// Stats the path itself, without following a link.
Status StatPath(const char* path, struct stat* info);
Status StatFile(const FileHandle& file, struct stat* info);

// Returns kReplaced if the path does not name the file `identity`. Sets `now` to the stat of the
// path.
Status SameFileAtPath(const std::string& path, const FileIdentity& identity, struct stat* now);

// Returns kReplaced if the path does not name the open file. Stats the open file again for this: on
// FAT an empty file gets another inode number with its first byte (msdosfs_vnops.c,
// msdosfs_denode.c).
Status StillAtPath(const FileHandle& file, const std::string& path);

}  // namespace gateway_lock
