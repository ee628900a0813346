// The few POSIX calls that several files share. Included by .cc files only.
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

// open(2) that loops on EINTR. O_NOFOLLOW: a link planted by another user must not choose the file.
// O_NONBLOCK: a FIFO must not hang us before it is refused. O_NOCTTY: a terminal must not become
// ours. Not valid, with errno, on failure.
FileHandle OpenPath(const char* path, int flags, mode_t mode = 0);

// The mode of a lock file that we create, and repair: bits of chmod(2).
mode_t LockFileMode(FileAccess access);

// Gives a file that we have created the mode of its access, whatever the umask is: one that its
// users cannot open again would lock them out for good. The result does not matter: FAT has no
// modes. An empty file of ours is what a start left that was killed before this.
void SetLockFileMode(const FileHandle& file, const LockOptions& options, bool created);

// Gives an empty file of ours the mode that it lacks. A start with an unusual umask, killed between
// open() and fchmod(), leaves one that no start could open. False where there is none.
bool RepairLockFileMode(const std::string& path, const LockOptions& options);

// Whether an open for writing that failed with `code` may succeed for reading.
bool ShouldRetryReadOnly(int code);

// flock(2) that loops on EINTR. kContended where another open file description has the lock;
// kUnsupported where this file system has none.
Status Flock(const FileHandle& file, int operation);

// What the path itself names: a link is not followed.
Status StatPath(const char* path, struct stat* info);
Status StatFile(const FileHandle& file, struct stat* info);

// kReplaced when the path names another file, or none. `now`: what the path names.
Status SameFileAtPath(const std::string& path, const FileIdentity& identity, struct stat* now);

// kReplaced when the path names another file than the open one, or none. By the number that the
// open file has now: on FAT an empty file gets another one with its first byte (msdosfs_vnops.c,
// msdosfs_denode.c).
Status StillAtPath(const FileHandle& file, const std::string& path);

}  // namespace gateway_lock
