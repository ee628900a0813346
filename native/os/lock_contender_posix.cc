#include "lock_contender.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "file_content.h"
#include "lock_path_check.h"
#include "own_weak_locks.h"
#include "posix_file.h"

namespace gateway_lock {
namespace {

// Each start-over needs somebody else to have finished a whole acquire or release in between.
constexpr int kMaxStartOvers = 100;

// Two opens: O_EXCL tells whether the file was there before, and an existing file must be opened
// without O_CREAT, which fs.protected_regular refuses on another user's file in a sticky directory.
// Never O_TRUNC: the content is not ours before the lock is. A kept file is usually there, another
// one usually is not: the likely open comes first.
// kReplaced: a mode that locked us out is mended, try again.
Status Opened(const FileHandle& file, const std::string& path, const LockOptions& options) {
  if (file.valid()) return Status::Ok();
  int code = errno;
  if (code == EACCES && MendMode(path, options)) return Status::Replaced();
  return ExplainOpenFailure(path, options.access, code);
}

// Two opens: O_EXCL tells whether the file was there before, and an existing file must be opened
// without O_CREAT, which fs.protected_regular refuses on another user's file in a sticky directory.
// Never O_TRUNC: the content is not ours before the lock is. A kept file is usually there, another
// one usually is not: the likely open comes first.
Status OpenOrCreate(const std::string& path, const LockOptions& options, FileHandle* file,
                    bool* created) {
  if (options.keep_file) {
    *file = OpenPath(path.c_str(), O_RDWR);
    if (file->valid() || errno != ENOENT) return Opened(*file, path, options);
  }
  *file = OpenPath(path.c_str(), O_RDWR | O_CREAT | O_EXCL, LockFileMode(options.access));
  *created = file->valid();
  if (*created || errno != EEXIST) return Opened(*file, path, options);
  *file = OpenPath(path.c_str(), O_RDWR);
  if (!file->valid() && errno == ENOENT) return Status::Replaced();
  return Opened(*file, path, options);
}

Status OpenExisting(const std::string& path, const LockOptions& options, FileHandle* file) {
  *file = OpenPath(path.c_str(), O_RDONLY);
  return Opened(*file, path, options);
}

}  // namespace

Status LockContender::Try(FileSystemCache* file_systems, FileLock* out) {
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

// Steps 1 to 4 of docs/protocol.md: opens, locks, compares, tests the file system. kReplaced: the
// path changed under us, start over.
Status LockContender::TryOnce(FileSystemCache* file_systems, FileLock* out) {
  const int operation = (options_.mode == LockMode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  Status status = file_.valid() ? Status::Ok() : Open();
  if (status.ok()) status = Flock(file_, operation);
  // Between open and flock the last holder may have removed the file: then this is a lock on a file
  // that nobody will ever find again. Our descriptor keeps the inode number from being reused.
  struct stat now = {};
  if (status.ok()) status = SameFileAtPath(path_, identity_, &now);
  Strength strength = Strength::kLocal;
  if (status.ok()) status = file_systems->StrengthOf(file_, path_, identity_, &strength);
  if (!status.ok()) return status;
  if (strength == Strength::kWeak && !options_.allow_weak) {
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
  out->options_ = options_;
  out->strength_ = strength;
  out->created_ = created_;
  out->has_other_names_ = now.st_nlink > 1;
  out->size_ = static_cast<std::size_t>(now.st_size);
  out->owner_pid_ = getpid();
  return Status::Ok();
}

Status LockContender::Open() {
  created_ = false;
  Status status = options_.existing_file ? OpenExisting(path_, options_, &file_)
                                         : OpenOrCreate(path_, options_, &file_, &created_);
  if (status.ok()) status = CheckLockFile(file_, options_, created_, &identity_);
  if (status.ok() && (created_ || options_.access != FileAccess::kOwner)) {
    GiveMode(file_, options_, created_);
  }
  return status;
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
                            WatchScope* scope) const {
  if (!file_.valid() || IsRemoteFileSystem(file_)) return Status::Unsupported(0, "");
  Status status = watch->Watch(token, path_, owner_pid, scope);
  if (!status.ok()) return status;
  // An unlink reports the file's end before its name is gone, and may be interrupted there: then
  // the name led us to a file whose end has been reported already, and never will be again. It has
  // no link left (seen: 1 in 4000 hand-overs between 5 processes on 2 cores).
  struct stat info;
  status = StatFile(file_, &info);
  return status.ok() && info.st_nlink == 0 ? Status::Replaced() : status;
}

}  // namespace gateway_lock
