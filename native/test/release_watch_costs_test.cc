// What a watch costs on every system, while it waits and when it has ended.
#include <string>
#include <thread>

#include "directory.h"
#include "process_costs.h"
#include "release_watch.h"
#include "test.h"
#include "test_process.h"

namespace gateway_lock::test {
namespace {

constexpr unsigned kHoldMs = 3000;
constexpr double kMostCpuMs = 100;

void Ignore(void* /*context*/) {}

void WatchOnce(ReleaseWatch* watch, const std::string& path, std::int64_t owner_pid) {
  WatchScope scope = WatchScope::kFile;
  CHECK(watch->Watch(1, path, owner_pid, &scope).ok());
}

// Interrupting a kqueue once left it awake for good: 3,003 ms of CPU in 3 s (EVFILT_USER without
// EV_CLEAR).
TEST("after a wait has ended, 3 s of holding use less than 100 ms of CPU") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  ReleaseWatch watch(Ignore, nullptr);
  WatchOnce(&watch, directory / "a.lock", 0);
  watch.Unwatch(1);
  double before = CpuMs();
  SleepMs(kHoldMs);
  CHECK(CpuMs() - before < kMostCpuMs);
}

TEST("3 s of waiting, interrupted once, use less than 100 ms of CPU") {
  Directory directory;
  WriteFile(directory / "a.lock", "owner");
  ReleaseWatch watch(Ignore, nullptr);
  WatchOnce(&watch, directory / "a.lock", OwnPid());
  watch.Unwatch(1);
  WatchOnce(&watch, directory / "a.lock", OwnPid());
  double before = CpuMs();
  SleepMs(kHoldMs);
  CHECK(CpuMs() - before < kMostCpuMs);
}

TEST("threads and descriptors return to their counts after each wait") {
  Directory directory;
  WriteFile(directory / "a.lock", "");
  ReleaseWatch watch(Ignore, nullptr);
  // A sanitizer, or the C library, keeps something of the first thread and of the first watch.
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
    for (int tries = 0; CountThreads() > threads || CountDescriptors() > descriptors; ++tries) {
      CHECK(tries < 20'000);
      SleepMs(1);
    }
  }
}

}  // namespace
}  // namespace gateway_lock::test
