// Tests how Windows identifies processes, and how a watch reports a release or an owner's death.
#include <windows.h>

#include <string>
#include <vector>

#include "acquiring.h"
#include "directory.h"
#include "file_lock.h"
#include "process_identity.h"
#include "release_watch.h"
#include "test.h"
#include "test_process.h"
#include "unique_handle.h"

namespace gateway_lock::test {
namespace {

constexpr DWORD kTimeoutMs = 20'000;

// A process that never runs, because it is created suspended.
class SuspendedProcess {
 public:
  SuspendedProcess() {
    wchar_t path[MAX_PATH] = L"";
    CHECK(GetModuleFileNameW(nullptr, path, MAX_PATH) < MAX_PATH);
    STARTUPINFOW startup = {};
    startup.cb = sizeof startup;
    CHECK(CreateProcessW(path, nullptr, nullptr, nullptr, FALSE, CREATE_SUSPENDED, nullptr, nullptr,
                         &startup, &process_));
  }
  ~SuspendedProcess() {
    End();
    CloseHandle(process_.hThread);
    CloseHandle(process_.hProcess);
  }
  SuspendedProcess(const SuspendedProcess&) = delete;
  SuspendedProcess& operator=(const SuspendedProcess&) = delete;

  std::int64_t pid() const { return process_.dwProcessId; }
  void End() const {
    TerminateProcess(process_.hProcess, 1);
    WaitForSingleObject(process_.hProcess, INFINITE);
  }

 private:
  PROCESS_INFORMATION process_ = {};
};

// A ReleaseWatch whose reports a test can wait for.
class Watcher {
 public:
  Watcher() : watch_(Notify, this) {}
  ~Watcher() { CloseHandle(reported_); }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  Status Watch(ReleaseWatch::Token token, const std::string& path, std::int64_t pid) {
    WatchScope scope = WatchScope::kFile;
    Status status = watch_.Watch(token, path, pid, &scope);
    CHECK(!status.ok() || scope == (pid == 0 ? WatchScope::kRelease : WatchScope::kOwner));
    return status;
  }
  bool Reports(ReleaseWatch::Token token) {
    CHECK(WaitForSingleObject(reported_, kTimeoutMs) == WAIT_OBJECT_0);
    for (ReleaseWatch::Token reported : watch_.TakeEvents()) {
      if (reported == token) return true;
    }
    return false;
  }
  bool ReportsOnly(ReleaseWatch::Token token) {
    CHECK(WaitForSingleObject(reported_, kTimeoutMs) == WAIT_OBJECT_0);
    return watch_.TakeEvents() == std::vector<ReleaseWatch::Token>{token};
  }
  void Unwatch(ReleaseWatch::Token token) { watch_.Unwatch(token); }

 private:
  static void Notify(void* self) { SetEvent(static_cast<Watcher*>(self)->reported_); }

