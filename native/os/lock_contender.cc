#include "lock_contender.h"

#include <utility>

namespace gateway_lock {

// Steps 1 to 4 of docs/protocol.md: opens and locks the file, compares the locked file with the
// path, and tests the file system. Returns kReplaced if the path has changed in the meantime, so
// that the caller starts over.
Status LockContender::TryOnce(FileSystemCache* file_systems, FileLock* out) {
  FileLock lock;
  Status status = OpenAndLock(&lock);
  if (status.ok()) status = CheckStrength(file_systems, &lock.strength_);
  if (!status.ok()) return status;
  lock.file_ = std::move(file_);
  lock.identity_ = identity_;
  lock.path_ = path_;
  lock.options_ = options_;
  lock.created_ = created_;
  *out = std::move(lock);
  return Status::Ok();
}

Status LockContender::CheckStrength(FileSystemCache* file_systems, Strength* strength) {
  Status status = file_systems->StrengthOf(file_, path_, identity_, strength);
  if (!status.ok() || *strength != Strength::kWeak) return status;
  return options_.allow_weak ? KeepWeakLock() : Status::WeakFileSystem(DescribeWeakness(file_));
}

}  // namespace gateway_lock
