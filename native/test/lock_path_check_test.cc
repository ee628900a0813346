#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "acquiring.h"
#include "directory.h"
#include "lock_path_check.h"
#include "status_checks.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

Status TryLock(const std::string& path) {
  FileLock lock;
  Status status = TryAcquire(path, &lock);
  CHECK(!lock.held());
  return status;
}

TEST("a symbolic link is refused as a lock file, and its target is not changed") {
  Directory directory;
  WriteFile(directory / "target", "precious");
  CHECK(symlink("target", (directory / "a.lock").c_str()) == 0);
  CHECK(symlink("nowhere", (directory / "b.lock").c_str()) == 0);
  CHECK(IsInvalid(TryLock(directory / "a.lock"), "is a symbolic link"));
  CHECK(IsInvalid(TryLock(directory / "b.lock"), "is a symbolic link"));
  CHECK(ReadFile(directory / "target") == "precious");
  CHECK(!Exists(directory / "nowhere"));
}

TEST("a directory is refused as a lock file") {
  Directory directory;
  CHECK(IsInvalid(TryLock(directory.path()), "is a directory"));
}

TEST("a FIFO is refused as a lock file without blocking the caller") {
  Directory directory;
  CHECK(mkfifo((directory / "a.lock").c_str(), 0600) == 0);
  CHECK(IsInvalid(TryLock(directory / "a.lock"), "is a FIFO"));
}

TEST("a socket is refused as a lock file") {
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

TEST("a device is refused as a lock file") {
  CHECK(IsInvalid(TryLock("/dev/null"), "is a device"));
}

TEST("a lock reports whether its file has other hard links") {
  Directory directory;
  WriteFile(directory / "target", "precious");
  CHECK(!Acquire(directory / "target").has_other_names());
  WriteFile(directory / "target", "precious");
  CHECK(link((directory / "target").c_str(), (directory / "a.lock").c_str()) == 0);
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(lock.has_other_names());
  lock.Unlock();
  CHECK(ReadFile(directory / "target") == "precious");
}

TEST("another user's world-writable file is refused as a lock file") {
  RequireRoot();
  Directory directory;
  WriteFile(directory / "a.lock", "theirs");
  CHECK(chown((directory / "a.lock").c_str(), 65534, 65534) == 0);
  CHECK(chmod((directory / "a.lock").c_str(), 0666) == 0);
  CHECK(IsInvalid(TryLock(directory / "a.lock"),
                  "belongs to another user and is writable by others"));
}

TEST(
    "an attempt on another user's private file reports the foreign owner, and an attempt on the "
    "user's own file without permissions fails with EACCES") {
  RequireRoot();
  Directory directory;
  WriteFile(directory / "theirs.lock", "");
  WriteFile(directory / "ours.lock", "content");
  CHECK(chown((directory / "ours.lock").c_str(), 65534, 65534) == 0);
  CHECK(chmod((directory / "theirs.lock").c_str(), 0600) == 0);
  CHECK(chmod((directory / "ours.lock").c_str(), 0000) == 0);
  AsOrdinaryUser([&] {
    CHECK(HasDetail(TryLock(directory / "theirs.lock"), StatusKind::kForeignOwner,
                    "belongs to another user"));
    CHECK(IsSystemError(TryLock(directory / "ours.lock"), EACCES, "open"));
  });
}

TEST(
    "an attempt in a missing directory, with a path that is too long, or below a file reports the "
    "error of open()") {
  Directory directory;
  CHECK(IsSystemError(TryLock(directory / "missing/a.lock"), ENOENT, "open"));
  const std::string long_name(300, 'x');
  CHECK(IsSystemError(TryLock(directory / long_name.c_str()), ENAMETOOLONG, "open"));
  WriteFile(directory / "file", "");
  CHECK(IsSystemError(TryLock(directory / "file/a.lock"), ENOTDIR, "open"));
}

TEST("a lock is refused in a world-writable directory, unless the directory has the sticky bit") {
  Directory directory;
  CHECK(chmod(directory.path().c_str(), 0777) == 0);
  CHECK(
      IsInvalid(TryLock(directory / "a.lock"), "lies in a directory that every user may write to"));
  CHECK(!Exists(directory / "a.lock"));
  CHECK(chmod(directory.path().c_str(), 01777) == 0);
  CHECK(Acquire(directory / "a.lock").held());
}

}  // namespace
}  // namespace gateway_lock::test