  HANDLE reported_ = CreateEventW(nullptr, FALSE, FALSE, nullptr);
  ReleaseWatch watch_;  // declared last, to be destroyed first: it may still call Notify()
};

// Acquires the lock and writes a record, as every holder does.
FileLock AcquireWithRecord(const std::string& path) {
  FileLock lock = Acquire(path);
  CHECK(lock.WriteRecord("{}").ok());
  return lock;
}

TEST("the test's own process is reported as alive, and its start time does not change") {
  ProcessIdentity first = ReadProcess(OwnPid());
  ProcessIdentity second = ReadProcess(OwnPid());
  CHECK(first.alive);
  CHECK(first.start_time != 0);
  CHECK(first.start_time == second.start_time);
  CHECK(first.started_at_ms > 0);
  CHECK(!BootId().empty());
  CHECK(BootId() == BootId());
}

TEST("the command line of the test's own process contains the name of its program") {
  std::string line = CommandLine(OwnPid());
  if (line.empty()) Skip("this system does not report command lines (Wine 8)");
  CHECK(line.find("os_tests") != std::string::npos);
}

// While a handle to an ended process is open, its pid still exists, like a zombie's.
TEST("an ended process counts as dead even if another process has a handle to it") {
  SuspendedProcess process;
  ProcessIdentity alive = ReadProcess(process.pid());
  CHECK(alive.alive);
  process.End();
  ProcessIdentity dead = ReadProcess(process.pid());
  CHECK(!dead.alive);
  CHECK(dead.start_time == alive.start_time);
}

TEST("an invalid pid counts as a dead process without a command line") {
  CHECK(!ReadProcess(0).alive);
  CHECK(!ReadProcess(-1).alive);
  CHECK(!ReadProcess(INT64_MAX).alive);
  CHECK(CommandLine(0).empty());
}

TEST("a watch reports the death of the lock's owner") {
  Directory directory;
  FileLock lock = AcquireWithRecord(directory / "a.lock");
  SuspendedProcess owner;
  Watcher watcher;
  CHECK(watcher.Watch(7, lock.path(), owner.pid()).ok());
  owner.End();
  CHECK(watcher.Reports(7));
}

TEST("a watch reports a release by a living owner") {
  Directory directory;
  FileLock lock = AcquireWithRecord(directory / "a.lock");
  Watcher watcher;
  CHECK(watcher.Watch(7, lock.path(), OwnPid()).ok());
  CHECK(lock.Release().ok());
  CHECK(watcher.Reports(7));
}

TEST("a watch reports a release by an unknown owner") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  Watcher watcher;
  CHECK(watcher.Watch(7, lock.path(), 0).ok());
  CHECK(lock.Release().ok());
  CHECK(watcher.Reports(7));
}

TEST(
    "a watch on an empty lock file of a living holder has the scope kRelease, even with a known "
    "owner") {
  Directory directory;
  FileLock lock = Acquire(directory / "a.lock");
  SuspendedProcess owner;
  WatchScope scope = WatchScope::kFile;
  ReleaseWatch watch([](void*) {}, nullptr);
  CHECK(watch.Watch(7, lock.path(), owner.pid(), &scope).ok());
  CHECK(scope == WatchScope::kRelease);
}

TEST(
    "a watch does not report that another file in the directory is written, but reports the next "
    "release") {
  Directory directory;
  FileLock lock = AcquireWithRecord(directory / "a.lock");
  SuspendedProcess other;
  Watcher watcher;
  CHECK(watcher.Watch(7, lock.path(), OwnPid()).ok());
  CHECK(watcher.Watch(8, lock.path(), other.pid()).ok());
  for (std::size_t size = 1; size <= 20; ++size) {
    WriteFile(directory / "beside.log", std::string(size, 'x'));
    Sleep(5);
  }
  other.End();
  CHECK(watcher.ReportsOnly(8));
  CHECK(lock.Release().ok());
  CHECK(watcher.Reports(7));
}

TEST("a watch does not report an unwatched token, and can use the slot of that token again") {
  Directory directory;
  FileLock lock = AcquireWithRecord(directory / "a.lock");
  SuspendedProcess owner;
  SuspendedProcess other;
  Watcher watcher;
  for (int round = 0; round < 100; ++round) {
    CHECK(watcher.Watch(7, lock.path(), owner.pid()).ok());
    watcher.Unwatch(7);
  }
  CHECK(watcher.Watch(8, lock.path(), other.pid()).ok());
  owner.End();
  other.End();
  CHECK(watcher.Reports(8));
}

TEST("a watch accepts 31 tokens at the same time and refuses a further one") {
  Directory directory;
  FileLock lock = AcquireWithRecord(directory / "a.lock");
  SuspendedProcess owner;
  Watcher watcher;
  for (ReleaseWatch::Token token = 1; token <= 31; ++token) {
    CHECK(watcher.Watch(token, lock.path(), owner.pid()).ok());
  }
  CHECK(!watcher.Watch(32, lock.path(), owner.pid()).ok());
  CHECK(watcher.Watch(31, lock.path(), owner.pid()).ok());
  watcher.Unwatch(1);
  CHECK(watcher.Watch(32, lock.path(), owner.pid()).ok());
}

TEST("watching a missing file fails") {
  Directory directory;
  Watcher watcher;
  for (std::int64_t pid : {std::int64_t{0}, OwnPid()}) {
    CHECK(watcher.Watch(1, directory / "missing.lock", pid).kind == StatusKind::kReplaced);
  }
}

}  // namespace
}  // namespace gateway_lock::test
