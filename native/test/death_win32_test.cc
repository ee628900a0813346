// What can be known of another process on Windows, and how its death and a release are reported.
#include <windows.h>

#include <string>
#include <vector>

#include "directory.h"
#include "file_lock.h"
#include "process_identity.h"
#include "release_watch.h"
#include "taking.h"
#include "test.h"
#include "test_process.h"
#include "unique_handle.h"

namespace gateway_lock::test {
namespace {

constexpr DWORD kReportLimitMs = 20'000;

// A process that has not begun to run, and never will.
class Suspended {
 public:
  Suspended() {
    wchar_t path[MAX_PATH] = L"";
    CHECK(GetModuleFileNameW(nullptr, path, MAX_PATH) < MAX_PATH);
    STARTUPINFOW startup = {};
    startup.cb = sizeof startup;
    CHECK(CreateProcessW(path, nullptr, nullptr, nullptr, FALSE, CREATE_SUSPENDED, nullptr, nullptr,
                         &startup, &process_));
  }
  ~Suspended() {
    End();
    CloseHandle(process_.hThread);
    CloseHandle(process_.hProcess);
  }
  Suspended(const Suspended&) = delete;
  Suspended& operator=(const Suspended&) = delete;

  std::int64_t pid() const { return process_.dwProcessId; }
  void End() const {
    TerminateProcess(process_.hProcess, 1);
    WaitForSingleObject(process_.hProcess, INFINITE);
  }

 private:
  PROCESS_INFORMATION process_ = {};
};

// A watch whose reports a test can wait for.
class Watching {
 public:
  Watching() : watch_(Notify, this) {}
  ~Watching() { CloseHandle(reported_); }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  Status Watch(ReleaseWatch::Token token, const std::string& path, std::int64_t pid) {
    WatchScope scope = WatchScope::kFile;
    Status status = watch_.Watch(token, path, pid, &scope);
    CHECK(!status.ok() || scope == (pid == 0 ? WatchScope::kRelease : WatchScope::kOwner));
    return status;
  }
  bool Reports(ReleaseWatch::Token token) {
    CHECK(WaitForSingleObject(reported_, kReportLimitMs) == WAIT_OBJECT_0);
    for (ReleaseWatch::Token one : watch_.TakeEvents()) {
      if (one == token) return true;
    }
    return false;
  }
  bool ReportsOnly(ReleaseWatch::Token token) {
    CHECK(WaitForSingleObject(reported_, kReportLimitMs) == WAIT_OBJECT_0);
    return watch_.TakeEvents() == std::vector<ReleaseWatch::Token>{token};
  }
  void Unwatch(ReleaseWatch::Token token) { watch_.Unwatch(token); }

 private:
  static void Notify(void* self) { SetEvent(static_cast<Watching*>(self)->reported_); }

