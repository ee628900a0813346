// Tests failures of flock(), and files that are removed or replaced between open() and flock(). The
// flock() in this file replaces the one in libc. It makes the real system call unless a test has
// set `hook`.
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

#include "acquiring.h"
#include "directory.h"
#include "file_lock.h"
#include "posix_file.h"
#include "test.h"
#include "weak_lock_registry.h"

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

// Acquires locks on a file system that has already been tested. The file system test would also
// notice that the path names another file, and so hide a fault in the inode comparison after
// flock().
class AcquirerAfterTest {
 public:
  explicit AcquirerAfterTest(const Directory& directory) {
    FileLock lock;
    CHECK(TryAcquire(directory / "first.lock", &lock).ok());
  }
  Status TryAcquire(const std::string& path, FileLock* lock) {
    return FileLock::TryAcquire(path, LockOptions(), &file_systems_, lock);
  }

 private:
  FileSystemCache file_systems_;
};

TEST("an attempt starts over if the lock file is removed between open() and flock()") {
  Directory directory;
  const std::string path = directory / "a.lock";
  AcquirerAfterTest acquirer(directory);
  int calls = 0;
  hook = [&](int fd, int operation) {
    if (++calls == 1) CHECK(unlink(path.c_str()) == 0);
    return RealFlock(fd, operation);
  };
  FileLock lock;
  CHECK(acquirer.TryAcquire(path, &lock).ok());
  CHECK(lock.IsFileInPlace());
  CHECK(IsRefused(path));
}

TEST("an attempt starts over if the lock file is replaced between open() and flock()") {
  Directory directory;
  const std::string path = directory / "a.lock";
  WriteFile(path, "old");
  WriteFile(directory / "new", "new");
  AcquirerAfterTest acquirer(directory);
  int calls = 0;
  hook = [&](int fd, int operation) {
    if (++calls == 1) CHECK(rename((directory / "new").c_str(), path.c_str()) == 0);
    return RealFlock(fd, operation);
  };
  FileLock lock;
  CHECK(acquirer.TryAcquire(path, &lock).ok());
  CHECK(ReadFile(path) == "new");
  CHECK(lock.IsFileInPlace());
}

TEST(
    "an attempt on a path that always names another file after flock() fails as a weak file system "
    "after 100 tries") {
  Directory directory;
  const std::string path = directory / "a.lock";
  AcquirerAfterTest acquirer(directory);
  int calls = 0;
  hook = [&](int fd, int operation) {
    ++calls;
    CHECK(unlink(path.c_str()) == 0);
    return RealFlock(fd, operation);
  };
  FileLock lock;
  Status status = acquirer.TryAcquire(path, &lock);
  CHECK(status.kind == StatusKind::kWeakFileSystem);
  CHECK(std::strcmp(status.detail, "names another file on every attempt") == 0);
  CHECK(calls == 100);
  CHECK(!lock.held());
}

TEST("acquiring on a file system that grants the lock twice fails unless weak locks are allowed") {
  Directory directory;
  hook = [](int, int) { return 0; };
  FileLock lock;
  Status refused = TryAcquire(directory / "a.lock", &lock);
  CHECK(refused.kind == StatusKind::kWeakFileSystem);
  CHECK(std::strcmp(refused.detail, "grants the lock to two holders at once") == 0);
  CHECK(!lock.held());
  FileSystemCache file_systems;
  LockOptions options;
  options.allow_weak = true;
  CHECK(FileLock::TryAcquire(directory / "a.lock", options, &file_systems, &lock).ok());
  CHECK(lock.held() && lock.strength() == Strength::kWeak);
}

TEST("a holder that leaves a weak lock no longer counts as its holder") {
  Directory directory;
  hook = [](int, int) { return 0; };
  FileLock lock;
  LockOptions options;
  options.allow_weak = true;
  CHECK(TryAcquire(directory / "a.lock", &lock, options).ok());
  struct stat info;
  CHECK(stat((directory / "a.lock").c_str(), &info) == 0);
  CHECK(HoldsWeakLock(IdentityOf(info)));
  lock.Leave();
  CHECK(!HoldsWeakLock(IdentityOf(info)));
}

TEST("a signal that interrupts flock() does not end the attempt to acquire the lock") {
  Directory directory;
  int calls = 0;
  hook = [&](int fd, int operation) {
    return ++calls < 4 ? FailWith(EINTR) : RealFlock(fd, operation);
  };
  CHECK(Acquire(directory / "a.lock").held());
}

TEST(
    "an attempt without support for flock() in the kernel or file system reports 'unsupported' and "
    "the error of flock()") {
  Directory directory;
  for (int code : {ENOSYS, ENOTSUP, EOPNOTSUPP, ENOLCK}) {
    hook = [=](int, int) { return FailWith(code); };
    FileLock lock;
    Status status = TryAcquire(directory / "a.lock", &lock);
    CHECK(status.kind == StatusKind::kUnsupported && status.sys_code == code);
    CHECK(std::strcmp(status.syscall, "flock") == 0);
    CHECK(!lock.held());
  }
}

TEST("an attempt reports any other failure of flock() as a system error") {
  Directory directory;
  hook = [](int, int) { return FailWith(EIO); };
  FileLock lock;
  Status status = TryAcquire(directory / "a.lock", &lock);
  CHECK(status.kind == StatusKind::kSystemError && status.sys_code == EIO);
  CHECK(!lock.held());
}

TEST("the file system is tested only by the first acquire") {
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
