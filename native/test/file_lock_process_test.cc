// Tests locks whose holder forks, dies, or is not allowed to remove the lock file.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "acquiring.h"
#include "directory.h"
#include "file_lock.h"
#include "idle_child.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST(
    "a release in a forked copy of the holder only closes the descriptor and keeps the parent's "
    "lock and file") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  InForkedChild([&] {
    CHECK(lock.Release().ok());
    CHECK(!lock.held());
  });
  CHECK(lock.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("a release in a forked copy of a shared holder keeps the parent's lock and file") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock", LockMode::kShared);
  InForkedChild([&] { CHECK(lock.Release().ok()); });
  CHECK(lock.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
}

TEST(
    "neither an unlock in a forked copy of the holder nor the exit of the copy frees the parent's "
    "lock") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  InForkedChild([&] { lock.Unlock(); });
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("an unlock frees the lock even if a forked child has a copy of the descriptor open") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  IdleChild child;
  lock.Unlock();
  CHECK(!IsRefused(directory / "a.lock"));
}

// A program that forks without exec() copies all descriptors, also close-on-exec ones.
TEST("a forked copy keeps the lock of a killed holder until the copy ends, also with SIGKILL") {
  Directory directory;
  int ready[2];
  CHECK(pipe(ready) == 0);
  FileLock lock;
  IdleChild holder([&] {
    lock = Acquire(directory / "a.lock");
    CHECK(lock.WriteRecord("killed\n").ok());
    pid_t copy = fork();
    CHECK(copy >= 0);
    if (copy == 0) {
      copy = getpid();
      CHECK(write(ready[1], &copy, sizeof copy) == sizeof copy);
      alarm(60);  // Ends the copy even if a failed check ends the test.
      for (;;) pause();
    }
  });
  pid_t copy = 0;
  CHECK(read(ready[0], &copy, sizeof copy) == sizeof copy);
  holder.End();
  CHECK(IsRefused(directory / "a.lock"));
  CHECK(kill(copy, SIGKILL) == 0);
  for (int tries = 0; IsRefused(directory / "a.lock"); ++tries) {
    CHECK(tries < 10'000);
    usleep(1000);
  }
  CHECK(ReadFile(directory / "a.lock") == "killed\n");
  close(ready[0]);
  close(ready[1]);
}

TEST(
    "killing the holder with SIGKILL frees the lock for the next process and leaves the record in "
    "the file") {
  Directory directory;
  FileLock lock;
  IdleChild holder([&] {
    lock = Acquire(directory / "a.lock");
    CHECK(lock.WriteRecord("killed\n").ok());
  });
  CHECK(IsRefused(directory / "a.lock"));
  holder.End();
  FileLock next = Acquire(directory / "a.lock");
  CHECK(!next.created());
  CHECK(ReadFile(directory / "a.lock") == "killed\n");
}

TEST(
    "a release that cannot remove the file reports the error, drops the lock and leaves the file "
    "empty") {
  AsOrdinaryUser([] {
    Directory directory;
    FileLock lock = Acquire(directory / "a.lock");
    CHECK(lock.WriteRecord("mine\n").ok());
    CHECK(chmod(directory.path().c_str(), 0500) == 0);
    Status failed = lock.Release();
    CHECK(failed.kind == StatusKind::kSystemError && failed.sys_code == EACCES);
    CHECK(std::strcmp(failed.syscall, "unlink") == 0);
    CHECK(!lock.held() && !IsRefused(directory / "a.lock"));
    CHECK(ReadFile(directory / "a.lock").empty());
    CHECK(chmod(directory.path().c_str(), 0700) == 0);
  });
}

}  // namespace
}  // namespace gateway_lock::test
