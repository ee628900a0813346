// The few POSIX calls that several files share. Included by .cc files only.
#pragma once

#include <sys/stat.h>

#include <cstddef>
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

// The whole file from offset 0, at most `limit` bytes.
Status ReadAt0(const FileHandle& file, std::size_t limit, std::string* out);
// Replaces the content, which was `old_size` bytes: one pwrite at 0, then ftruncate where it was
// longer, so that a reader sees the old text, the new text, or the new text with a tail of the old
// one, and never nothing.
Status ReplaceContent(const FileHandle& file, std::size_t old_size, const std::string& content);

}  // namespace gateway_lock
