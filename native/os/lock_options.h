// What a caller asks of a lock. Plain data, shared by the files that open, check and hold lock
// files.
#pragma once

namespace gateway_lock {

enum class LockMode { kExclusive, kShared };

// Who may open a lock file that we create: 0600, 0660 or 0666 on POSIX, whatever the umask says. No
// effect on Windows, where the directory's access list decides.
enum class FileAccess { kOwner, kGroup, kEveryone };

struct LockOptions {
  LockMode mode = LockMode::kExclusive;
  bool allow_weak = false;
  // Release() clears our record and leaves the file. Lockers that do not compare the inode after
  // flock() (flock(1), Python, Go, Rust) stay on a removed file and then exclude nobody.
  bool keep_file = false;
  // Lock a file as it is: opened read-only, never created, written, truncated or removed.
  bool existing_file = false;
  FileAccess access = FileAccess::kOwner;
};

}  // namespace gateway_lock
