// Adopts a lock whose descriptor this process has inherited.
#include <fcntl.h>

#include <cerrno>

#include "lock_contender.h"
#include "lock_path_check.h"
#include "posix_file.h"

namespace gateway_lock {
namespace {

// Returns kReplaced for a descriptor that is not open for writing, because the holder has to write
// its record.
Status CheckWritable(const FileHandle& file) {
  int flags = fcntl(Fd(file), F_GETFL);
  if (flags < 0) return Status::SystemError(errno, "fcntl");
  return (flags & O_ACCMODE) == O_RDWR ? Status::Ok() : Status::Replaced();
}

}  // namespace

Status LockContender::Adopt(NativeHandle descriptor, FileSystemCache* file_systems, FileLock* out) {
  file_.Reset(descriptor);
  Status status = AdoptOpenFile(file_systems, out);
  // The descriptor now belongs to `out` or, after a failure, still to the caller.
  (void)file_.Take();
  return status;
}

// Compares the descriptor with the path before locking it, because a lock on any other file must
// not be changed.
Status LockContender::AdoptOpenFile(FileSystemCache* file_systems, FileLock* out) {
  created_ = false;
  Status status = StillAtPath(file_, path_);
  if (status.ok() && !options_.existing_file) status = CheckWritable(file_);
  if (status.ok()) status = CheckParentDirectory(path_);
  if (status.ok()) status = CheckLockFile(file_, options_, created_, &identity_);
  if (status.ok()) status = TryOnce(file_systems, out);
  if (status.ok()) (void)fcntl(static_cast<int>(out->handle()), F_SETFD, FD_CLOEXEC);
  return status;
}

}  // namespace gateway_lock
