#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "directory.h"
#include "lock_path_check.h"
#include "taking.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

bool Says(const Status& status, StatusKind kind, const char* detail) {
  return status.kind == kind && std::strcmp(status.detail, detail) == 0;
}

bool IsInvalid(const Status& status, const char* detail) {
  return Says(status, StatusKind::kInvalidFile, detail);
}

bool IsSystemError(const Status& status, int code, const char* syscall) {
  return status.kind == StatusKind::kSystemError && status.sys_code == code &&
         std::strcmp(status.syscall, syscall) == 0;
}

Status TryLock(const std::string& path) {
  FileLock lock;
  Status status = TryTake(path, &lock);
  CHECK(!lock.held());
  return status;
}

TEST("a symbolic link is refused as a lock, and what it points to is left alone") {
  Directory directory;
  WriteFile(directory / "target", "precious");
  CHECK(symlink("target", (directory / "a.lock").c_str()) == 0);
  CHECK(symlink("nowhere", (directory / "b.lock").c_str()) == 0);
  CHECK(IsInvalid(TryLock(directory / "a.lock"), "is a symbolic link"));
  CHECK(IsInvalid(TryLock(directory / "b.lock"), "is a symbolic link"));
  CHECK(ReadFile(directory / "target") == "precious");
  CHECK(!Exists(directory / "nowhere"));
}

TEST("a directory is refused as a lock") {
  Directory directory;
  CHECK(IsInvalid(TryLock(directory.path()), "is a directory"));
}

TEST("a FIFO is refused as a lock without waiting for its other end") {
  Directory directory;
  CHECK(mkfifo((directory / "a.lock").c_str(), 0600) == 0);
  CHECK(IsInvalid(TryLock(directory / "a.lock"), "is a FIFO"));
}

TEST("a socket is refused as a lock") {
  Directory directory;
  CHECK(chdir(directory.path().c_str()) == 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "a.lock");
  SocketHandle socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  CHECK(bind(static_cast<int>(socket.get()), reinterpret_cast<sockaddr*>(&address),
             sizeof address) == 0);
  CHECK(IsInvalid(TryLock("a.lock"), "is a socket"));
  CHECK(chdir("/") == 0);
}

TEST("a device is refused as a lock") { CHECK(IsInvalid(TryLock("/dev/null"), "is a device")); }

TEST("a lock tells whether its file has other names, whose content must then be judged") {
  Directory directory;
  WriteFile(directory / "target", "precious");
  CHECK(!Take(directory / "target").has_other_names());
  WriteFile(directory / "target", "precious");
  CHECK(link((directory / "target").c_str(), (directory / "a.lock").c_str()) == 0);
  FileLock lock = Take(directory / "a.lock");
  CHECK(lock.has_other_names());
  lock.Unlock();
  CHECK(ReadFile(directory / "target") == "precious");
}

TEST("another user's file that others may write to is refused as a lock") {
  NeedsRoot();
  Directory directory;
  WriteFile(directory / "a.lock", "theirs");
  CHECK(chown((directory / "a.lock").c_str(), 65534, 65534) == 0);
  CHECK(chmod((directory / "a.lock").c_str(), 0666) == 0);
  CHECK(IsInvalid(TryLock(directory / "a.lock"),
                  "belongs to another user and is writable by others"));
}

TEST("another user's private file is told from one of ours that we may not open") {
  NeedsRoot();
  Directory directory;
  WriteFile(directory / "theirs.lock", "");
  WriteFile(directory / "ours.lock", "content");
  CHECK(chown((directory / "ours.lock").c_str(), 65534, 65534) == 0);
  CHECK(chmod((directory / "theirs.lock").c_str(), 0600) == 0);
  CHECK(chmod((directory / "ours.lock").c_str(), 0000) == 0);
  AsOrdinaryUser([&] {
    CHECK(Says(TryLock(directory / "theirs.lock"), StatusKind::kForeignOwner,
               "belongs to another user"));
    CHECK(IsSystemError(TryLock(directory / "ours.lock"), EACCES, "open"));
  });
}

TEST("a lock in a missing directory, or with too long a name, is a plain system error") {
  Directory directory;
  CHECK(IsSystemError(TryLock(directory / "missing/a.lock"), ENOENT, "open"));
  const std::string long_name(300, 'x');
  CHECK(IsSystemError(TryLock(directory / long_name.c_str()), ENAMETOOLONG, "open"));
  WriteFile(directory / "file", "");
  CHECK(IsSystemError(TryLock(directory / "file/a.lock"), ENOTDIR, "open"));
}

TEST("a lock is refused where any user could replace it, and allowed where they are kept apart") {
  Directory directory;
  CHECK(chmod(directory.path().c_str(), 0777) == 0);
  CHECK(
      IsInvalid(TryLock(directory / "a.lock"), "lies in a directory that every user may write to"));
  CHECK(!Exists(directory / "a.lock"));
  CHECK(chmod(directory.path().c_str(), 01777) == 0);
  CHECK(Take(directory / "a.lock").held());
}

}  // namespace
}  // namespace gateway_lock::test
