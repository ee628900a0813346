// Whether a path is a safe place for a lock: what an attacker, a mistaken option or a `sudo` run
// may have left there. Nothing is followed, truncated, changed or removed by a check.
//
// Guaranteed: each kind of wrong thing gets a text of its own in Status::detail.
// NOT promised: safety from the same user or from root.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <string>

#include "file_system.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Makes the directory and its missing parents (0700), then checks that it is a real directory,
// ours, and not writable by anybody else. `tighten`: the directory is this package's own by its
// name, so an old 0755 one is made 0700; a directory that the user chose is never changed.
Status EnsureLockDirectory(const std::string& path, bool tighten);

// Refuses a directory in which any user could replace the lock file.
Status CheckParentDirectory(const std::string& lock_path);

// The opened file: regular, with one name, and not another user's that others may write. Tells
// which file it is, since it has to look anyway. `created`: we have just made it; then its mode is
// mended where the umask has taken its owner's rights away.
Status CheckLockFile(const FileHandle& file, bool created, FileIdentity* identity);

// Why open() failed, in terms of what lies at the path.
Status ExplainOpenFailure(const std::string& path, int sys_code);

}  // namespace gateway_lock
