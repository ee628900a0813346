// How soon a waiter hears of a release by a holder that lives on: Windows tells of a file in its
// own time.
#include <windows.h>

#include <atomic>
#include <chrono>
#include <string>

#include "directory.h"
#include "process_costs.h"
#include "release_watch.h"
#include "taking.h"
#include "test.h"
#include "test_process.h"
#include "win32_file.h"

namespace gateway_lock::test {
namespace {

constexpr int kSoonMs = 250;
constexpr int kPatienceMs = 20'000;
constexpr int kTries = 5;

void Tell(void* told) { *static_cast<std::atomic<bool>*>(told) = true; }

// Milliseconds from `release` until the report.
int ReportedAfter(const std::string& path, std::int64_t owner_pid, void (*release)(FileLock*)) {
  FileLock lock = Take(path);
  CHECK(lock.WriteRecord("an owner\n").ok());
  std::atomic<bool> told = false;
  ReleaseWatch watch(Tell, &told);
  WatchScope scope = WatchScope::kFile;
  CHECK(watch.Watch(1, path, owner_pid, &scope).ok());
  SleepMs(20);
  CHECK(!told);
  auto start = std::chrono::steady_clock::now();
  release(&lock);
  auto age = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  };
  while (!told && age().count() < kPatienceMs) SleepMs(1);
  CHECK(told);
  return static_cast<int>(age().count());
}

// A busy machine may be late by itself, so one of some tries counts.
bool IsReportedSoon(std::int64_t owner_pid, void (*release)(FileLock*)) {
  Directory directory;
  for (int tries = 0; tries < kTries; ++tries) {
    if (ReportedAfter(directory / "a.lock", owner_pid, release) <= kSoonMs) return true;
  }
  return false;
}

// As a holder does that keeps its file: truncate, unlock, close.
void KeepFile(FileLock* lock) {
  FILE_END_OF_FILE_INFO end = {};
  HANDLE file = reinterpret_cast<HANDLE>(lock->handle());
  CHECK(SetFileInformationByHandle(file, FileEndOfFileInfo, &end, sizeof end));
  lock->Unlock();
}

TEST(
    "a release that keeps the file wakes a waiter within 250 ms, whether its owner is known or "
    "not") {
  CHECK(IsReportedSoon(OwnPid(), KeepFile));
  CHECK(IsReportedSoon(0, KeepFile));
}

TEST("a release that removes the file wakes a waiter within 250 ms") {
  auto remove = [](FileLock* lock) { CHECK(lock->Release().ok()); };
  CHECK(IsReportedSoon(OwnPid(), remove));
  CHECK(IsReportedSoon(0, remove));
}

}  // namespace
}  // namespace gateway_lock::test