  HANDLE reported_ = CreateEventW(nullptr, FALSE, FALSE, nullptr);
  ReleaseWatch watch_;  // ended first
};

// As a holder has it: the record that names him is in the file.
FileLock TakeWithRecord(const std::string& path) {
  FileLock lock = Take(path);
  CHECK(lock.WriteRecord("{}").ok());
  return lock;
}

TEST("this process lives, since a time that does not change") {
  ProcessIdentity first = ReadProcess(OwnPid());
  ProcessIdentity second = ReadProcess(OwnPid());
  CHECK(first.alive);
  CHECK(first.start_time != 0);
  CHECK(first.start_time == second.start_time);
  CHECK(first.started_at_ms > 0);
  CHECK(!BootId().empty());
  CHECK(BootId() == BootId());
}

TEST("the command line of this process names its program") {
  std::string line = CommandLine(OwnPid());
  if (line.empty()) Skip("this system does not tell command lines (Wine 8)");
  CHECK(line.find("os_tests") != std::string::npos);
}

// Its pid is kept as long as somebody has a handle to it, as a zombie's is.
TEST("a process that has ended is dead while somebody still has its handle") {
  Suspended process;
  ProcessIdentity alive = ReadProcess(process.pid());
  CHECK(alive.alive);
  process.End();
  ProcessIdentity dead = ReadProcess(process.pid());
  CHECK(!dead.alive);
  CHECK(dead.start_time == alive.start_time);
}

TEST("no process has a pid that is none, or too large for one") {
  CHECK(!ReadProcess(0).alive);
  CHECK(!ReadProcess(-1).alive);
  CHECK(!ReadProcess(INT64_MAX).alive);
  CHECK(CommandLine(0).empty());
}

TEST("the death of the owner is reported, once") {
  Directory directory;
  FileLock lock = TakeWithRecord(directory / "a.lock");
  Suspended owner;
  Watching watching;
  CHECK(watching.Watch(7, lock.path(), owner.pid()).ok());
  owner.End();
  CHECK(watching.Reports(7));
}

TEST("a release by an owner who lives on is reported") {
  Directory directory;
  FileLock lock = TakeWithRecord(directory / "a.lock");
  Watching watching;
  CHECK(watching.Watch(7, lock.path(), OwnPid()).ok());
  CHECK(lock.Release().ok());
  CHECK(watching.Reports(7));
}

TEST("a release by an owner whom nobody knows is reported") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  Watching watching;
  CHECK(watching.Watch(7, lock.path(), 0).ok());
  CHECK(lock.Release().ok());
  CHECK(watching.Reports(7));
}

TEST(
    "of an emptied file, which may not be removed, no more than the owner's death is sure to be "
    "seen") {
  Directory directory;
  FileLock lock = Take(directory / "a.lock");
  Suspended owner;
  WatchScope scope = WatchScope::kFile;
  ReleaseWatch watch([](void*) {}, nullptr);
  CHECK(watch.Watch(7, lock.path(), owner.pid(), &scope).ok());
  CHECK(scope == WatchScope::kRelease);
}

TEST("what others write beside the file is not reported, and the release after it is") {
  Directory directory;
  FileLock lock = TakeWithRecord(directory / "a.lock");
  Suspended other;
  Watching watching;
  CHECK(watching.Watch(7, lock.path(), OwnPid()).ok());
  CHECK(watching.Watch(8, lock.path(), other.pid()).ok());
  for (std::size_t size = 1; size <= 20; ++size) {
    WriteFile(directory / "beside.log", std::string(size, 'x'));
    Sleep(5);
  }
  other.End();
  CHECK(watching.ReportsOnly(8));
  CHECK(lock.Release().ok());
  CHECK(watching.Reports(7));
}

TEST("one that is watched no longer is not reported, and its place is free again") {
  Directory directory;
  FileLock lock = TakeWithRecord(directory / "a.lock");
  Suspended owner;
  Suspended other;
  Watching watching;
  for (int round = 0; round < 100; ++round) {
    CHECK(watching.Watch(7, lock.path(), owner.pid()).ok());
    watching.Unwatch(7);
  }
  CHECK(watching.Watch(8, lock.path(), other.pid()).ok());
  owner.End();
  other.End();
  CHECK(watching.Reports(8));
}

TEST("31 are watched at once, and the next one is told that it is not") {
  Directory directory;
  FileLock lock = TakeWithRecord(directory / "a.lock");
  Suspended owner;
  Watching watching;
  for (ReleaseWatch::Token token = 1; token <= 31; ++token) {
    CHECK(watching.Watch(token, lock.path(), owner.pid()).ok());
  }
  CHECK(!watching.Watch(32, lock.path(), owner.pid()).ok());
  CHECK(watching.Watch(31, lock.path(), owner.pid()).ok());
  watching.Unwatch(1);
  CHECK(watching.Watch(32, lock.path(), owner.pid()).ok());
}

TEST("a file that is not there is not watched") {
  Directory directory;
  Watching watching;
  for (std::int64_t pid : {std::int64_t{0}, OwnPid()}) {
    CHECK(watching.Watch(1, directory / "missing.lock", pid).kind == StatusKind::kReplaced);
  }
}

}  // namespace
}  // namespace gateway_lock::test
