// Tests how other programs on Windows see a lock: as an open handle, one locked byte, and a sharing
// mode.
#include <windows.h>

#include <string>

#include "acquiring.h"
#include "directory.h"
#include "file_lock.h"
#include "test.h"
#include "win32_file.h"

namespace gateway_lock::test {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

// Locks one byte of the file, as a program in another language would to exclude this package.
// Returns the error code of LockFileEx().
DWORD LockAt(const std::string& path, DWORD high, DWORD low) {
  FileHandle file = OpenFile(path, {GENERIC_READ | GENERIC_WRITE});
  CHECK(file.valid());
  OVERLAPPED offset = {};
  offset.Offset = low;
  offset.OffsetHigh = high;
  DWORD flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
  return LockFileEx(Raw(file), flags, 0, 1, 0, &offset) ? ERROR_SUCCESS : GetLastError();
}

DWORD OpenError(const std::string& path, DWORD access, DWORD share) {
  FileHandle file = OpenFile(path, {access, share, OPEN_EXISTING, 0});
  return file.valid() ? ERROR_SUCCESS : GetLastError();
}

TEST("a held lock locks the byte at offset 0x7FFFFFFFFFFFFFFE and no other byte") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(LockAt(lock.path(), 0x7FFFFFFF, 0xFFFFFFFE) == ERROR_LOCK_VIOLATION);
  CHECK(LockAt(lock.path(), 0x7FFFFFFF, 0xFFFFFFFD) == ERROR_SUCCESS);
  CHECK(LockAt(lock.path(), 0, kRecordLimit) == ERROR_SUCCESS);
  CHECK(LockAt(lock.path(), 0, 0) == ERROR_SUCCESS);
}

TEST("a child process does not inherit the handle of a lock") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  DWORD flags = HANDLE_FLAG_INHERIT;
  CHECK(GetHandleInformation(reinterpret_cast<HANDLE>(lock.handle()), &flags));
  CHECK((flags & HANDLE_FLAG_INHERIT) == 0);
}

TEST("other programs can read and write the file of a held lock, but cannot delete the file") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(OpenError(lock.path(), GENERIC_READ | GENERIC_WRITE, kShareAll) == ERROR_SUCCESS);
  CHECK(OpenError(lock.path(), DELETE, kShareAll) == ERROR_SHARING_VIOLATION);
  lock.Unlock();
  CHECK(OpenError(directory / "a.lock", DELETE, kShareAll) == ERROR_SUCCESS);
}

TEST(
    "a release removes the file, or empties the file if another process has it open for an "
    "attempt") {
  Directory directory;
  const std::string path = directory / "a.lock";
  FileLock lock = Acquire(path);
  CHECK(lock.WriteRecord("{}").ok());
  CHECK(lock.Release().ok());
  CHECK(!Exists(path));
  lock = Acquire(path);
  CHECK(lock.WriteRecord("{}").ok());
  FileHandle waiter = OpenFile(
      path, {GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, OPEN_EXISTING, 0});
  CHECK(waiter.valid());
  CHECK(lock.Release().ok());
  CHECK(!lock.held());
  CHECK(LockByte(waiter, LockMode::kExclusive).ok());
  CHECK(ReadFile(path).empty());
}

TEST("an unlock keeps the file for the next holder, whose release removes the file") {
  Directory directory;
  const std::string path = directory / "a.lock";
  FileLock first = Acquire(path);
  first.Unlock();
  FileLock successor = Acquire(path);
  CHECK(OpenError(path, DELETE, kShareAll) == ERROR_SHARING_VIOLATION);
  CHECK(successor.Release().ok());
  CHECK(!Exists(path));
}

TEST(
    "an attempt that fails with a sharing violation reports the transient failure "
    "'sharing-violation'") {
  Directory directory;
  const std::string path = directory / "a.lock";
  WriteFile(path, "");
  FileHandle scanner = OpenFile(path, {GENERIC_READ, 0, OPEN_EXISTING, 0});
  CHECK(scanner.valid());
  FileLock lock;
  Status status = TryAcquire(path, &lock);
  CHECK(status.sys_code == ERROR_SHARING_VIOLATION);
  CHECK(std::string(status.detail) == "sharing-violation");
  scanner.Reset();
  CHECK(TryAcquire(path, &lock).ok());
}

// The first failure loads the function that returns the NTSTATUS. This must not overwrite the error
// code.
TEST("the first failed attempt in a process reports its own error code") {
  Directory directory;
  FileLock lock;
  CHECK(TryAcquire(directory / "missing/a.lock", &lock).sys_code == ERROR_PATH_NOT_FOUND);
}

TEST("a lock path can be longer than 260 characters and contain non-ASCII characters") {
  Directory directory;
  std::string path = directory.path();
  for (int i = 0; i < 8; ++i) {
    path += "\\\xE6\xB7\xB1\xE3\x81\x84" + std::string(40, 'x');
    CHECK(CreateDirectoryW(LongPath(path).c_str(), nullptr));
  }
  FileLock lock = Acquire(path + "\\a.lock");
  CHECK(IsRefused(path + "/a.lock"));
  CHECK(lock.Release().ok());
}

}  // namespace
}  // namespace gateway_lock::test
