#include "lock_contender.h"

#include <utility>

#include "file_content.h"
#include "lock_path_check.h"
#include "start_over.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

// Without FILE_SHARE_DELETE no process can remove or rename the file while we have it open.
constexpr DWORD kAccess = GENERIC_READ | GENERIC_WRITE;
constexpr DWORD kShare = FILE_SHARE_READ | FILE_SHARE_WRITE;

Status OpenExisting(const std::string& path, FileHandle* file) {
  *file = OpenFile(path, {GENERIC_READ});
  return file->valid() ? Status::Ok() : LastOpenError(path);
}

// Opens or creates the file in one call. After a failed open, an SMB client may cache that the name
// does not exist, and then refuse to create the file after another host has created it.
Status OpenOrCreate(const std::string& path, FileHandle* file, bool* created) {
  *file = OpenFile(path, {kAccess, kShare, OPEN_ALWAYS, 0});
  *created = file->valid() && GetLastError() != ERROR_ALREADY_EXISTS;
  return file->valid() ? Status::Ok() : LastOpenError(path);
}

}  // namespace

// Closes the file after each attempt, because the holder cannot remove it while we have it open.
Status LockContender::Try(FileSystemCache* file_systems, FileLock* out) {
  Status status = CheckParentDirectory(path_);
  if (!status.ok()) return status;
  return StartOverWhileReplaced([&] {
    status = TryOnce(file_systems, out);
    file_.Reset();
    return status;
  });
}

Status LockContender::OpenAndLock(FileLock* lock) {
  Status status = Open();
  if (status.ok()) status = LockByte(file_, options_.mode);
  // The open file cannot have been removed, but a junction on its path may have been redirected.
  if (status.ok()) status = SameFileAtPath(path_, identity_);
  FileFacts facts;
  if (status.ok()) status = StatFile(file_, &facts);
  lock->has_other_names_ = facts.links > 1;
  lock->size_ = static_cast<std::size_t>(facts.size);
  return status;
}

Status LockContender::KeepWeakLock() { return Status::Ok(); }

Status LockContender::Open() {
  created_ = false;
  Status status =
      options_.existing_file ? OpenExisting(path_, &file_) : OpenOrCreate(path_, &file_, &created_);
  return status.ok() ? CheckLockFile(file_, options_, created_, &identity_) : status;
}

void LockContender::Close() { file_.Reset(); }

Status LockContender::ReadRecord(std::string* record) const {
  record->clear();
  FileHandle file = OpenFile(path_, {GENERIC_READ});
  return file.valid() ? ReadAt0(file, kRecordLimit, record) : Status::Ok();
}

Status LockContender::Watch(ReleaseWatch* watch, ReleaseWatch::Token token, std::int64_t owner_pid,
                            WatchScope* scope) const {
  FileHandle file = OpenFile(path_, {});
  if (!file.valid() && GetLastError() == ERROR_FILE_NOT_FOUND) return Status::Replaced();
  // While the holder is removing the file, no process can open it. The watch, which covers the
  // directory, reports the end of the removal.
  if (file.valid() && IsRemoteFileSystem(file)) return Status::Unsupported(0, "");
  return watch->Watch(token, path_, owner_pid, scope);
}

}  // namespace gateway_lock
