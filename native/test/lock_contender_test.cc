#include <unistd.h>

#include <cstdio>

#include "acquiring.h"
#include "directory.h"
#include "idle_child.h"
#include "lock_contender.h"
#include "test.h"
#include "watcher.h"

namespace gateway_lock::test {
namespace {

// A LockContender with its own FileSystemCache.
struct Waiter {
  explicit Waiter(const std::string& path, LockMode mode = LockMode::kExclusive)
      : contender(path, OptionsFor(mode)) {}
  Status Try(FileLock* lock) { return contender.Try(&file_systems, lock); }
  bool IsRefused() {
    FileLock lock;
    return Try(&lock).contended();
  }

  FileSystemCache file_systems;
  LockContender contender;
};

TEST("a LockContender acquires a free lock") {
  Directory directory;
  Waiter waiter(directory / "a.lock");
  FileLock lock;
  CHECK(waiter.Try(&lock).ok());
  CHECK(lock.created() && lock.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("refused attempts of a LockContender close no descriptor, so the attempts wake no waiter") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  Watcher watcher;
  CHECK(watcher.Watch(1, directory / "a.lock") == WatchScope::kFile);
  for (int attempts = 0; attempts < 10; ++attempts) CHECK(waiter.IsRefused());
  CHECK(watcher.HasNoReport(directory / "sentinel"));
  // Control case: the watch reports the holder's close.
  lock.Unlock();
  CHECK(watcher.AwaitReport().size() == 1);
}

TEST("after a release, a LockContender acquires the lock on a new lock file") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(lock.Release().ok());
  FileLock next;
  CHECK(waiter.Try(&next).ok());
  CHECK(next.created() && next.IsFileInPlace());
}

TEST("a LockContender acquires the lock of a killed holder on the leftover lock file") {
  Directory directory;
  FileLock lock;
  IdleChild holder([&] {
    lock = Acquire(directory / "a.lock");
    CHECK(lock.WriteRecord("killed\n").ok());
  });
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  holder.End();
  FileLock next;
  CHECK(waiter.Try(&next).ok());
  CHECK(!next.created());
  std::string record;
  CHECK(next.ReadRecord(&record).ok() && record == "killed\n");
}

TEST("a LockContender whose lock file was replaced competes for the lock on the new file") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  FileLock other = Acquire(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(other.Release().ok());
  FileLock next;
  CHECK(waiter.Try(&next).ok());
  CHECK(next.IsFileInPlace());
}

TEST(
    "a LockContender reads the record of the holder that refused it, and no record before a "
    "refusal") {
  Directory directory;
  Waiter waiter(directory / "a.lock");
  std::string record = "x";
  CHECK(waiter.contender.ReadRecord(&record).ok() && record.empty());
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(lock.WriteRecord("holder\n").ok());
  CHECK(waiter.IsRefused());
  CHECK(waiter.contender.ReadRecord(&record).ok() && record == "holder\n");
}

TEST(
    "a LockContender watches the file whose lock it was refused, and cannot watch a file before a "
    "refusal") {
  Directory directory;
  Waiter waiter(directory / "a.lock");
  Watcher watcher;
  WatchScope scope = WatchScope::kOwner;
  CHECK(waiter.contender.Watch(watcher.get(), 1, 0, &scope).kind == StatusKind::kUnsupported);
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(waiter.contender.Watch(watcher.get(), 1, 0, &scope).ok() && scope == WatchScope::kFile);
  CHECK(lock.Release().ok());
  CHECK(watcher.AwaitReport().size() == 1);
}

TEST("a closed LockContender has no open descriptor and can make a new attempt") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  waiter.contender.Close();
  lock.Unlock();
  CHECK(DescriptorOf(directory / "a.lock") == -1);
  FileLock next;
  CHECK(waiter.Try(&next).ok());
}

TEST("a shared LockContender is refused by an exclusive holder but not by a shared one") {
  Directory directory;
  Waiter waiter(directory / "a.lock", LockMode::kShared);
  FileLock exclusive = Acquire(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(exclusive.Release().ok());
  FileLock other = Acquire(directory / "a.lock", LockMode::kShared);
  FileLock lock;
  CHECK(waiter.Try(&lock).ok());
}

}  // namespace
}  // namespace gateway_lock::test
