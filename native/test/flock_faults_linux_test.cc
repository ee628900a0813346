// What the lock does when the system call itself misbehaves, or when the file changes under it
// between open and flock. This program's flock() comes before libc's; without a hook it is the real
// one.
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

#include "directory.h"
#include "file_lock.h"
#include "taking.h"
#include "test.h"

namespace {

std::function<int(int, int)> hook;

int RealFlock(int fd, int operation) { return static_cast<int>(syscall(SYS_flock, fd, operation)); }

int FailWith(int code) {
  errno = code;
  return -1;
}

}  // namespace

extern "C" int flock(int fd, int operation) noexcept {
  return hook ? hook(fd, operation) : RealFlock(fd, operation);
}

namespace gateway_lock::test {
namespace {

// A contender for whom the file system has stood its test already: that test would notice as well
// that the path names another file, and hide whether the lock itself does.
class SeasonedContender {
 public:
  explicit SeasonedContender(const Directory& directory) {
    FileLock lock;
    CHECK(TryTake(directory / "seasoning", &lock).ok());
  }
  Status TryTake(const std::string& path, FileLock* lock) {
    return FileLock::TryAcquire(path, LockOptions(), &file_systems_, lock);
  }

 private:
  FileSystemCache file_systems_;
};

TEST("a file removed between open and flock is not what the contender ends up with") {
  Directory directory;
  const std::string path = directory / "a.lock";
  SeasonedContender contender(directory);
  int calls = 0;
  hook = [&](int fd, int operation) {
    if (++calls == 1) CHECK(unlink(path.c_str()) == 0);
    return RealFlock(fd, operation);
  };
  FileLock lock;
  CHECK(contender.TryTake(path, &lock).ok());
  CHECK(lock.IsFileInPlace());
  CHECK(IsRefused(path));
}

TEST("a file replaced between open and flock is not what the contender ends up with") {
  Directory directory;
  const std::string path = directory / "a.lock";
  WriteFile(path, "old");
  WriteFile(directory / "new", "new");
  SeasonedContender contender(directory);
  int calls = 0;
  hook = [&](int fd, int operation) {
    if (++calls == 1) CHECK(rename((directory / "new").c_str(), path.c_str()) == 0);
    return RealFlock(fd, operation);
  };
  FileLock lock;
  CHECK(contender.TryTake(path, &lock).ok());
  CHECK(ReadFile(path) == "new");
  CHECK(lock.IsFileInPlace());
}

TEST("a path that names another file each time ends as a weak file system, not in a loop") {
  Directory directory;
  const std::string path = directory / "a.lock";
  SeasonedContender contender(directory);
  int calls = 0;
  hook = [&](int fd, int operation) {
    ++calls;
    CHECK(unlink(path.c_str()) == 0);
    return RealFlock(fd, operation);
  };
  FileLock lock;
  Status status = contender.TryTake(path, &lock);
  CHECK(status.kind == StatusKind::kWeakFileSystem);
  CHECK(std::strcmp(status.detail, "names another file on every attempt") == 0);
  CHECK(calls == 100);
  CHECK(!lock.held());
}

TEST("a file system that grants the lock to two is refused, unless a weak lock is allowed") {
  Directory directory;
  hook = [](int, int) { return 0; };
  FileLock lock;
  Status refused = TryTake(directory / "a.lock", &lock);
  CHECK(refused.kind == StatusKind::kWeakFileSystem);
  CHECK(std::strcmp(refused.detail, "grants the lock to two holders at once") == 0);
  CHECK(!lock.held());
  FileSystemCache file_systems;
  LockOptions options;
  options.allow_weak = true;
  CHECK(FileLock::TryAcquire(directory / "a.lock", options, &file_systems, &lock).ok());
  CHECK(lock.held() && lock.strength() == Strength::kWeak);
}

TEST("a signal that interrupts flock does not end the attempt") {
  Directory directory;
  int calls = 0;
  hook = [&](int fd, int operation) {
    return ++calls < 4 ? FailWith(EINTR) : RealFlock(fd, operation);
  };
  CHECK(Take(directory / "a.lock").held());
}

TEST("a kernel or file system without flock is unsupported, and says by which error") {
  Directory directory;
  for (int code : {ENOSYS, ENOTSUP, EOPNOTSUPP, ENOLCK}) {
    hook = [=](int, int) { return FailWith(code); };
    FileLock lock;
    Status status = TryTake(directory / "a.lock", &lock);
    CHECK(status.kind == StatusKind::kUnsupported && status.sys_code == code);
    CHECK(std::strcmp(status.syscall, "flock") == 0);
    CHECK(!lock.held());
  }
}

TEST("any other failure of flock is a system error, never contention and never success") {
  Directory directory;
  hook = [](int, int) { return FailWith(EIO); };
  FileLock lock;
  Status status = TryTake(directory / "a.lock", &lock);
  CHECK(status.kind == StatusKind::kSystemError && status.sys_code == EIO);
  CHECK(!lock.held());
}

TEST("the file system is put to the test once, not at each acquire") {
  Directory directory;
  FileSystemCache file_systems;
  int calls = 0;
  hook = [&](int fd, int operation) {
    ++calls;
    return RealFlock(fd, operation);
  };
  auto calls_to_acquire = [&] {
    FileLock lock;
    calls = 0;
    CHECK(FileLock::TryAcquire(directory / "a.lock", LockOptions(), &file_systems, &lock).ok());
    return calls;
  };
  CHECK(calls_to_acquire() == 2);
  CHECK(calls_to_acquire() == 1);
}

}  // namespace
}  // namespace gateway_lock::test
