#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "acquiring.h"
#include "directory.h"
#include "idle_child.h"
#include "release_watch.h"
#include "test.h"
#include "watcher.h"

namespace gateway_lock::test {
namespace {

using Tokens = std::vector<ReleaseWatch::Token>;

FileLock AcquireKept(const std::string& path) {
  LockOptions options;
  options.keep_file = true;
  FileLock lock;
  CHECK(TryAcquire(path, &lock, options).ok());
  CHECK(lock.WriteRecord("mine\n").ok());
  return lock;
}

TEST("a watch reports the removal of the watched file") {
  Directory directory;
  Watcher watcher;
  FileLock lock = Acquire(directory / "a.lock");
  CHECK(watcher.Watch(1, directory / "a.lock") == WatchScope::kFile);
  CHECK(lock.Release().ok());
  CHECK(watcher.AwaitReport() == Tokens{1});
}

TEST(
    "a watch reports the removal of the watched file even if another descriptor of the file is "
    "open") {
  Directory directory;
  Watcher watcher;
  FileLock lock = Acquire(directory / "a.lock");
  FileHandle other(open((directory / "a.lock").c_str(), O_RDONLY | O_CLOEXEC));
  watcher.Watch(1, directory / "a.lock", getpid());
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  CHECK(watcher.AwaitReport() == Tokens{1});
}

TEST("a watch reports the release of a kept lock file, whether or not the owner is known") {
  Directory directory;
  Watcher watcher;
  IdleChild owner;
  for (std::int64_t pid : {std::int64_t{0}, std::int64_t{owner.pid()}}) {
    FileLock lock = AcquireKept(directory / "a.lock");
    WatchScope scope = pid == 0 ? WatchScope::kFile : WatchScope::kOwner;
    CHECK(watcher.Watch(1, directory / "a.lock", pid) == scope);
    CHECK(lock.Release().ok());
    CHECK(watcher.AwaitReport() == Tokens{1});
  }
}

TEST(
    "a watch reports the release of a kept lock file even if a copy of the holder's descriptor is "
    "open") {
  Directory directory;
  Watcher watcher;
  FileLock lock = AcquireKept(directory / "a.lock");
  FileHandle copy(dup(static_cast<int>(lock.handle())));
  watcher.Watch(1, directory / "a.lock", getpid());
  CHECK(lock.Release().ok());
  CHECK(watcher.AwaitReport() == Tokens{1});
  CHECK(!IsRefused(directory / "a.lock"));
}

TEST("a watch reports the release by a holder that opened the file read-only, as flock(1) does") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  FileHandle holder(open((directory / "a.lock").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(flock(static_cast<int>(holder.get()), LOCK_EX) == 0);
  CHECK(watcher.Watch(1, directory / "a.lock") == WatchScope::kFile);
  holder.Reset();
  CHECK(watcher.AwaitReport() == Tokens{1});
}

TEST("a watch reports that the watched file was replaced") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "old");
  WriteFile(directory / "new", "new");
  watcher.Watch(1, directory / "a.lock", getpid());
  CHECK(rename((directory / "new").c_str(), (directory / "a.lock").c_str()) == 0);
  CHECK(watcher.AwaitReport() == Tokens{1});
}

TEST("a watch reports that the watched file was renamed") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  watcher.Watch(1, directory / "a.lock", getpid());
  CHECK(rename((directory / "a.lock").c_str(), (directory / "b").c_str()) == 0);
  CHECK(watcher.AwaitReport() == Tokens{1});
}

TEST("a watch reports the death of a known owner only after the lock has become free") {
  Directory directory;
  Watcher watcher;
  for (ReleaseWatch::Token round = 1; round <= 50; ++round) {
    FileLock lock;
    IdleChild holder([&] { lock = Acquire(directory / "a.lock"); });
    CHECK(watcher.Watch(round, directory / "a.lock", holder.pid()) == WatchScope::kOwner);
    CHECK(IsRefused(directory / "a.lock"));
    holder.End();
    CHECK(watcher.AwaitReport() == Tokens{round});
    CHECK(!IsRefused(directory / "a.lock"));
  }
}

TEST("a watch reports the death of an unknown holder") {
  Directory directory;
  Watcher watcher;
  FileLock lock;
  IdleChild holder([&] { lock = Acquire(directory / "a.lock", LockMode::kShared); });
  CHECK(watcher.Watch(1, directory / "a.lock") == WatchScope::kFile);
  holder.End();
  CHECK(watcher.AwaitReport() == Tokens{1});
}

