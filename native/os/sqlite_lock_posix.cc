#include "sqlite_lock.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>

#include "posix_directory.h"
#include "posix_file.h"

namespace gateway_lock {
namespace {

// The lock bytes of a database: PENDING_BYTE, RESERVED_BYTE and the 510 shared bytes (sqlite3
// src/os.h).
constexpr off_t kFirstByte = 0x40000000;
constexpr off_t kByteCount = 512;

// Returns true if a read lock on the lock bytes would be refused. Only an exclusive transaction
// causes this; a reader does not. `command` is F_GETLK or F_OFD_GETLK. Neither locks anything, and
// F_OFD_GETLK also detects this process's own locks.
bool IsLocked(int fd, int command) {
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kFirstByte;
  lock.l_len = kByteCount;
  return fcntl(fd, command, &lock) == 0 && lock.l_type != F_UNLCK;
}

// Returns a descriptor of this process that has the file open, or -1.
int FindOpenDescriptor(const FileIdentity& wanted) {
  DirectoryStream descriptors = OpenDirectory("/dev/fd");
  if (descriptors == nullptr) return -1;
  while (const dirent* entry = readdir(descriptors.get())) {
    int fd = std::atoi(entry->d_name);
    struct stat info;
    if (entry->d_name[0] != '.' && fstat(fd, &info) == 0 && IdentityOf(info) == wanted) return fd;
  }
  return -1;
}

}  // namespace

bool IsSqliteLocked(const std::string& path) {
  struct stat info;
  if (!StatPath(path.c_str(), &info).ok() || !S_ISREG(info.st_mode)) return false;
  // Closing any descriptor of a file drops all of the process's fcntl() locks on it (man 2
  // fcntl_locking). So if this process has the database open, it must not be opened and closed
  // here.
  int own_fd = FindOpenDescriptor(IdentityOf(info));
  if (own_fd >= 0) return IsLocked(own_fd, F_OFD_GETLK);
  FileHandle file = OpenPath(path.c_str(), O_RDONLY);
  return file.valid() && IsLocked(Fd(file), F_GETLK);
}

}  // namespace gateway_lock
