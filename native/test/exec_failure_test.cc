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
#include "test.h"

namespace gateway_lock::test {
namespace {

// What a failed execve() must leave as it was.
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

int CountDescriptors() {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

State Look() {
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

// At 3 a file that a child inherits, at 4 nothing; a handler of the program's own.
int Furnish(const Directory& directory) {
  int fd = fcntl(OpenWith(directory / "at3", "at3"), F_DUPFD_CLOEXEC, 30);
  Place(fd, 3, 0);
  close(4);
  int inherited = fcntl(OpenWith(directory / "lock", "lock"), F_DUPFD_CLOEXEC, 40);
  close(4);
  signal(SIGPIPE, OurHandler);
  signal(SIGXFSZ, SIG_IGN);
  CHECK(fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK) == 0);
  return inherited;
}

void FailsAndChangesNothing(const std::string& path, int code) {
  int flags = fcntl(1, F_GETFL);
  Directory directory;
  int inherited = Furnish(directory);
  State before = Look();
  Status status = ExecProgram({path, {"name"}, {}, {inherited, inherited}});
  CHECK(status.kind == StatusKind::kSystemError);
  CHECK(status.sys_code == code);
  CHECK(std::string(status.syscall) == "execve");
  CHECK(Same(before, Look()));
  (void)fcntl(1, F_SETFL, flags);
}

TEST("when there is no such program, nothing has changed") {
  FailsAndChangesNothing("/no/such/program", ENOENT);
}

TEST("when the program is not executable, nothing has changed") {
  Directory directory;
  WriteFile(directory / "plain", "#!/bin/sh\n");
  FailsAndChangesNothing(directory / "plain", EACCES);
}

TEST("when the program is a directory, nothing has changed") {
  Directory directory;
  FailsAndChangesNothing(directory.path(), EACCES);
}

TEST("when the program is no program, nothing has changed") {
  Directory directory;
  const std::string path = directory / "text";
  WriteFile(path, "neither ELF nor #!\n");
  CHECK(chmod(path.c_str(), 0755) == 0);
  FailsAndChangesNothing(path, ENOEXEC);
}

TEST("when it fails as often as one likes, no descriptor is lost") {
  for (int i = 0; i < 300; i++) FailsAndChangesNothing("/no/such/program", ENOENT);
}

// The first copy succeeds and the second one, of what stood at 3, does not: going on would lose it.
TEST("when no descriptor is left for the copies, nothing has changed") {
  Directory directory;
  int inherited = Furnish(directory);
  rlimit before = {};
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  for (rlim_t limit = 3; limit < 60; limit++) {
    State state = Look();
    rlimit low = {limit, before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    Status status = ExecProgram({"/no/such/program", {"name"}, {}, {inherited}});
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(status.kind == StatusKind::kSystemError);
    CHECK(Same(state, Look()));
  }
}

TEST("when a descriptor to inherit is closed, that is the error, and nothing has changed") {
  Directory directory;
  Furnish(directory);
  State before = Look();
  Status status = ExecProgram({"/bin/true", {"true"}, {}, {200}});
  CHECK(status.kind == StatusKind::kSystemError);
  CHECK(status.sys_code == EBADF);
  CHECK(Same(before, Look()));
}

// Otherwise the new program would have the copy in place of an error.
TEST("a closed descriptor to inherit is an error, even if a copy gets its number") {
  Directory directory;
  int inherited = Furnish(directory);
  int next_copy = fcntl(inherited, F_DUPFD_CLOEXEC, 5);
  close(next_copy);
  State before = Look();
  Status status = ExecProgram({"/bin/true", {"true"}, {}, {inherited, next_copy}});
  CHECK(status.sys_code == EBADF);
  CHECK(Same(before, Look()));
}

// With 2>&1 both streams are one open file, and what is put back last counts.
TEST("standard streams that share one open file get its flags back") {
  Directory directory;
  int inherited = Furnish(directory);
  CHECK(dup2(1, 2) == 2);
  State before = Look();
  CHECK(!ExecProgram({"/no/such/program", {"name"}, {}, {inherited}}).ok());
  CHECK(Same(before, Look()));
}

}  // namespace
}  // namespace gateway_lock::test
