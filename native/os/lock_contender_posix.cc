#include "lock_contender.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "file_content.h"
#include "lock_place.h"
#include "own_weak_locks.h"
#include "posix_file.h"

namespace gateway_lock {
namespace {

// Each start-over needs somebody else to have finished a whole acquire or release in between.
constexpr int kMaxStartOvers = 100;

// O_NOFOLLOW: a link planted by somebody else must not choose the file. O_NONBLOCK: a FIFO must not
// hang us before it is refused. O_NOCTTY: nor may a terminal become ours. Never O_TRUNC: the file
// may be somebody's until the lock is ours.
constexpr int kOpenFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

int OpenFile(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = open(path.c_str(), flags, 0600);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// O_EXCL tells "was not there before". An existing file is opened without O_CREAT, because
// fs.protected_regular refuses that on another user's file in a sticky directory. Made first: a
// holder mostly finds no file, since the one before has removed it.
Status OpenOrCreate(const std::string& path, FileHandle* file, bool* created) {
  int fd = OpenFile(path, kOpenFlags | O_CREAT | O_EXCL);
  *created = fd >= 0;
  if (fd < 0 && errno == EEXIST) {
    fd = OpenFile(path, kOpenFlags);
    if (fd < 0 && errno == ENOENT) return Status::Replaced();
  }
  if (fd < 0) return ExplainOpenFailure(path, errno);
  *file = FileHandle(fd);
  return Status::Ok();
}

}  // namespace

Status LockContender::Try(KnownFileSystems* file_systems, FileLock* out) {
  struct stat now;
  if (file_.valid() && !SameFileAtPath(path_, identity_, &now).ok()) removed_ = std::move(file_);
  Status status = file_.valid() ? Status::Ok() : CheckParentDirectory(path_);
  if (!status.ok()) return status;
  for (int attempt = 0; attempt < kMaxStartOvers; ++attempt) {
    status = TryOnce(file_systems, out);
    if (status.contended()) {
      // Whoever refused us may leave a record in the file that we made.
      created_ = false;
      return status;
    }
    file_.Reset();
    if (status.kind != StatusKind::kReplaced) return status;
  }
  // Not contention: each time the lock was granted, and each time the path named another file.
  return Status::WeakFileSystem("shows another file at the path each time it is asked");
}

// Opens, checks and locks once. kReplaced: the path changed under us, start over.
Status LockContender::TryOnce(KnownFileSystems* file_systems, FileLock* out) {
  const int operation = (mode_ == LockMode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  Status status = file_.valid() ? Status::Ok() : Open();
  if (status.ok()) status = Flock(file_, operation);
  // Between open and flock the last holder may have removed the file: then this is a lock on a file
  // that nobody will ever find again. Our descriptor keeps the inode number from being reused.
  struct stat now = {};
  if (status.ok()) status = SameFileAtPath(path_, identity_, &now);
  Strength strength = Strength::kKernel;
  if (status.ok()) status = file_systems->Judge(file_, path_, identity_, &strength);
  if (!status.ok()) return status;
  if (strength == Strength::kWeak && !allow_weak_) {
    return Status::WeakFileSystem(WeaknessOf(file_));
  }
  if (strength == Strength::kWeak) {
    // The test may have dropped it: see own_weak_locks.h.
    status = Flock(file_, operation);
    if (!status.ok()) return status;
    AddOwnWeakLock(identity_);
  }
  out->file_ = std::move(file_);
  out->identity_ = identity_;
  out->path_ = path_;
  out->mode_ = mode_;
  out->strength_ = strength;
  out->created_ = created_;
  out->size_ = static_cast<std::size_t>(now.st_size);
  out->owner_pid_ = getpid();
  return Status::Ok();
}

Status LockContender::Open() {
  Status status = OpenOrCreate(path_, &file_, &created_);
  return status.ok() ? CheckLockFile(file_, created_, &identity_) : status;
}

void LockContender::Close() {
  file_.Reset();
  removed_.Reset();
}

Status LockContender::ReadRecord(std::string* record) const {
  record->clear();
  return file_.valid() ? ReadAt0(file_, kRecordLimit, record) : Status::Ok();
}

Status LockContender::Watch(ReleaseWatch* watch, ReleaseWatch::Token token, std::int64_t owner_pid,
                            Sight* sight) const {
  if (!file_.valid() || IsRemoteFileSystem(file_)) return Status::Unsupported(0, "");
  Status status = watch->Watch(token, path_, owner_pid, sight);
  if (!status.ok()) return status;
  // An unlink reports the file's end before its name is gone, and may be interrupted there: then
  // the name led us to a file whose end has been reported already, and never will be again. It has
  // no link left (seen: 1 in 4000 hand-overs between 5 processes on 2 cores).
  struct stat info;
  status = StatFile(file_, &info);
  return status.ok() && info.st_nlink == 0 ? Status::Replaced() : status;
}

}  // namespace gateway_lock
