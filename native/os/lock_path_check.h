// Checks whether a path is safe for a lock file. An attacker, a mistyped option or a `sudo` run may
// have left another kind of file at the path.
//
// Guaranteed: a check follows no link, and does not truncate, change or remove any file.
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
// directory, belongs to this user, and is not writable by other users. With `tighten`, removes the
// group's write permission from the directory. `tighten` may be set only for a directory whose path
// this package has chosen, because a directory that the user has chosen must not be changed.
Status EnsureLockDirectory(const std::string& path, bool tighten);

// Refuses the lock path if its directory allows every user to replace the lock file.
Status CheckParentDirectory(const std::string& lock_path);

// Checks the opened file. Refuses a file that is not regular. Unless `existing_file` is set, also
// refuses another user's file that is writable by more users than `access` allows. `created` means
// that this attempt has just created the file. Sets `identity` to the identity of the file.
Status CheckLockFile(const FileHandle& file, const LockOptions& options, bool created,
                     FileIdentity* identity);

// Explains why open() failed, based on the file that is at the path. For a transient failure,
// Status::detail is the name of its grace period: "file-lease" or "access-denied"
// (src/lock/grace-period.ts).
Status ExplainOpenFailure(const std::string& path, FileAccess access, int sys_code);

}  // namespace gateway_lock
