#include <unistd.h>

#include <cstdio>

#include "directory.h"
#include "lock_contender.h"
#include "processes.h"
#include "taking.h"
#include "test.h"
#include "watching.h"

namespace gateway_lock::test {
namespace {

// A contender, and what it knows of file systems.
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

TEST("a contender that finds the lock free takes it, as anybody would") {
  Directory directory;
  Waiter waiter(directory / "a.lock");
  FileLock lock;
  CHECK(waiter.Try(&lock).ok());
  CHECK(lock.created() && lock.IsFileInPlace());
  CHECK(IsRefused(directory / "a.lock"));
}

TEST("refused tries of a contender close nothing that others watch for") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  Watcher watcher;
  CHECK(watcher.Watch(1, directory / "a.lock") == WatchScope::kFile);
  for (int tries = 0; tries < 10; ++tries) CHECK(waiter.IsRefused());
  CHECK(watcher.IsQuiet(directory / "marker"));
  // The control: the holder's close is reported.
  lock.Unlock();
  CHECK(watcher.Next().size() == 1);
}

TEST("a contender gets the lock after a release, in a new file") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(lock.Release().ok());
  FileLock next;
  CHECK(waiter.Try(&next).ok());
  CHECK(next.created() && next.IsFileInPlace());
}

TEST("a contender gets the lock of a holder that died, in the file that was left") {
  Directory directory;
  FileLock lock;
  StandingChild holder([&] {
    lock = Take(directory / "a.lock");
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

TEST("a contender whose file was replaced under the holder decides by the new file") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  FileLock other = Take(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(other.Release().ok());
  FileLock next;
  CHECK(waiter.Try(&next).ok());
  CHECK(next.IsFileInPlace());
}

TEST("a contender reads the record of whoever refused it, and none when nobody did") {
  Directory directory;
  Waiter waiter(directory / "a.lock");
  std::string record = "x";
  CHECK(waiter.contender.ReadRecord(&record).ok() && record.empty());
  FileLock lock = Take(directory / "a.lock");
  CHECK(lock.WriteRecord("holder\n").ok());
  CHECK(waiter.IsRefused());
  CHECK(waiter.contender.ReadRecord(&record).ok() && record == "holder\n");
}

TEST("a contender watches the file that refused it, and nothing when none did") {
  Directory directory;
  Waiter waiter(directory / "a.lock");
  Watcher watcher;
  WatchScope scope = WatchScope::kOwner;
  CHECK(waiter.contender.Watch(watcher.get(), 1, 0, &scope).kind == StatusKind::kUnsupported);
  FileLock lock = Take(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(waiter.contender.Watch(watcher.get(), 1, 0, &scope).ok() && scope == WatchScope::kFile);
  CHECK(lock.Release().ok());
  CHECK(watcher.Next().size() == 1);
}

TEST("a contender that closes has no descriptor open, and may try again") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  Waiter waiter(directory / "a.lock");
  CHECK(waiter.IsRefused());
  waiter.contender.Close();
  lock.Unlock();
  CHECK(DescriptorOf(directory / "a.lock") == -1);
  FileLock next;
  CHECK(waiter.Try(&next).ok());
}

TEST("a shared contender goes in beside shared holders and not beside an exclusive one") {
  Directory directory;
  Waiter waiter(directory / "a.lock", LockMode::kShared);
  FileLock exclusive = Take(directory / "a.lock");
  CHECK(waiter.IsRefused());
  CHECK(exclusive.Release().ok());
  FileLock other = Take(directory / "a.lock", LockMode::kShared);
  FileLock lock;
  CHECK(waiter.Try(&lock).ok());
}

}  // namespace
}  // namespace gateway_lock::test
