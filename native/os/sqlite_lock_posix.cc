#include "sqlite_lock.h"

#include <fcntl.h>

#include <cerrno>

#include "posix_file.h"

namespace gateway_lock {
namespace {

// PENDING_BYTE, RESERVED_BYTE and the 510 shared bytes (sqlite3 src/os.h).
constexpr off_t kFirstByte = 0x40000000;
constexpr off_t kByteCount = 512;

}  // namespace

// A read lock is what an exclusive transaction refuses and a reader does not; F_GETLK takes
// nothing. Closing the descriptor drops this process's own fcntl() locks on that file: it has none,
// because a process that has the database open holds it and does not ask.
bool IsSqliteLocked(const std::string& path) {
  FileHandle file = OpenPath(path.c_str(), O_RDONLY);
  if (!file.valid()) return false;
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kFirstByte;
  lock.l_len = kByteCount;
  return fcntl(Fd(file), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace gateway_lock
