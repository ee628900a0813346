#include "file_lock.h"

#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "posix_file.h"
#include "weak_lock_registry.h"

namespace gateway_lock {

// After any error other than kReplaced, assumes that the file is in place: EACCES or EIO does not
// prove that it was removed.
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

// Step 7 of docs/protocol.md. Releases the lock.
Status FileLock::Release() {
  if (!held()) return Status::Ok();
  if (getpid() != owner_pid_) {
    // A forked copy of the holder shares the open file description, so LOCK_UN here would drop the
    // parent's lock.
    file_.Reset();
    return Status::Ok();
  }
  Status status = RemoveOrClear();
  DropLock();
  return status;
}

Status FileLock::RemoveOrClear() {
  if (options_.existing_file) return Status::Ok();
  if (options_.mode == LockMode::kShared) {
    // Only the last shared holder may remove the file. A successful upgrade to an exclusive lock
    // proves that there is no other holder. A refused upgrade may drop the shared lock (man 2
    // flock: a conversion is not atomic; XNU keeps the lock), which is harmless here, because
    // Unlock() follows.
    bool last = !options_.keep_file && Flock(file_, LOCK_EX | LOCK_NB).ok();
    return last ? RemoveFile() : Status::Ok();
  }
  if (options_.keep_file) return ClearRecord();
  Status removed = RemoveFile();
  // If the file could not be removed, it must not keep naming this process as the holder.
  if (!removed.ok()) (void)ClearRecord();
  return removed;
}

void FileLock::Unlock() {
  if (held() && getpid() == owner_pid_) {
    DropLock();
  } else {
    Leave();
  }
}

void FileLock::DropLock() {
  // Calls LOCK_UN before close(), because a copy of the descriptor in a forked child would
  // otherwise keep the lock.
  (void)Flock(file_, LOCK_UN);
  Leave();
}

void FileLock::Leave() {
  if (held() && strength_ == Strength::kWeak) UnregisterWeakLock(identity_);
  file_.Reset();
}

Status FileLock::Relock() {
  Status status = Flock(file_, LockOperation(options_.mode));
  struct stat opened = {};
  struct stat now = {};
  if (status.ok()) status = StatFile(file_, &opened);
  if (status.ok()) status = SameFileAtPath(path_, IdentityOf(opened), &now);
  // Another holder of the descriptor may have written a longer record since the lock was adopted.
  if (status.ok()) size_ = static_cast<std::size_t>(now.st_size);
  return status;
}

}  // namespace gateway_lock
