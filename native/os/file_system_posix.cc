#include "file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "posix_file.h"

namespace gateway_lock {
namespace {

Status OpenAgain(const std::string& path, const FileIdentity& identity, FileHandle* out) {
  FileHandle second = OpenPath(path.c_str(), O_RDWR);
  if (!second.valid() && ShouldRetryReadOnly(errno)) second = OpenPath(path.c_str(), O_RDONLY);
  if (!second.valid()) {
    return errno == ENOENT ? Status::Replaced() : Status::SystemError(errno, "open");
  }
  struct stat info;
  Status status = StatFile(second, &info);
  if (!status.ok()) return status;
  if (!(IdentityOf(info) == identity)) return Status::Replaced();
  *out = std::move(second);
  return Status::Ok();
}

}  // namespace

std::uint64_t FileSystemKey(const FileHandle& /*file*/, const FileIdentity& identity) {
  return identity.device;
}

// A lock on a second descriptor must be refused. If flock() succeeds without any effect, both
// descriptors get the lock (VirtioFS bind mounts of Docker Desktop, docker/for-mac#7004; the
// default of virtiofsd).
Status TestExclusion(const std::string& path, const FileIdentity& identity, bool* excludes) {
  FileHandle second;
  Status opened = OpenAgain(path, identity, &second);
  if (!opened.ok()) return opened;
  Status locked = Flock(second, LOCK_EX | LOCK_NB);
  if (!locked.ok() && !locked.contended()) return locked;
  *excludes = locked.contended();
  return Status::Ok();
}

}  // namespace gateway_lock
