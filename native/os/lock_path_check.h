// Checks whether a path is safe for a lock file. An attacker, a mistyped option or a `sudo` run may
// have left something else at the path.
//
// Guaranteed: a check does not follow links, and does not truncate, change or remove any file.
// Status::detail has a different text for each kind of unsafe path.
// NOT promised: protection against processes of the same user or of root.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <string>

#include "file_system.h"
#include "lock_options.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Creates the directory and its missing parents (mode 0700). Then checks that the path is a real
// directory that belongs to this user and that other users cannot write to. With `tighten`, removes
// the group's write permission. Set `tighten` only for a directory that this package has chosen,
// because a user's own directory must not be changed.
Status EnsureLockDirectory(const std::string& path, bool tighten);

// Refuses the lock path if any user could replace the lock file in its directory.
Status CheckParentDirectory(const std::string& lock_path);

// Checks the opened file. Refuses a file that is not regular. Unless `existing_file` is set, also
// refuses another user's file that is writable by more users than `access` allows. `created` means
// that this attempt has just created the file. Sets `identity` to the file's identity.
Status CheckLockFile(const FileHandle& file, const LockOptions& options, bool created,
                     FileIdentity* identity);

// Explains why open() failed, by looking at the file that is at the path. For a transient failure,
// Status::detail names its grace period: "file-lease" or "access-denied"
// (src/lock/grace-period.ts).
Status ExplainOpenFailure(const std::string& path, FileAccess access, int sys_code);

}  // namespace gateway_lock
