// What a lock is to other programs on Windows: a handle, one byte far away, and a way of sharing
// the file.
#include <windows.h>

#include <string>

#include "directory.h"
#include "file_lock.h"
#include "taking.h"
#include "test.h"
#include "win32_file.h"

namespace gateway_lock::test {
namespace {

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

// As a program in another language would do it that knows the contract on disk.
DWORD LockAt(const std::string& path, DWORD high, DWORD low) {
  FileHandle file = OpenFile(path, {GENERIC_READ | GENERIC_WRITE});
  CHECK(file.valid());
  OVERLAPPED place = {};
  place.Offset = low;
  place.OffsetHigh = high;
  DWORD flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
  return LockFileEx(Raw(file), flags, 0, 1, 0, &place) ? ERROR_SUCCESS : GetLastError();
}

DWORD OpenError(const std::string& path, DWORD access, DWORD share) {
  FileHandle file = OpenFile(path, {access, share, OPEN_EXISTING, 0});
  return file.valid() ? ERROR_SUCCESS : GetLastError();
}

TEST("the lock is the byte at 0x7FFFFFFFFFFFFFFE, and no other") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  CHECK(LockAt(lock.path(), 0x7FFFFFFF, 0xFFFFFFFE) == ERROR_LOCK_VIOLATION);
  CHECK(LockAt(lock.path(), 0x7FFFFFFF, 0xFFFFFFFD) == ERROR_SUCCESS);
  CHECK(LockAt(lock.path(), 0, kRecordLimit) == ERROR_SUCCESS);
  CHECK(LockAt(lock.path(), 0, 0) == ERROR_SUCCESS);
}

TEST("no child inherits the handle") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  DWORD flags = HANDLE_FLAG_INHERIT;
  CHECK(GetHandleInformation(reinterpret_cast<HANDLE>(lock.handle()), &flags));
  CHECK((flags & HANDLE_FLAG_INHERIT) == 0);
}

TEST("while it is held the file can be read and written by others, and not deleted") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  CHECK(OpenError(lock.path(), GENERIC_READ | GENERIC_WRITE, kShareAll) == ERROR_SUCCESS);
  CHECK(OpenError(lock.path(), DELETE, kShareAll) == ERROR_SHARING_VIOLATION);
  lock.Unlock();
  CHECK(OpenError(directory / "a.lock", DELETE, kShareAll) == ERROR_SUCCESS);
}

TEST("a release removes the file, and leaves it, empty, to one who has it open for a try") {
  Directory directory;
  const std::string path = directory / "a.lock";
  FileLock lock = Take(path);
  CHECK(lock.WriteRecord("{}").ok());
  CHECK(lock.Release().ok());
  CHECK(!Exists(path));
  lock = Take(path);
  CHECK(lock.WriteRecord("{}").ok());
  FileHandle contender = OpenFile(
      path, {GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, OPEN_EXISTING, 0});
  CHECK(contender.valid());
  CHECK(lock.Release().ok());
  CHECK(!lock.held());
  CHECK(LockByte(contender, LockMode::kExclusive).ok());
  CHECK(ReadFile(path).empty());
}

TEST("a file of a successor is not removed") {
  Directory directory;
  const std::string path = directory / "a.lock";
  FileLock first = Take(path);
  first.Unlock();
  FileLock successor = Take(path);
  CHECK(OpenError(path, DELETE, kShareAll) == ERROR_SHARING_VIOLATION);
  CHECK(successor.Release().ok());
  CHECK(!Exists(path));
}

TEST("a sharing violation says that it may pass, and which grace it deserves") {
  Directory directory;
  const std::string path = directory / "a.lock";
  WriteFile(path, "");
  FileHandle scanner = OpenFile(path, {GENERIC_READ, 0, OPEN_EXISTING, 0});
  CHECK(scanner.valid());
  FileLock lock;
  Status status = TryTake(path, &lock);
  CHECK(status.sys_code == ERROR_SHARING_VIOLATION);
  CHECK(std::string(status.detail) == "sharing-violation");
  scanner.Reset();
  CHECK(TryTake(path, &lock).ok());
}

// The very first failure of a process: looking for the function that tells the NTSTATUS must not
// hide it.
TEST("the first failure of a process has its code") {
  Directory directory;
  FileLock lock;
  CHECK(TryTake(directory / "missing/a.lock", &lock).sys_code == ERROR_PATH_NOT_FOUND);
}

TEST("paths longer than 260 characters, and of other scripts, are taken") {
  Directory directory;
  std::string path = directory.path();
  for (int i = 0; i < 8; ++i) {
    path += "\\\xE6\xB7\xB1\xE3\x81\x84" + std::string(40, 'x');
    CHECK(CreateDirectoryW(LongPath(path).c_str(), nullptr));
  }
  FileLock lock = Take(path + "\\a.lock");
  CHECK(IsRefused(path + "/a.lock"));
  CHECK(lock.Release().ok());
}

}  // namespace
}  // namespace gateway_lock::test
