#include "file_lock.h"

#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "posix_file.h"
#include "weak_lock_registry.h"

namespace gateway_lock {

// A path that cannot be asked (EACCES, EIO) proves nothing, so it does not count as lost.
bool FileLock::IsFileInPlace() const {
  return held() && StillAtPath(file_, path_).kind != StatusKind::kReplaced;
}

Status FileLock::RemoveFile() const {
  Status same = StillAtPath(file_, path_);
  if (same.kind == StatusKind::kReplaced) return Status::Ok();
  if (!same.ok()) return same;
  if (unlink(path_.c_str()) == 0 || errno == ENOENT) return Status::Ok();
  return Status::SystemError(errno, "unlink");
}

// Step 7 of docs/protocol.md.
Status FileLock::Release() {
  if (!held()) return Status::Ok();
  if (getpid() != owner_pid_) {
    // A forked copy shares the open file description: LOCK_UN here would free the parent's lock.
    file_.Reset();
    return Status::Ok();
  }
  Status status = RemoveOrClear();
  Unlock();
  return status;
}

Status FileLock::RemoveOrClear() {
  if (options_.existing_file) return Status::Ok();
  if (options_.mode == LockMode::kShared) {
    // The file may go only with its last holder. Asking drops the shared lock when it is refused
    // (man 2 flock: a conversion is not atomic; XNU keeps it), and
    // Unlock() drops it anyway.
    bool last = !options_.keep_file && Flock(file_, LOCK_EX | LOCK_NB).ok();
    return last ? RemoveFile() : Status::Ok();
  }
  if (options_.keep_file) return ClearRecord();
  Status removed = RemoveFile();
  // What stays must not name us as the holder.
  if (!removed.ok()) (void)ClearRecord();
  return removed;
}

void FileLock::Unlock() {
  if (held() && strength_ == Strength::kWeak) UnregisterWeakLock(identity_);
  // Explicitly, because a copy of the descriptor in a forked child would keep the lock after close.
  if (held() && getpid() == owner_pid_) (void)Flock(file_, LOCK_UN);
  file_.Reset();
}

}  // namespace gateway_lock
