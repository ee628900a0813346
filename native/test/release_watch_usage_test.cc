// Tests how much CPU time and how many threads and descriptors a watch uses, during and after it.
#include <string>
#include <thread>

#include "directory.h"
#include "release_watch.h"
#include "resource_usage.h"
#include "test.h"
#include "test_process.h"

namespace gateway_lock::test {
namespace {

constexpr unsigned kMeasuredMs = 3000;
// A third of the time. A thread that never sleeps uses all of it, and sanitizers use some.
constexpr double kMaxCpuMs = kMeasuredMs / 3.0;

void Ignore(void* /*context*/) {}

void WatchOnce(ReleaseWatch* watch, const std::string& path, std::int64_t owner_pid) {
  WatchScope scope = WatchScope::kFile;
  CHECK(watch->Watch(1, path, owner_pid, &scope).ok());
}

// Without EV_CLEAR on its EVFILT_USER event, an interrupted kqueue never sleeps again and uses
// 3,003 ms of CPU time in 3 s.
TEST("after a watch has ended, the process sleeps") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  ReleaseWatch watch(Ignore, nullptr);
  WatchOnce(&watch, directory / "a.lock", 0);
  watch.Unwatch(1);
  double before = CpuMs();
  SleepMs(kMeasuredMs);
  CHECK(CpuMs() - before < kMaxCpuMs);
}

TEST("a watch that was interrupted once sleeps") {
  Directory directory;
  WriteFile(directory / "a.lock", "owner");
  ReleaseWatch watch(Ignore, nullptr);
  WatchOnce(&watch, directory / "a.lock", OwnPid());
  watch.Unwatch(1);
  WatchOnce(&watch, directory / "a.lock", OwnPid());
  double before = CpuMs();
  SleepMs(kMeasuredMs);
  CHECK(CpuMs() - before < kMaxCpuMs);
}

TEST("a process has the same number of threads and descriptors after each watch as before") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  ReleaseWatch watch(Ignore, nullptr);
  // Starts a thread and a watch before the first count, because this makes a sanitizer or the C
  // library allocate resources that are never freed.
  std::thread([] {}).join();
  WatchOnce(&watch, directory / "a.lock", OwnPid());
  watch.Unwatch(1);
  SleepMs(500);
  int threads = CountThreads();
  int descriptors = CountDescriptors();
  for (int round = 0; round < 20; ++round) {
    WatchOnce(&watch, directory / "a.lock", OwnPid());
    CHECK(CountThreads() > threads);
    watch.Unwatch(1);
    for (int waited = 0; CountThreads() > threads || CountDescriptors() > descriptors; ++waited) {
      CHECK(waited < 20'000);
      SleepMs(1);
    }
  }
}

}  // namespace
}  // namespace gateway_lock::test
