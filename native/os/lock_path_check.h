// Checks whether a path is safe for a lock file: an attacker, a mistaken option or a `sudo` run may
// have left something else there.
//
// Guaranteed: a check follows, truncates, changes and removes nothing. Each kind of unsafe path has
// a text of its own in Status::detail.
// NOT promised: safety from the same user or from root.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <string>

#include "file_system.h"
#include "lock_options.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Creates the directory and its missing parents (0700), then checks that it is a real directory,
// ours, and not writable by another user. With `tighten`, removes the write permission of the
// group: for a directory that this package has named itself. A directory that the user chose is
// never changed.
Status EnsureLockDirectory(const std::string& path, bool tighten);

// Refuses a directory in which any user could replace the lock file.
Status CheckParentDirectory(const std::string& lock_path);

// Checks the opened file: it must be regular, and unless `existing_file` is set, must not be
// another user's file that more users may write than `access` allows. `created`: this attempt has
// just created the file. Sets `identity`, which the check reads anyway.
Status CheckLockFile(const FileHandle& file, const LockOptions& options, bool created,
                     FileIdentity* identity);

// Explains why open() failed, by what is at the path. A transient failure names its grace period in
// Status::detail: "file-lease", "access-denied" (src/lock/grace-period.ts).
Status ExplainOpenFailure(const std::string& path, FileAccess access, int sys_code);

}  // namespace gateway_lock
