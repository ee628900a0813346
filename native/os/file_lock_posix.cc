#include "file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "lock_place.h"
#include "posix_file.h"

namespace gateway_lock {
namespace {

// Each start-over needs somebody else to have finished a whole acquire or release in between.
constexpr int kMaxStartOvers = 100;

// O_NOFOLLOW: a link planted by somebody else must not choose the file. O_NONBLOCK: a FIFO must not
// hang us before it is refused. O_NOCTTY: nor may a terminal become ours. Never O_TRUNC: the file
// may be somebody's until the lock is ours.
constexpr int kOpenFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

int Open(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = open(path.c_str(), flags, 0600);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// An existing file is opened without O_CREAT, so that "was there before" is known, and because
// fs.protected_regular refuses O_CREAT on another user's file in a sticky directory.
Status OpenOrCreate(const std::string& path, FileHandle* file, bool* created) {
  int fd = Open(path, kOpenFlags);
  *created = false;
  if (fd < 0 && errno == ENOENT) {
    fd = Open(path, kOpenFlags | O_CREAT | O_EXCL);
    if (fd < 0 && errno == EEXIST) return Status::Replaced();
    *created = fd >= 0;
  }
  if (fd < 0) return ExplainOpenFailure(path, errno);
  *file = FileHandle(fd);
  return Status::Ok();
}

}  // namespace

// Opens, checks and locks once. kReplaced: the path changed under us, start over.
Status FileLock::LockOnce(const std::string& path, std::string* holder_record) {
  Status status = OpenOrCreate(path, &file_, &created_);
  if (status.ok()) status = CheckLockFile(file_, created_, &identity_);
  if (!status.ok()) return status;
  status = Flock(file_, (mode_ == LockMode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB);
  // Read by the same descriptor: this is the holder's file, whatever the path names by now.
  if (status.contended() && holder_record != nullptr) {
    (void)ReadAt0(file_, kRecordLimit, holder_record);
  }
  if (!status.ok()) return status;
  // Between open and flock the last holder may have removed the file: then this is a lock on a file
  // that nobody will ever find again. Our descriptor keeps the inode number from being reused.
  struct stat now;
  status = SameFileAtPath(path, identity_, &now);
  if (status.ok()) size_ = static_cast<std::size_t>(now.st_size);
  return status;
}

Status FileLock::TryAcquire(const std::string& path, LockMode mode, bool allow_weak,
                            KnownFileSystems* file_systems, FileLock* out,
                            std::string* holder_record) {
  Status status = CheckParentDirectory(path);
  if (!status.ok()) return status;
  for (int attempt = 0; attempt < kMaxStartOvers; ++attempt) {
    FileLock lock;
    lock.mode_ = mode;
    status = lock.LockOnce(path, holder_record);
    if (status.ok()) {
      status = file_systems->Judge(lock.file_, path, lock.identity_, &lock.strength_);
    }
    if (status.kind == StatusKind::kReplaced) continue;
    if (!status.ok()) return status;
    if (lock.strength_ == Strength::kWeak && !allow_weak) {
      return Status::WeakFileSystem("grants the lock to two at once");
    }
    lock.path_ = path;
    lock.owner_pid_ = getpid();
    *out = std::move(lock);
    return Status::Ok();
  }
  // Not contention: each time the lock was granted, and each time the path named another file.
  return Status::WeakFileSystem("shows another file at the path each time it is asked");
}

Status FileLock::ReadRecord(std::string* record) const {
  return ReadAt0(file_, kRecordLimit, record);
}

Status FileLock::WriteRecord(const std::string& record) {
  Status status = ReplaceContent(file_, size_, record);
  // After a failure it may be as long as either.
  size_ = status.ok() ? record.size() : std::max(size_, record.size());
  return status;
}

// A path that cannot be asked (EACCES, EIO) proves nothing, so it does not count as lost.
bool FileLock::NamesThisFile() const {
  struct stat now;
  return held() && SameFileAtPath(path_, identity_, &now).kind != StatusKind::kReplaced;
}

Status FileLock::RemoveFile() const {
  struct stat now;
  Status same = SameFileAtPath(path_, identity_, &now);
  if (same.kind == StatusKind::kReplaced) return Status::Ok();
  if (!same.ok()) return same;
  if (unlink(path_.c_str()) == 0 || errno == ENOENT) return Status::Ok();
  return Status::SystemError(errno, "unlink");
}

Status FileLock::Release() {
  if (!held()) return Status::Ok();
  if (getpid() != owner_pid_) {
    // A forked copy shares the open file description: LOCK_UN here would free the parent's lock.
    file_.Reset();
    return Status::Ok();
  }
  if (mode_ == LockMode::kShared) {
    // The file may go only with its last holder. Asking drops the shared lock when it is refused
    // (man 2 flock: a conversion is not atomic), which is what a release does anyway.
    if (Flock(file_, LOCK_EX | LOCK_NB).ok()) (void)RemoveFile();
  } else {
    Status removed = RemoveFile();
    if (!removed.ok()) return removed;
  }
  Abandon();
  return Status::Ok();
}

void FileLock::Abandon() {
  // Explicitly, because a copy of the descriptor in a forked child would keep the lock after close.
  if (held() && getpid() == owner_pid_) (void)Flock(file_, LOCK_UN);
  file_.Reset();
}

}  // namespace gateway_lock
