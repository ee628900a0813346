// Whether a path is a safe place for a lock: what an attacker, a mistaken option or a `sudo` run
// may have left there. Nothing is followed, truncated, changed or removed by a check.
//
// Guaranteed: each kind of wrong thing gets a text of its own in Status::detail.
// NOT promised: safety from the same user or from root.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <string>

#include "file_system.h"
#include "lock_options.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Makes the directory and its missing parents (0700), then checks that it is a real directory,
// ours, and not writable by another user. `tighten`: the directory is this package's own by its
// name, so its group loses the write permission; a directory that the user chose is never changed.
Status EnsureLockDirectory(const std::string& path, bool tighten);

// Refuses a directory in which any user could replace the lock file.
Status CheckParentDirectory(const std::string& lock_path);

// The opened file: regular, and unless it is locked as it is (`existing_file`), not another user's
// that more users may write than `access` says. Tells which file it is, since it has to look
// anyway. `created`: we have just made it.
Status CheckLockFile(const FileHandle& file, const LockOptions& options, bool created,
                     FileIdentity* identity);

// Why open() failed, in terms of what lies at the path. A transient failure names its grace period
// in Status::detail: "file-lease", "access-denied" (src/lock/grace-period.ts).
Status ExplainOpenFailure(const std::string& path, FileAccess access, int sys_code);

}  // namespace gateway_lock
