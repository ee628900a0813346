#include "posix_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "file_content.h"

namespace gateway_lock {
namespace {

// ENOTSUP and EOPNOTSUPP are two numbers on macOS, where SMB volumes say the first.
// EBADF: NFS and SMB grant an exclusive lock on a writable descriptor only (man 2 flock).
bool MeansNoFlock(int code) {
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

bool MayReadOnly(int code) {
  return code == EACCES || code == EPERM || code == EROFS || code == ETXTBSY;
}

Status Flock(const FileHandle& file, int operation) {
  int result = 0;
  do {
    result = flock(Fd(file), operation);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return Status::Ok();
  if (errno == EWOULDBLOCK) return Status::Contended();
  return MeansNoFlock(errno) ? Status::Unsupported(errno, "flock")
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

Status ReadAt0(const FileHandle& file, std::size_t limit, std::string* out) {
  // Not into the string itself, which would be allocated and cleared for the longest record.
  char piece[4096];
  out->clear();
  while (out->size() < limit) {
    std::size_t wanted = std::min(sizeof piece, limit - out->size());
    ssize_t count = pread(Fd(file), piece, wanted, static_cast<off_t>(out->size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Status::SystemError(errno, "read");
    out->append(piece, static_cast<std::size_t>(count));
    // A regular file is read in full or to its end.
    if (static_cast<std::size_t>(count) < wanted) break;
  }
  return Status::Ok();
}

Status ReplaceContent(const FileHandle& file, std::size_t old_size, const std::string& content) {
  std::size_t done = 0;
  while (done < content.size()) {
    ssize_t count =
        pwrite(Fd(file), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Status::SystemError(errno, "write");
    // POSIX allows it, and some FUSE servers do it where no space is left: trying again would loop.
    if (count == 0) return Status::SystemError(ENOSPC, "write");
    done += static_cast<std::size_t>(count);
  }
  // A journaled change of the inode, which costs a third of a whole write: only where there is a
  // tail.
  if (old_size <= content.size()) return Status::Ok();
  int result = 0;
  do {
    result = ftruncate(Fd(file), static_cast<off_t>(content.size()));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status::Ok() : Status::SystemError(errno, "ftruncate");
}

}  // namespace gateway_lock
