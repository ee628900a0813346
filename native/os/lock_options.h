// The options of a lock. Plain data, used by the files that open, check and lock a lock file.
#pragma once

namespace gateway_lock {

enum class LockMode { kExclusive, kShared };

// The users who may open a lock file that we create. On POSIX the file gets mode 0600, 0660 or
// 0666, whatever the umask is. On Windows this option has no effect, because the ACL of the
// directory determines the access.
enum class FileAccess { kOwner, kGroup, kEveryone };

struct LockOptions {
  LockMode mode = LockMode::kExclusive;
  bool allow_weak = false;
  // Makes Release() clear our record and keep the file. Needed if other programs lock the same file
  // with flock() but do not compare the inode afterwards (flock(1), Python, Go, Rust). Such a
  // program could lock a removed file, and that lock would exclude no process.
  bool keep_file = false;
  // Locks an existing file as it is: the file is opened read-only, and never created, written,
  // truncated or removed.
  bool existing_file = false;
  FileAccess access = FileAccess::kOwner;
};

}  // namespace gateway_lock
