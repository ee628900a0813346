#include "posix_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace gateway_lock {
namespace {

// Returns true if the error of flock() means that the file system has no locks. ENOTSUP and
// EOPNOTSUPP are different numbers on macOS, where SMB volumes return ENOTSUP.
// EBADF: NFS and SMB grant an exclusive lock only on a writable descriptor (man 2 flock).
bool IsFlockUnsupported(int code) {
  for (int meaning : {ENOSYS, ENOTSUP, EOPNOTSUPP, ENOLCK, EBADF}) {
    if (code == meaning) return true;
  }
  return false;
}

}  // namespace

FileHandle OpenPath(const char* path, int flags, mode_t mode) {
  int fd = -1;
  do {
    fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode);
  } while (fd < 0 && errno == EINTR);
  return FileHandle(fd);
}

bool ShouldRetryReadOnly(int code) {
  return code == EACCES || code == EPERM || code == EROFS || code == ETXTBSY;
}

int LockOperation(LockMode mode) {
  return (mode == LockMode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
}

Status Flock(const FileHandle& file, int operation) {
  int result = 0;
  do {
    result = flock(Fd(file), operation);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return Status::Ok();
  if (errno == EWOULDBLOCK) return Status::Contended();
  return IsFlockUnsupported(errno) ? Status::Unsupported(errno, "flock")
                                   : Status::SystemError(errno, "flock");
}

Status StatPath(const char* path, struct stat* info) {
  return lstat(path, info) == 0 ? Status::Ok() : Status::SystemError(errno, "lstat");
}

Status StatFile(const FileHandle& file, struct stat* info) {
  return fstat(Fd(file), info) == 0 ? Status::Ok() : Status::SystemError(errno, "fstat");
}

Status SameFileAtPath(const std::string& path, const FileIdentity& identity, struct stat* now) {
  Status found = StatPath(path.c_str(), now);
  if (found.sys_code == ENOENT || found.sys_code == ENOTDIR) return Status::Replaced();
  if (!found.ok()) return found;
  return IdentityOf(*now) == identity ? Status::Ok() : Status::Replaced();
}

Status StillAtPath(const FileHandle& file, const std::string& path) {
  struct stat opened;
  struct stat now;
  Status status = StatFile(file, &opened);
  return status.ok() ? SameFileAtPath(path, IdentityOf(opened), &now) : status;
}

}  // namespace gateway_lock
