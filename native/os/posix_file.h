// POSIX file calls used by several files. Included by .cc files only.
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

// Opens a file like open(2), and retries on EINTR. On failure returns an invalid handle and sets
// errno. Sets O_NOFOLLOW, so that another user's link cannot redirect the open; O_NONBLOCK, so that
// opening a FIFO does not block before the FIFO is refused; and O_NOCTTY, so that a terminal does
// not become the controlling terminal.
FileHandle OpenPath(const char* path, int flags, mode_t mode = 0);

// Returns the mode bits (chmod(2)) of a lock file that we create or repair.
mode_t LockFileMode(FileAccess access);

// Sets the mode of a lock file that we have created, regardless of the umask. If the intended users
// could not open the file, they could never acquire the lock. Also repairs the mode of our own
// empty file, which a start that was killed before this call leaves behind. Ignores failures,
// because FAT has no modes. `info` is the result of fstat(2) for the file.
void SetLockFileMode(const FileHandle& file, const struct stat& info, const LockOptions& options,
                     bool created);

// Like CheckLockFile() of lock_path_check.h, for a file whose fstat(2) is known.
Status CheckLockFile(const struct stat& info, const LockOptions& options, bool created);

// Restores the owner's permissions on our own empty file. A start with an unusual umask that is
// killed between open() and fchmod() leaves an empty file that no later start can open. Returns
// true only if the path names such a file and the repair succeeds.
bool RepairLockFileMode(const std::string& path, const LockOptions& options);

// Returns true if opening for reading may succeed after opening for writing failed with `code`.
bool ShouldRetryReadOnly(int code);

// Returns the operation for Flock() that attempts a lock without waiting.
int LockOperation(LockMode mode);

// Calls flock(2), and retries on EINTR. Returns kContended if another open file description has the
// lock, and kUnsupported if the file system has no locks.
Status Flock(const FileHandle& file, int operation);

// Calls lstat(2), so a link at the path is not followed.
Status StatPath(const char* path, struct stat* info);
Status StatFile(const FileHandle& file, struct stat* info);

// Returns kReplaced if the path does not name the file `identity`. Sets `now` to the result of
// lstat(2) for the path.
Status SameFileAtPath(const std::string& path, const FileIdentity& identity, struct stat* now);

// Returns kReplaced if the path does not name the open file. Calls fstat(2) for the current inode
// number, because on FAT an empty file gets another one when its first byte is written
// (msdosfs_vnops.c, msdosfs_denode.c).
Status StillAtPath(const FileHandle& file, const std::string& path);

}  // namespace gateway_lock
