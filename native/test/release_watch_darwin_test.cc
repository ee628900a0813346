// What kqueue reports beyond the contract of every system.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <vector>

#include "directory.h"
#include "taking.h"
#include "test.h"
#include "watching.h"

namespace gateway_lock::test {
namespace {

using Tokens = std::vector<ReleaseWatch::Token>;

TEST("a release that keeps the file is reported, with a known owner and without") {
  Directory directory;
  Watcher watcher;
  for (std::int64_t owner : {std::int64_t{0}, std::int64_t{getpid()}}) {
    FileLock lock = Take(directory / "a.lock");
    CHECK(lock.WriteRecord("owner\n").ok());
    watcher.Watch(1, directory / "a.lock", owner);
    // As a holder does that keeps its file: truncate, unlock, close.
    CHECK(truncate((directory / "a.lock").c_str(), 0) == 0);
    lock.Unlock();
    CHECK(watcher.Next() == Tokens{1});
  }
}

TEST("the unlock of a foreign locker that has the file open for reading only is reported") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  FileHandle foreign(open((directory / "a.lock").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(flock(static_cast<int>(foreign.get()), LOCK_EX) == 0);
  watcher.Watch(1, directory / "a.lock");
  foreign.Reset();
  CHECK(watcher.Next() == Tokens{1});
}

}  // namespace
}  // namespace gateway_lock::test
