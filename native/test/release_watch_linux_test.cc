// What the watch costs, and what becomes of it where Linux refuses a part.
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "directory.h"
#include "processes.h"
#include "taking.h"
#include "test.h"
#include "watching.h"

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

// A sanitizer starts a thread of its own with the first that the program starts, so there is one
// before anything is counted.
int Threads() {
  static std::once_flag once;
  std::call_once(once, [] { std::thread([] {}).join(); });
  return static_cast<int>(NamesIn("/proc/self/task").size());
}
int Descriptors() { return static_cast<int>(NamesIn("/proc/self/fd").size()); }

void WaitUntil(const std::function<bool()>& condition) {
  for (int tries = 0; !condition(); ++tries) {
    CHECK(tries < 20'000);
    usleep(1000);
  }
}

bool Contains(const std::vector<Watcher::Token>& tokens, Watcher::Token wanted) {
  return std::find(tokens.begin(), tokens.end(), wanted) != tokens.end();
}

TEST("one thread while anything is watched, none before and after, and no descriptor is left") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  WriteFile(directory / "b.lock", "");
  Watcher watcher;
  int threads = Threads();
  int descriptors = Descriptors();
  for (int round = 0; round < 3; ++round) {
    watcher.Watch(1, directory / "a.lock", getpid());
    watcher.Watch(2, directory / "b.lock", getpid());
    CHECK(Threads() == threads + 1);
    watcher.Unwatch(1);
    CHECK(Threads() == threads + 1);
    watcher.Unwatch(2);
    WaitUntil([&] { return Threads() == threads && Descriptors() == descriptors; });
  }
}

// Closing what has watched takes the kernel milliseconds, which the next who waits would wait for.
TEST("the thread stays for a moment, and who waits again by then finds it") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  Watcher watcher;
  auto threads = [&] {
    watcher.Watch(1, directory / "a.lock");
    std::set<std::string> names = NamesIn("/proc/self/task");
    watcher.Unwatch(1);
    return names;
  };
  // On a busy machine the moment may be over, so it counts when it is met once.
  for (int tries = 0;; ++tries) {
    std::set<std::string> before = threads();
    usleep(20'000);
    if (threads() == before) return;
    CHECK(tries < 50);
  }
}

TEST("starting, reporting and ending at the same time loses neither thread nor descriptor") {
  Directory directory;
  Watcher watcher;
  int threads = Threads();
  int descriptors = Descriptors();
  for (Watcher::Token round = 1; round <= 500; ++round) {
    WriteFile(directory / "a.lock", "");
    watcher.Watch(round, directory / "a.lock", getpid());
    CHECK(unlink((directory / "a.lock").c_str()) == 0);
    // Sometimes it ends before it has reported, sometimes after, and what it reported is not read.
    while (round % 3 == 0 && !Contains(watcher.Next(), round)) continue;
    watcher.Unwatch(round);
  }
  WaitUntil([&] { return Threads() == threads && Descriptors() == descriptors; });
}

TEST("the watch's thread takes none of the program's signals") {
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
  CHECK(watcher.IsQuiet(directory / "marker"));
  CHECK(handled == 0);
  pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  CHECK(handled == 1);
}

// Answers one system call with an error, for this process and for good.
void Refuse(unsigned call, unsigned code) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program = {static_cast<unsigned short>(sizeof filter / sizeof filter[0]), filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    Skip("this kernel has no seccomp filters to refuse a system call with");
  }
}

TEST(
    "without pidfd_open (before Linux 5.3, or refused by seccomp) the death of the owner is seen") {
  Directory directory;
  Watcher watcher;
  FileLock lock;
  StandingChild holder([&] { lock = Take(directory / "a.lock"); });
  Refuse(434, ENOSYS);
  CHECK(watcher.Watch(1, directory / "a.lock", holder.pid()) == WatchScope::kFile);
  holder.End();
  CHECK(watcher.Next().size() == 1);
}

TEST("at the limit of descriptors nothing is watched, and nothing is left open or running") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  Watcher watcher;
  int threads = Threads();
  int descriptors = Descriptors();
  rlimit before = {};
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  for (int room = 0; room < 4; ++room) {
    int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
    close(next);
    rlimit narrow = {static_cast<rlim_t>(next + room), before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &narrow) == 0);
    WatchScope scope = WatchScope::kFile;
    Status status = watcher.get()->Watch(1, directory / "a.lock", 0, &scope);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(status.ok() == (room == 3));
    CHECK(status.ok() || status.sys_code == EMFILE);
    watcher.Unwatch(1);
    WaitUntil([&] { return Threads() == threads && Descriptors() == descriptors; });
  }
}

int Poller() {
  for (int fd = 0; fd < 1024; ++fd) {
    char target[64] = "";
    std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (readlink(link.c_str(), target, sizeof target - 1) < 0) continue;
    if (std::string(target) == "anon_inode:[eventpoll]") return fd;
  }
  return -1;
}

// As a program does that closes all descriptors which it does not know.
TEST("a watch whose descriptors were taken away ends, can be told so, and can begin anew") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  WriteFile(directory / "b.lock", "");
  // The watch of the test before may be ending still.
  WaitUntil([] { return Poller() < 0; });
  Watcher watcher;
  int threads = Threads();
  watcher.Watch(1, directory / "a.lock", getpid());
  watcher.Watch(2, directory / "b.lock", getpid());
  FileHandle nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK(dup2(static_cast<int>(nothing.get()), Poller()) >= 0);
  // Wakes it, if it sleeps already in the one that it had.
  CHECK(unlink((directory / "b.lock").c_str()) == 0);
  WaitUntil([&] { return Threads() == threads; });
  (void)watcher.get()->TakeEvents();
  watcher.Unwatch(1);
  watcher.Unwatch(2);
  watcher.Watch(3, directory / "a.lock", getpid());
  CHECK(unlink((directory / "a.lock").c_str()) == 0);
  std::vector<Watcher::Token> reported = watcher.Next();
  // What was told of the second file.
  if (reported.empty()) reported = watcher.Next();
  CHECK(Contains(reported, 3));
}

TEST("without threads to be had nothing is watched, and nothing is left open") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  Watcher watcher;
  int descriptors = Descriptors();
  // clone3 as well: newer libcs ask for it first and take the older one for its errors but ENOSYS.
  Refuse(435, EAGAIN);
  WatchScope scope = WatchScope::kFile;
  Status status = watcher.get()->Watch(1, directory / "a.lock", 0, &scope);
  if (status.ok()) Skip("this libc starts a thread without clone3");
  CHECK(status.sys_code == EAGAIN);
  CHECK(Descriptors() == descriptors);
}

}  // namespace
}  // namespace gateway_lock::test
