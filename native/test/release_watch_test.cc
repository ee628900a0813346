#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "directory.h"
#include "processes.h"
#include "release_watch.h"
#include "taking.h"
#include "test.h"
#include "watching.h"

namespace gateway_lock::test {
namespace {

using Tokens = std::vector<ReleaseWatch::Token>;

TEST("the removal of a watched file is reported") {
  Directory directory;
  Watcher watcher;
  FileLock lock = Take(directory / "a.lock");
  CHECK(watcher.Watch(1, directory / "a.lock") == WatchScope::kFile);
  CHECK(lock.Release().ok());
  CHECK(watcher.Next() == Tokens{1});
}

TEST("the removal is reported although somebody else has the file open") {
  Directory directory;
  Watcher watcher;
  FileLock lock = Take(directory / "a.lock");
  FileHandle other(open((directory / "a.lock").c_str(), O_RDONLY | O_CLOEXEC));
  watcher.Watch(1, directory / "a.lock", getpid());
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  CHECK(watcher.Next() == Tokens{1});
}

TEST("another file at the path is reported") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "old");
  WriteFile(directory / "new", "new");
  watcher.Watch(1, directory / "a.lock", getpid());
  CHECK(rename((directory / "new").c_str(), (directory / "a.lock").c_str()) == 0);
  CHECK(watcher.Next() == Tokens{1});
}

TEST("a file that is renamed away is reported") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  watcher.Watch(1, directory / "a.lock", getpid());
  CHECK(rename((directory / "a.lock").c_str(), (directory / "b").c_str()) == 0);
  CHECK(watcher.Next() == Tokens{1});
}

TEST("the death of a known owner is reported when its lock is free") {
  Directory directory;
  Watcher watcher;
  for (ReleaseWatch::Token round = 1; round <= 50; ++round) {
    FileLock lock;
    StandingChild holder([&] { lock = Take(directory / "a.lock"); });
    CHECK(watcher.Watch(round, directory / "a.lock", holder.pid()) == WatchScope::kOwner);
    CHECK(IsRefused(directory / "a.lock"));
    holder.End();
    CHECK(watcher.Next() == Tokens{round});
    // At once, without another try.
    CHECK(!IsRefused(directory / "a.lock"));
  }
}

TEST("the death of a holder that nobody named is reported") {
  Directory directory;
  Watcher watcher;
  FileLock lock;
  StandingChild holder([&] { lock = Take(directory / "a.lock", LockMode::kShared); });
  CHECK(watcher.Watch(1, directory / "a.lock") == WatchScope::kFile);
  holder.End();
  CHECK(watcher.Next() == Tokens{1});
}

TEST("with a known owner a contender that comes and goes is not reported") {
  Directory directory;
  Watcher watcher;
  StandingChild owner;
  FileLock lock = Take(directory / "a.lock");
  watcher.Watch(1, directory / "a.lock", owner.pid());
  CHECK(IsRefused(directory / "a.lock"));
  CHECK(watcher.IsQuiet(directory / "marker"));
}

TEST("an owner that is dead already is reported at once, or not watched") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  StandingChild owner;
  owner.BecomeZombie();
  if (watcher.Watch(1, directory / "a.lock", owner.pid()) == WatchScope::kOwner) {
    CHECK(watcher.Next() == Tokens{1});
  }
  owner.End();
  CHECK(watcher.Watch(2, directory / "a.lock", owner.pid()) == WatchScope::kFile);
}

TEST("a report is the last one until the file is watched anew") {
  Directory directory;
  Watcher watcher;
  auto hold_once = [&] { Take(directory / "a.lock").Unlock(); };
  WriteFile(directory / "a.lock", "");
  watcher.Watch(1, directory / "a.lock");
  hold_once();
  CHECK(watcher.Next() == Tokens{1});
  hold_once();
  CHECK(watcher.IsQuiet(directory / "marker"));
  watcher.Watch(1, directory / "a.lock");
  hold_once();
  CHECK(watcher.Next() == Tokens{1});
}

TEST("what is watched no longer is not reported, and the others are") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  watcher.Watch(1, directory / "a.lock");
  watcher.Watch(2, directory / "a.lock");
  watcher.Unwatch(1);
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  CHECK(watcher.Next() == Tokens{2});
}

TEST("a token that watches something else has left what it watched before") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  WriteFile(directory / "b.lock", "");
  watcher.Watch(1, directory / "a.lock");
  watcher.Watch(1, directory / "b.lock");
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  CHECK(watcher.IsQuiet(directory / "marker"));
  CHECK(unlink((directory / "b.lock").c_str()) == 0);
  CHECK(watcher.Next() == Tokens{1});
}

TEST("all who watch one file are told of its removal") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  constexpr std::size_t kMany = 200;
  for (ReleaseWatch::Token token = 1; token <= kMany; ++token) {
    watcher.Watch(token, directory / "a.lock", token % 2 == 0 ? getpid() : 0);
  }
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  // macOS reports some at a time.
  for (std::size_t told = 0; told < kMany;) told += watcher.Next().size();
}

TEST("a file that is not there cannot be watched, and says so") {
  Directory directory;
  Watcher watcher;
  WatchScope scope = WatchScope::kFile;
  Status status = watcher.get()->Watch(1, directory / "none", 0, &scope);
  CHECK(status.kind == StatusKind::kReplaced);
  WriteFile(directory / "a.lock", "");
  watcher.Watch(1, directory / "a.lock");
}

constexpr int kHandOvers = 2000;
// A busy machine, a sanitizer or the fakes of macOS may need longer than a test may take.
constexpr auto kLongEnough = std::chrono::seconds(10);

TEST("no release is missed between a watch and a try, however tight the hand-overs are") {
  Directory directory;
  const std::string path = directory / "a.lock";
  // The other side takes and releases as fast as it can, and now and then holds for a moment; this
  // side never asks unasked.
  pid_t self = getpid();
  pid_t other = fork();
  if (other == 0) {
    for (int held = 0; getppid() == self;) {
      FileLock lock;
      if (!TryTake(path, &lock).ok()) continue;
      if (++held % 16 == 0) usleep(2000);
      CHECK(lock.Release().ok());
    }
    _exit(0);
  }
  Watcher watcher;
  int slept = 0;
  auto end = std::chrono::steady_clock::now() + kLongEnough;
  for (int taken = 0; taken < kHandOvers && std::chrono::steady_clock::now() < end;) {
    WatchScope scope = WatchScope::kFile;
    bool watched = watcher.get()->Watch(1, path, 0, &scope).ok();
    FileLock lock;
    if (TryTake(path, &lock).ok()) {
      ++taken;
      CHECK(lock.Release().ok());
    } else if (watched) {
      ++slept;
      watcher.Next();
    }
  }
  CHECK(slept > 0);
  CHECK(kill(other, SIGKILL) == 0 && waitpid(other, nullptr, 0) == other);
}

}  // namespace
}  // namespace gateway_lock::test
