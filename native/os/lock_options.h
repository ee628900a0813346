// The options of a lock: plain data, shared by the files that open, check and hold lock files.
#pragma once

namespace gateway_lock {

enum class LockMode { kExclusive, kShared };

// The users who may open a lock file that we create: mode 0600, 0660 or 0666 on POSIX, whatever the
// umask is. No effect on Windows, where the ACL of the directory decides.
enum class FileAccess { kOwner, kGroup, kEveryone };

struct LockOptions {
  LockMode mode = LockMode::kExclusive;
  bool allow_weak = false;
  // Release() clears our record and keeps the file. Needed beside lockers that do not compare the
  // inode after flock() (flock(1), Python, Go, Rust): they would lock the removed file and exclude
  // no process.
  bool keep_file = false;
  // Lock a file as it is: open it read-only; never create, write, truncate or remove it.
  bool existing_file = false;
  FileAccess access = FileAccess::kOwner;
};

}  // namespace gateway_lock
