#include "sqlite_lock.h"

#include "win32_file.h"

namespace gateway_lock {
namespace {

// The lock bytes of a database: PENDING_BYTE, RESERVED_BYTE and the 510 shared bytes (sqlite3
// src/os.h).
constexpr DWORD kFirstByte = 0x40000000;
constexpr DWORD kByteCount = 512;

}  // namespace

// Attempts a shared lock on the lock bytes. It is refused during an exclusive transaction, but not
// because of a reader.
bool IsSqliteLocked(const std::string& path) {
  FileHandle file = OpenFile(path, {GENERIC_READ});
  if (!file.valid()) return false;
  OVERLAPPED position = {};
  position.Offset = kFirstByte;
  if (!LockFileEx(Raw(file), LOCKFILE_FAIL_IMMEDIATELY, 0, kByteCount, 0, &position)) {
    DWORD code = GetLastError();
    return code == ERROR_LOCK_VIOLATION || code == ERROR_IO_PENDING;
  }
  (void)UnlockFileEx(Raw(file), 0, kByteCount, 0, &position);
  return false;
}

}  // namespace gateway_lock
