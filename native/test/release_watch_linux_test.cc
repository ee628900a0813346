// Tests the thread and the descriptors of a watch, and what a watch does if Linux refuses a system
// call.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "acquiring.h"
#include "directory.h"
#include "idle_child.h"
#include "refused_call_linux.h"
#include "resource_usage.h"
#include "test.h"
#include "watcher.h"

namespace gateway_lock::test {
namespace {

std::set<std::string> NamesIn(const char* path) {
  DIR* directory = opendir(path);
  CHECK(directory != nullptr);
  std::set<std::string> names;
  while (dirent* entry = readdir(directory)) names.insert(entry->d_name);
  closedir(directory);
  return names;
}

// Counts the threads of this process. Starts a thread before the first count, because a sanitizer
// starts its own thread together with a program's first.
int Threads() {
  static std::once_flag once;
  std::call_once(once, [] { std::thread([] {}).join(); });
  return CountThreads();
}

void WaitUntil(const std::function<bool()>& condition) {
  for (int waited_ms = 0; !condition(); ++waited_ms) {
    CHECK(waited_ms < 20'000);
    usleep(1000);
  }
}

bool Contains(const std::vector<Watcher::Token>& tokens, Watcher::Token wanted) {
  return std::find(tokens.begin(), tokens.end(), wanted) != tokens.end();
}

TEST(
    "a ReleaseWatch has one thread while it watches files, and no thread or descriptor before and "
    "after") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  WriteFile(directory / "b.lock", "");
  Watcher watcher;
  int threads = Threads();
  int descriptors = CountDescriptors();
  for (int round = 0; round < 3; ++round) {
    watcher.Watch(1, directory / "a.lock", getpid());
    watcher.Watch(2, directory / "b.lock", getpid());
    CHECK(Threads() == threads + 1);
    watcher.Unwatch(1);
    CHECK(Threads() == threads + 1);
    watcher.Unwatch(2);
    WaitUntil([&] { return Threads() == threads && CountDescriptors() == descriptors; });
  }
}

// Closing an inotify instance takes several milliseconds, during which the next wait would block.
TEST(
    "the thread of a watch stays for 100 ms after the last wait, so that a new wait reuses the "
    "thread") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  Watcher watcher;
  auto threads = [&] {
    watcher.Watch(1, directory / "a.lock");
    std::set<std::string> names = NamesIn("/proc/self/task");
    watcher.Unwatch(1);
    return names;
  };
  // On a busy machine the next wait may begin too late, so one success is enough.
  for (int attempts = 0;; ++attempts) {
    std::set<std::string> before = threads();
    usleep(20'000);
    if (threads() == before) return;
    CHECK(attempts < 50);
  }
}

TEST("concurrent starts, reports and ends of a watch leak no thread and no descriptor") {
  Directory directory;
  Watcher watcher;
  int threads = Threads();
  int descriptors = CountDescriptors();
  for (Watcher::Token round = 1; round <= 500; ++round) {
    WriteFile(directory / "a.lock", "");
    watcher.Watch(round, directory / "a.lock", getpid());
    CHECK(unlink((directory / "a.lock").c_str()) == 0);
    // In every third round, the test reads the report before it ends the watch. In the others the
    // watch may end before or after its report.
    while (round % 3 == 0 && !Contains(watcher.AwaitReport(), round)) continue;
    watcher.Unwatch(round);
  }
  WaitUntil([&] { return Threads() == threads && CountDescriptors() == descriptors; });
}

// Tries up to 50 times, because the thread waits for the close for 1 ms only.
TEST("a watch reports a truncated file after the close that follows") {
  Directory directory;
  Watcher watcher;
  bool closed_first = false;
  for (Watcher::Token round = 1; round <= 50 && !closed_first; ++round) {
    WriteFile(directory / "a.lock", "mine\n");
    FileHandle holder(open((directory / "a.lock").c_str(), O_RDWR | O_CLOEXEC));
    watcher.Watch(round, directory / "a.lock", getpid());
    std::atomic<bool> closes{false};
    std::thread release([&] {
      CHECK(ftruncate(static_cast<int>(holder.get()), 0) == 0);
      usleep(300);
      closes = true;
      holder.Reset();
    });
    CHECK(watcher.AwaitReport() == std::vector<Watcher::Token>{round});
    closed_first = closes;
    release.join();
  }
  CHECK(closed_first);
}

TEST("the thread of a watch receives no signals") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  Watcher watcher;
  watcher.Watch(1, directory / "a.lock");
  static volatile sig_atomic_t handled = 0;
  signal(SIGUSR1, [](int) { handled = 1; });
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  CHECK(kill(getpid(), SIGUSR1) == 0);
  CHECK(watcher.HasNoReport(directory / "sentinel"));
  CHECK(handled == 0);
  pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  CHECK(handled == 1);
}

TEST(
    "a watch reports the owner's death even without pidfd_open() (before Linux 5.3, or refused by "
    "seccomp)") {
  Directory directory;
  Watcher watcher;
  FileLock lock;
  IdleChild holder([&] { lock = Acquire(directory / "a.lock"); });
  Refuse(434, ENOSYS);  // pidfd_open
  CHECK(watcher.Watch(1, directory / "a.lock", holder.pid()) == WatchScope::kFile);
  holder.End();
  CHECK(watcher.AwaitReport().size() == 1);
}

TEST(
    "a watch that reaches the limit of descriptors fails with EMFILE and leaks no thread and no "
    "descriptor") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  Watcher watcher;
  int threads = Threads();
  int descriptors = CountDescriptors();
  rlimit before = {};
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  for (int free = 0; free < 4; ++free) {
    int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
    close(next);
    rlimit low = {static_cast<rlim_t>(next + free), before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    WatchScope scope = WatchScope::kFile;
    Status status = watcher.get()->Watch(1, directory / "a.lock", 0, &scope);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(status.ok() == (free == 3));
    CHECK(status.ok() || status.sys_code == EMFILE);
    watcher.Unwatch(1);
    WaitUntil([&] { return Threads() == threads && CountDescriptors() == descriptors; });
  }
}

int FindEpoll() {
  for (int fd = 0; fd < 1024; ++fd) {
    char target[64] = "";
    std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (readlink(link.c_str(), target, sizeof target - 1) < 0) continue;
    if (std::string(target) == "anon_inode:[eventpoll]") return fd;
  }
  return -1;
}

// Some programs close all descriptors that they have not opened themselves, including a watch's.
TEST("a watch whose descriptors were closed by the program ends and can be started again") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  WriteFile(directory / "b.lock", "");
  Watcher watcher;
  int threads = Threads();
  watcher.Watch(1, directory / "a.lock", getpid());
  watcher.Watch(2, directory / "b.lock", getpid());
  FileHandle nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK(dup2(static_cast<int>(nothing.get()), FindEpoll()) >= 0);
  // Wakes the watcher thread if it still sleeps in the old epoll instance.
  CHECK(unlink((directory / "b.lock").c_str()) == 0);
  WaitUntil([&] { return Threads() == threads; });
  (void)watcher.get()->TakeEvents();
  watcher.Unwatch(1);
  watcher.Unwatch(2);
  watcher.Watch(3, directory / "a.lock", getpid());
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  std::vector<Watcher::Token> reported = watcher.AwaitReport();
  // The first report may be the one about b.lock.
  if (reported.empty()) reported = watcher.AwaitReport();
  CHECK(Contains(reported, 3));
}

TEST("a watch that cannot start its thread fails with EAGAIN and leaks no descriptor") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  Watcher watcher;
  int descriptors = CountDescriptors();
  // 435 is clone3. libc falls back to clone only if clone3 fails with ENOSYS.
  Refuse(435, EAGAIN);
  WatchScope scope = WatchScope::kFile;
  Status status = watcher.get()->Watch(1, directory / "a.lock", 0, &scope);
  if (status.ok()) Skip("this libc starts a thread without clone3");
  CHECK(status.sys_code == EAGAIN);
  CHECK(CountDescriptors() == descriptors);
}

}  // namespace
}  // namespace gateway_lock::test