TEST("a watch with a known owner does not report a refused attempt by another process") {
  Directory directory;
  Watcher watcher;
  IdleChild owner;
  FileLock lock = Acquire(directory / "a.lock");
  watcher.Watch(1, directory / "a.lock", owner.pid());
  CHECK(IsRefused(directory / "a.lock"));
  CHECK(watcher.HasNoReport(directory / "sentinel"));
}

TEST("a watch reports an owner that is already dead at once, or watches only the file") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  IdleChild owner;
  owner.BecomeZombie();
  if (watcher.Watch(1, directory / "a.lock", owner.pid()) == WatchScope::kOwner) {
    CHECK(watcher.AwaitReport() == Tokens{1});
  }
  owner.End();
  CHECK(watcher.Watch(2, directory / "a.lock", owner.pid()) == WatchScope::kFile);
}

TEST("after a report, a watch reports nothing until the file is watched again") {
  Directory directory;
  Watcher watcher;
  auto hold_once = [&] { Acquire(directory / "a.lock").Unlock(); };
  WriteFile(directory / "a.lock", "");
  watcher.Watch(1, directory / "a.lock");
  hold_once();
  CHECK(watcher.AwaitReport() == Tokens{1});
  hold_once();
  CHECK(watcher.HasNoReport(directory / "sentinel"));
  watcher.Watch(1, directory / "a.lock");
  hold_once();
  CHECK(watcher.AwaitReport() == Tokens{1});
}

TEST(
    "a watch does not report an unwatched token, but still reports the other tokens of the same "
    "file") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  watcher.Watch(1, directory / "a.lock");
  watcher.Watch(2, directory / "a.lock");
  watcher.Unwatch(1);
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  CHECK(watcher.AwaitReport() == Tokens{2});
}

TEST("watching a second file with the same token ends the watch of the first file") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  WriteFile(directory / "b.lock", "");
  watcher.Watch(1, directory / "a.lock");
  watcher.Watch(1, directory / "b.lock");
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  CHECK(watcher.HasNoReport(directory / "sentinel"));
  CHECK(unlink((directory / "b.lock").c_str()) == 0);
  CHECK(watcher.AwaitReport() == Tokens{1});
}

TEST("a watch reports the removal of a file for all tokens of the file") {
  Directory directory;
  Watcher watcher;
  WriteFile(directory / "a.lock", "");
  constexpr std::size_t kMany = 200;
  for (ReleaseWatch::Token token = 1; token <= kMany; ++token) {
    watcher.Watch(token, directory / "a.lock", token % 2 == 0 ? getpid() : 0);
  }
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  // On macOS each report contains only a few tokens.
  for (std::size_t reported = 0; reported < kMany;) reported += watcher.AwaitReport().size();
}

TEST("watching a missing file fails, and a later watch succeeds") {
  Directory directory;
  Watcher watcher;
  WatchScope scope = WatchScope::kFile;
  Status status = watcher.get()->Watch(1, directory / "none", 0, &scope);
  CHECK(status.kind == StatusKind::kReplaced);
  WriteFile(directory / "a.lock", "");
  watcher.Watch(1, directory / "a.lock");
}

constexpr int kHandOvers = 2000;
// Ends the test early on a busy machine, under a sanitizer, or with the macOS fakes.
constexpr auto kTimeLimit = std::chrono::seconds(10);

TEST(
    "a watch misses no release between its start and a refused attempt, even in 2000 fast "
    "hand-overs") {
  Directory directory;
  const std::string path = directory / "a.lock";
  // The child acquires and releases the lock as fast as possible, and every 16th time holds it for
  // 2 ms. After a refused attempt, the parent retries only when it receives a report.
  pid_t self = getpid();
  pid_t other = fork();
  if (other == 0) {
    for (int held = 0; getppid() == self;) {
      FileLock lock;
      if (!TryAcquire(path, &lock).ok()) continue;
      if (++held % 16 == 0) usleep(2000);
      CHECK(lock.Release().ok());
    }
    _exit(0);
  }
  Watcher watcher;
  int waited = 0;
  auto end = std::chrono::steady_clock::now() + kTimeLimit;
  for (int acquired = 0; acquired < kHandOvers && std::chrono::steady_clock::now() < end;) {
    WatchScope scope = WatchScope::kFile;
    bool watched = watcher.get()->Watch(1, path, 0, &scope).ok();
    FileLock lock;
    if (TryAcquire(path, &lock).ok()) {
      ++acquired;
      CHECK(lock.Release().ok());
    } else if (watched) {
      ++waited;
      watcher.AwaitReport();
    }
  }
  CHECK(waited > 0);
  CHECK(kill(other, SIGKILL) == 0 && waitpid(other, nullptr, 0) == other);
}

}  // namespace
}  // namespace gateway_lock::test
