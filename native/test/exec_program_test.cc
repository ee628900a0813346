#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "descriptors.h"
#include "directory.h"
#include "exec_program.h"
#include "file_lock.h"
#include "file_system.h"
#include "taking.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// Runs a shell script in the place of a forked child that is prepared first. What it prints,
// without the last newline, and its exit code.
struct Ran {
  std::string output;
  int code = -1;
};

Ran Run(const std::string& script, const std::function<void(Program*)>& prepare) {
  int output[2];
  CHECK(pipe(output) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(dup2(output[1], 1) == 1);
    close(output[0]);
    close(output[1]);
    Program program{"/bin/sh", {"sh", "-c", script}, {"PATH=/usr/bin:/bin"}, {}};
    prepare(&program);
    (void)ExecProgram(program);
    _exit(99);
  }
  close(output[1]);
  Ran ran;
  char buffer[4096];
  for (ssize_t count; (count = read(output[0], buffer, sizeof buffer)) > 0;) {
    ran.output.append(buffer, static_cast<std::size_t>(count));
  }
  close(output[0]);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  if (!ran.output.empty() && ran.output.back() == '\n') ran.output.pop_back();
  return ran;
}

TEST("the new program has the arguments and the environment that it was given, and no others") {
  CHECK(setenv("OURS", "no", 1) == 0);
  Ran ran = Run("echo \"$0 $1 $2|$OURS|$GIVEN\"", [](Program* program) {
    program->arguments = {"sh", "-c", program->arguments[2], "name", "a b", ""};
    program->environment = {"GIVEN=a=b c"};
  });
  CHECK(ran.output == "name a b ||a=b c");
  CHECK(ran.code == 0);
}

TEST("the new program keeps the pid") {
  Ran ran = Run("echo $$", [](Program* program) {
    program->arguments[2] += "; echo " + std::to_string(getpid());
  });
  std::size_t middle = ran.output.find('\n');
  CHECK(middle != std::string::npos);
  CHECK(ran.output.substr(0, middle) == ran.output.substr(middle + 1));
}

// Closes what stood there.
int MoveTo(int number, int fd) {
  if (fd == number) return fd;
  Place(fd, number, FD_CLOEXEC);
  close(fd);
  return number;
}

void CheckOrder(const std::vector<int>& numbers) {
  Directory directory;
  Ran ran = Run("cat <&3; cat <&4; cat <&5", [&](Program* program) {
    int aside[3];
    for (int i = 0; i < 3; i++) {
      const char* name = &"a\0b\0c"[2 * i];
      aside[i] = MoveTo(40 + i, OpenWith(directory / name, name));
    }
    for (std::size_t i = 0; i < 3; i++) {
      program->inherit.push_back(MoveTo(numbers[i], aside[i]));
    }
  });
  CHECK(ran.output == "abc");
}

TEST("what is inherited stands at 3, 4, 5 in that order, wherever it stood before") {
  // Among them places that are overwritten while they are still to be copied, and places that are
  // free.
  const std::vector<std::vector<int>> places = {{3, 4, 5},  {4, 5, 3},    {5, 3, 4},
                                                {4, 3, 20}, {20, 21, 22}, {22, 5, 4}};
  for (const std::vector<int>& numbers : places) CheckOrder(numbers);
}

TEST("one descriptor may be inherited twice") {
  Directory directory;
  Ran ran = Run("read -r first <&3; cat <&4; echo \"$first\"", [&](Program* program) {
    int fd = OpenWith(directory / "a", "one\ntwo\n");
    program->inherit = {fd, fd};
  });
  CHECK(ran.code == 0);
  CHECK(ran.output.find("one") != std::string::npos);
}

TEST("nothing else that is close-on-exec is inherited, not even where it stood at 3") {
  Directory directory;
  Ran ran = Run("for fd in 3 4 5 6 7 8 9; do (true <&$fd) 2>/dev/null && echo $fd; done; true",
                [&](Program* program) {
                  int fd = OpenWith(directory / "a", "a");
                  Place(fd, 3, FD_CLOEXEC);
                  Place(fd, 9, FD_CLOEXEC);
                  program->inherit = {OpenWith(directory / "b", "b")};
                });
  CHECK(ran.output == "3");
}

TEST("a lock that is inherited lives as long as the new program, and no longer") {
  Directory directory;
  const std::string path = directory / "lock";
  int started[2];
  int end[2];
  CHECK(pipe(started) == 0 && pipe(end) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    FileLock lock = Take(path);
    close(end[1]);
    Program program{"/bin/sh",
                    {"sh", "-c", "echo go >&4; read -r _ <&5"},
                    {"PATH=/usr/bin:/bin"},
                    {lock.handle(), started[1], end[0]}};
    (void)ExecProgram(program);
    _exit(99);
  }
  close(started[1]);
  close(end[0]);
  char byte;
  CHECK(read(started[0], &byte, 1) == 1);
  CHECK(IsRefused(path));
  close(end[1]);
  CHECK(waitpid(child, nullptr, 0) == child);
  CHECK(!IsRefused(path));
}

// The flag belongs to the open file description, so that our own copy of it shows what the program
// has.
TEST("the standard streams block in the new program, although they did not before") {
  int stream[2];
  CHECK(pipe(stream) == 0);
  CHECK(fcntl(stream[1], F_SETFL, O_NONBLOCK) == 0);
  Ran ran = Run("echo done", [&](Program*) {
    for (int fd : {0, 2}) Place(stream[1], fd, FD_CLOEXEC);
    CHECK(fcntl(1, F_SETFD, FD_CLOEXEC) == 0);
  });
  CHECK(ran.output == "done");
  CHECK((fcntl(stream[1], F_GETFL) & O_NONBLOCK) == 0);
}

TEST("signals that were ignored or caught are at their defaults in the new program") {
  Ran ran = Run("kill -PIPE $$; echo survived", [](Program*) { signal(SIGPIPE, SIG_IGN); });
  CHECK(ran.code == -SIGPIPE);
  ran = Run("kill -XFSZ $$; echo survived", [](Program*) { signal(SIGXFSZ, SIG_IGN); });
  CHECK(ran.code == -SIGXFSZ);
  ran = Run("kill -TERM $$; echo survived", [](Program*) { signal(SIGTERM, [](int) {}); });
  CHECK(ran.code == -SIGTERM);
}

TEST("a signal that somebody else has ignored stays ignored, as for nohup") {
  Ran ran = Run("kill -HUP $$; echo survived", [](Program*) { signal(SIGHUP, SIG_IGN); });
  CHECK(ran.output == "survived");
}

TEST("a standard stream that is closed stays closed") {
  Ran ran = Run("cat 2>/dev/null || echo closed", [](Program*) { close(0); });
  CHECK(ran.output == "closed");
}

TEST("a program without arguments and without environment starts") {
  Ran ran = Run("", [](Program* program) { *program = {"/bin/true", {"true"}, {}, {}}; });
  CHECK(ran.code == 0);
}

}  // namespace
}  // namespace gateway_lock::test
