#include "file_lock.h"

#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "posix_file.h"
#include "weak_lock_registry.h"

namespace gateway_lock {

// An error other than kReplaced (EACCES, EIO) proves nothing, so the file counts as in place.
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
    // Only the last shared holder may remove the file, and an upgrade to exclusive proves that
    // there is no other. A refused upgrade may drop the shared lock (man 2 flock: a conversion is
    // not atomic; XNU keeps the lock), which is harmless: Unlock() follows.
    bool last = !options_.keep_file && Flock(file_, LOCK_EX | LOCK_NB).ok();
    return last ? RemoveFile() : Status::Ok();
  }
  if (options_.keep_file) return ClearRecord();
  Status removed = RemoveFile();
  // A file that could not be removed must not name us as the holder.
  if (!removed.ok()) (void)ClearRecord();
  return removed;
}

void FileLock::Unlock() {
  if (held() && strength_ == Strength::kWeak) UnregisterWeakLock(identity_);
  // LOCK_UN before close(): a forked child may have a copy of the descriptor, which would keep the
  // lock.
  if (held() && getpid() == owner_pid_) (void)Flock(file_, LOCK_UN);
  file_.Reset();
}

}  // namespace gateway_lock
