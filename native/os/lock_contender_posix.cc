#include "lock_contender.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "file_content.h"
#include "lock_path_check.h"
#include "posix_file.h"
#include "start_over.h"
#include "weak_lock_registry.h"

namespace gateway_lock {
namespace {

// Explains a failed open. If the file's mode denied access and has been repaired, returns
// kReplaced, so that the caller starts over.
Status CheckOpened(const FileHandle& file, const std::string& path, const LockOptions& options) {
  if (file.valid()) return Status::Ok();
  int code = errno;
  if (code == EACCES && RepairLockFileMode(path, options)) return Status::Replaced();
  return ExplainOpenFailure(path, options.access, code);
}

// Opens the lock file, and creates it if it does not exist. O_EXCL shows whether it existed before.
// An existing file must be opened without O_CREAT, because in a sticky directory the kernel refuses
// O_CREAT on another user's file (fs.protected_regular). Never truncates the file, because only the
// lock's holder may change the content. Tries the open mode that is more likely to succeed first: a
// kept lock file usually exists, any other usually does not.
Status OpenOrCreate(const std::string& path, const LockOptions& options, FileHandle* file,
                    bool* created) {
  if (options.keep_file) {
    *file = OpenPath(path.c_str(), O_RDWR);
    if (file->valid() || errno != ENOENT) return CheckOpened(*file, path, options);
  }
  *file = OpenPath(path.c_str(), O_RDWR | O_CREAT | O_EXCL, LockFileMode(options.access));
  *created = file->valid();
  if (*created || errno != EEXIST) return CheckOpened(*file, path, options);
  *file = OpenPath(path.c_str(), O_RDWR);
  if (!file->valid() && errno == ENOENT) return Status::Replaced();
  return CheckOpened(*file, path, options);
}

Status OpenExisting(const std::string& path, const LockOptions& options, FileHandle* file) {
  *file = OpenPath(path.c_str(), O_RDONLY);
  return CheckOpened(*file, path, options);
}

}  // namespace

Status LockContender::Try(FileSystemCache* file_systems, FileLock* out) {
  struct stat now;
  if (file_.valid() && !SameFileAtPath(path_, identity_, &now).ok()) removed_ = std::move(file_);
  Status status = file_.valid() ? Status::Ok() : CheckParentDirectory(path_);
  if (!status.ok()) return status;
  return StartOverWhileReplaced([&] {
    status = TryOnce(file_systems, out);
    if (status.contended()) {
      // Even if this attempt created the file, another process has locked it since and may leave
      // its record in it. So the file no longer counts as created by this attempt.
      created_ = false;
      file_systems->NoteRefusal(file_, identity_);
    } else {
      file_.Reset();
    }
    return status;
  });
}

Status LockContender::OpenAndLock(FileLock* lock) {
  Status status = file_.valid() ? Status::Ok() : Open();
  if (status.ok()) status = Flock(file_, LockOperation(options_.mode));
  // Compares the file with the path after flock(), because the last holder may have removed the
  // file between open() and flock(), and a lock on a removed file excludes nobody. The open
  // descriptor prevents the reuse of the inode number.
  struct stat now = {};
  if (status.ok()) status = SameFileAtPath(path_, identity_, &now);
  lock->has_other_names_ = now.st_nlink > 1;
  lock->size_ = static_cast<std::size_t>(now.st_size);
  if (status.ok()) lock->owner_pid_ = getpid();
  return status;
}

// Locks the file again, because the file system test may have dropped the lock
// (weak_lock_registry.h).
Status LockContender::KeepWeakLock() {
  Status status = Flock(file_, LockOperation(options_.mode));
  if (status.ok()) RegisterWeakLock(identity_);
  return status;
}

Status LockContender::Open() {
  created_ = false;
  Status status = options_.existing_file ? OpenExisting(path_, options_, &file_)
                                         : OpenOrCreate(path_, options_, &file_, &created_);
  struct stat info;
  if (status.ok()) status = StatFile(file_, &info);
  if (status.ok()) status = CheckLockFile(info, options_, created_);
  if (!status.ok()) return status;
  identity_ = IdentityOf(info);
  SetLockFileMode(file_, info, options_, created_);
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
  // The kernel reports an unlink before it removes the name, and can be interrupted in between. A
  // watch that starts at that moment would wait for an event that has already been reported. In
  // that case the file has no links left (seen in 1 of 4000 hand-overs between 5 processes on 2
  // cores).
  struct stat info;
  status = StatFile(file_, &info);
  return status.ok() && info.st_nlink == 0 ? Status::Replaced() : status;
}

}  // namespace gateway_lock
