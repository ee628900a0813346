// How Linux tells a waiter that a kept file is released: nothing is unlinked.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <string>

#include "directory.h"
#include "processes.h"
#include "taking.h"
#include "test.h"
#include "watching.h"

namespace gateway_lock::test {
namespace {

using Tokens = std::vector<Watcher::Token>;

FileLock TakeKept(const std::string& path) {
  LockOptions options;
  options.keep_file = true;
  FileLock lock;
  CHECK(TryTake(path, &lock, options).ok());
  CHECK(lock.WriteRecord("mine\n").ok());
  return lock;
}

TEST("the release of a kept file is reported although its known owner lives on") {
  Directory directory;
  Watcher watcher;
  StandingChild owner;
  FileLock lock = TakeKept(directory / "a.lock");
  CHECK(watcher.Watch(1, directory / "a.lock", owner.pid()) == WatchScope::kOwner);
  CHECK(lock.Release().ok());
  CHECK(watcher.Next() == Tokens{1});
}

TEST("the release of a kept file is reported although a child has a copy of the descriptor") {
  Directory directory;
  Watcher watcher;
  FileLock lock = TakeKept(directory / "a.lock");
  FileHandle copy(dup(static_cast<int>(lock.handle())));
  watcher.Watch(1, directory / "a.lock", getpid());
  CHECK(lock.Release().ok());
  CHECK(watcher.Next() == Tokens{1});
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("a holder that opened the file read-only, as flock(1) does, is seen to close it") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  FileHandle holder(open((directory / "a.lock").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(flock(static_cast<int>(holder.get()), LOCK_EX) == 0);
  CHECK(watcher.Watch(1, directory / "a.lock") == WatchScope::kFile);
  holder.Reset();
  CHECK(watcher.Next() == Tokens{1});
}

}  // namespace
}  // namespace gateway_lock::test
