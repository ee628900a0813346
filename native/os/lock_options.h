// The options of a lock, for the files that open, check and lock a lock file.
#pragma once

namespace gateway_lock {

enum class LockMode { kExclusive, kShared };

// The users who may open a lock file that we create. On POSIX the file gets mode 0600, 0660 or 0666
// regardless of the umask. Has no effect on Windows, where the directory's ACL determines access.
enum class FileAccess { kOwner, kGroup, kEveryone };

struct LockOptions {
  LockMode mode = LockMode::kExclusive;
  bool allow_weak = false;
  // Makes Release() clear our record and keep the file. Needed if other programs lock the same file
  // with flock() but do not compare the inode afterwards (flock(1), Python, Go, Rust). Such a
  // program could lock a removed file, and that lock would exclude nobody.
  bool keep_file = false;
  // Locks an existing file as it is: the file is opened read-only, and never created, written,
  // truncated or removed.
  bool existing_file = false;
  FileAccess access = FileAccess::kOwner;
};

}  // namespace gateway_lock
