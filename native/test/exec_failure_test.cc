#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "descriptors.h"
#include "directory.h"
#include "exec_program.h"
#include "resource_usage.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// The process state that a failed execve() must not change.
struct State {
  std::string at3, at4;
  int flags3, flags4, status1, flags1;
  void (*sigpipe)(int);
  void (*sigxfsz)(int);
  int descriptors;
};

void (*HandlerOf(int number))(int) {
  struct sigaction action = {};
  CHECK(sigaction(number, nullptr, &action) == 0);
  return action.sa_handler;
}

State CurrentState() {
  return {ContentOf(3),       ContentOf(4),       fcntl(3, F_GETFD),
          fcntl(4, F_GETFD),  fcntl(1, F_GETFL),  fcntl(1, F_GETFD),
          HandlerOf(SIGPIPE), HandlerOf(SIGXFSZ), CountDescriptors()};
}

bool Same(const State& a, const State& b) {
  return a.at3 == b.at3 && a.at4 == b.at4 && a.flags3 == b.flags3 && a.flags4 == b.flags4 &&
         a.status1 == b.status1 && a.flags1 == b.flags1 && a.sigpipe == b.sigpipe &&
         a.sigxfsz == b.sigxfsz && a.descriptors == b.descriptors;
}

void OurHandler(int) {}

// Opens descriptor 3, which a child inherits, closes descriptor 4, and sets signal handlers and
// O_NONBLOCK. Returns another descriptor, for the program to inherit.
int PrepareState(const Directory& directory) {
  int fd = fcntl(OpenWith(directory / "at3", "at3"), F_DUPFD_CLOEXEC, 30);
  DuplicateTo(fd, 3, 0);
  close(4);
  int inherited = fcntl(OpenWith(directory / "lock", "lock"), F_DUPFD_CLOEXEC, 40);
  close(4);
  signal(SIGPIPE, OurHandler);
  signal(SIGXFSZ, SIG_IGN);
  CHECK(fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK) == 0);
  return inherited;
}

void CheckFailure(const std::string& path, int code) {
  int flags = fcntl(1, F_GETFL);
  Directory directory;
  int inherited = PrepareState(directory);
  State before = CurrentState();
  Status status = ExecProgram({path, {"name"}, {}, {inherited, inherited}});
  CHECK(status.kind == StatusKind::kSystemError);
  CHECK(status.sys_code == code);
  CHECK(std::string(status.syscall) == "execve");
  CHECK(Same(before, CurrentState()));
  (void)fcntl(1, F_SETFL, flags);
}

TEST("running a missing program fails with ENOENT and changes nothing in the process") {
  CheckFailure("/no/such/program", ENOENT);
}

TEST(
    "running a file without the execute permission fails with EACCES and changes nothing in the "
    "process") {
  Directory directory;
  WriteFile(directory / "plain", "#!/bin/sh\n");
  CheckFailure(directory / "plain", EACCES);
}

TEST("running a directory fails with EACCES and changes nothing in the process") {
  Directory directory;
  CheckFailure(directory.path(), EACCES);
}

TEST("running a file that is not a program fails with ENOEXEC and changes nothing in the process") {
  Directory directory;
  const std::string path = directory / "text";
  WriteFile(path, "neither ELF nor #!\n");
  CHECK(chmod(path.c_str(), 0755) == 0);
  CheckFailure(path, ENOEXEC);
}

TEST("300 failed attempts to run a program leak no descriptor") {
  for (int i = 0; i < 300; i++) CheckFailure("/no/such/program", ENOENT);
}

// If descriptor 3 cannot be copied, execve() must not be called, because the descriptor could not
// be restored afterwards.
TEST("an attempt to run a program that runs out of descriptors changes nothing in the process") {
  Directory directory;
  int inherited = PrepareState(directory);
  rlimit before = {};
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  for (rlim_t limit = 3; limit < 60; limit++) {
    State state = CurrentState();
    rlimit low = {limit, before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    Status status = ExecProgram({"/no/such/program", {"name"}, {}, {inherited}});
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(status.kind == StatusKind::kSystemError);
    CHECK(Same(state, CurrentState()));
  }
}

TEST(
    "passing a closed descriptor to a program fails with EBADF and changes nothing in the "
    "process") {
  Directory directory;
  PrepareState(directory);
  State before = CurrentState();
  Status status = ExecProgram({"/bin/true", {"true"}, {}, {200}});
  CHECK(status.kind == StatusKind::kSystemError);
  CHECK(status.sys_code == EBADF);
  CHECK(Same(before, CurrentState()));
}

// Otherwise the new program would receive an internal copy instead of the descriptor.
TEST(
    "running a program with a closed descriptor to inherit fails, even if a copy gets its number") {
  Directory directory;
  int inherited = PrepareState(directory);
  int next_copy = fcntl(inherited, F_DUPFD_CLOEXEC, 5);
  close(next_copy);
  State before = CurrentState();
  Status status = ExecProgram({"/no/such/program", {"name"}, {}, {inherited, next_copy}});
  CHECK(status.sys_code == EBADF);
  CHECK(Same(before, CurrentState()));
}

// With 2>&1 stdout and stderr share one open file, so the flags that are restored last apply to
// both.
TEST(
    "a failed attempt to run a program restores the flags of standard streams that share one open "
    "file") {
  Directory directory;
  int inherited = PrepareState(directory);
  CHECK(dup2(1, 2) == 2);
  State before = CurrentState();
  CHECK(!ExecProgram({"/no/such/program", {"name"}, {}, {inherited}}).ok());
  CHECK(Same(before, CurrentState()));
}

}  // namespace
}  // namespace gateway_lock::test
