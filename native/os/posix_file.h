// The few POSIX calls that several files share. Included by .cc files only.
#pragma once

#include <sys/stat.h>

#include <string>

#include "file_system.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

inline FileIdentity IdentityOf(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino)};
}

inline int Fd(const FileHandle& file) { return static_cast<int>(file.get()); }

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
