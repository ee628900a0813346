// What becomes of a lock when its process forks, dies, or may not remove its file.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "directory.h"
#include "file_lock.h"
#include "processes.h"
#include "taking.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("a forked copy of the holder that releases only closes: the parent holds on") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  InForkedChild([&] {
    CHECK(lock.Release().ok());
    CHECK(!lock.held());
  });
  CHECK(lock.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("a forked copy of a shared holder that releases leaves lock and file") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock", LockMode::kShared);
  InForkedChild([&] { CHECK(lock.Release().ok()); });
  CHECK(lock.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("a forked copy of the holder that abandons, or ends, leaves the parent's lock") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  InForkedChild([&] { lock.Unlock(); });
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("the holder's abandon frees the lock although a forked child has a copy open") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  StandingChild child;
  lock.Unlock();
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("a holder killed with SIGKILL frees the lock for the next contender and leaves its record") {
  Directory directory;
  FileLock lock;
  StandingChild holder([&] {
    lock = Take(directory / "a.lock");
    CHECK(lock.WriteRecord("killed\n").ok());
  });
  CHECK(IsRefused(directory / "a.lock"));
  holder.End();
  FileLock next = Take(directory / "a.lock");
  CHECK(!next.created());
  CHECK(ReadFile(directory / "a.lock") == "killed\n");
}

TEST("a release that cannot remove its file says why, drops the lock and leaves the file empty") {
  AsOrdinaryUser([] {
    Directory directory;
    FileLock lock = Take(directory / "a.lock");
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
