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

#include "acquiring.h"
#include "descriptors.h"
#include "directory.h"
#include "exec_program.h"
#include "file_lock.h"
#include "file_system.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

struct Result {
  std::string output;  // without the last newline
  int code = -1;       // the exit code, or the negative number of the signal
};

// Forks a child, calls `prepare` in it, and replaces it with a shell that runs the script.
Result Run(const std::string& script, const std::function<void(Program*)>& prepare) {
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
  Result result;
  char buffer[4096];
  for (ssize_t count; (count = read(output[0], buffer, sizeof buffer)) > 0;) {
    result.output.append(buffer, static_cast<std::size_t>(count));
  }
  close(output[0]);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  if (!result.output.empty() && result.output.back() == '\n') result.output.pop_back();
  return result;
}

TEST("the new program has exactly the given arguments and environment") {
  CHECK(setenv("OURS", "no", 1) == 0);
  Result result = Run("echo \"$0 $1 $2|$OURS|$GIVEN\"", [](Program* program) {
    program->arguments = {"sh", "-c", program->arguments[2], "name", "a b", ""};
    program->environment = {"GIVEN=a=b c"};
  });
  CHECK(result.output == "name a b ||a=b c");
  CHECK(result.code == 0);
}

TEST("the new program keeps the pid of the process") {
  Result result = Run("echo $$", [](Program* program) {
    program->arguments[2] += "; echo " + std::to_string(getpid());
  });
  std::size_t middle = result.output.find('\n');
  CHECK(middle != std::string::npos);
  CHECK(result.output.substr(0, middle) == result.output.substr(middle + 1));
}

// Moves the descriptor to another number, closing any descriptor that already has it.
int MoveTo(int number, int fd) {
  if (fd == number) return fd;
  DuplicateTo(fd, number, FD_CLOEXEC);
  close(fd);
  return number;
}

void CheckOrder(const std::vector<int>& numbers) {
  Directory directory;
  Result result = Run("cat <&3; cat <&4; cat <&5", [&](Program* program) {
    int aside[3];
    for (int i = 0; i < 3; i++) {
      const char* name = &"a\0b\0c"[2 * i];
      aside[i] = MoveTo(40 + i, OpenWith(directory / name, name));
    }
    for (std::size_t i = 0; i < 3; i++) {
      program->inherit.push_back(MoveTo(numbers[i], aside[i]));
    }
  });
  CHECK(result.output == "abc");
}

TEST(
    "inherited descriptors get the numbers 3, 4, 5 in order, independent of their previous "
    "numbers") {
  // In some cases a descriptor has a number that is intended for another one, and must be copied
  // before it is overwritten. In others the new numbers are free.
  const std::vector<std::vector<int>> cases = {{3, 4, 5},  {4, 5, 3},    {5, 3, 4},
                                               {4, 3, 20}, {20, 21, 22}, {22, 5, 4}};
  for (const std::vector<int>& numbers : cases) CheckOrder(numbers);
}

TEST("a program can inherit the same descriptor twice") {
  Directory directory;
  Result result = Run("read -r first <&3; cat <&4; echo \"$first\"", [&](Program* program) {
    int fd = OpenWith(directory / "a", "one\ntwo\n");
    program->inherit = {fd, fd};
  });
  CHECK(result.code == 0);
  CHECK(result.output.find("one") != std::string::npos);
}

TEST(
    "the new program inherits no other close-on-exec descriptor, not even one that had the number "
    "3") {
  Directory directory;
  Result result =
      Run("for fd in 3 4 5 6 7 8 9; do (true <&$fd) 2>/dev/null && echo $fd; done; true",
          [&](Program* program) {
            int fd = OpenWith(directory / "a", "a");
            DuplicateTo(fd, 3, FD_CLOEXEC);
            DuplicateTo(fd, 9, FD_CLOEXEC);
            program->inherit = {OpenWith(directory / "b", "b")};
          });
  CHECK(result.output == "3");
}

TEST("an inherited lock is held until the new program ends") {
  Directory directory;
  const std::string path = directory / "lock";
  int started[2];
  int end[2];
  CHECK(pipe(started) == 0 && pipe(end) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    FileLock lock = Acquire(path);
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

// O_NONBLOCK belongs to the open file description, so this process can read the flag as the program
// sees it.
TEST(
    "the standard streams are blocking in the new program, even if they were non-blocking before") {
  int stream[2];
  CHECK(pipe(stream) == 0);
  CHECK(fcntl(stream[1], F_SETFL, O_NONBLOCK) == 0);
  Result result = Run("echo done", [&](Program*) {
    for (int fd : {0, 2}) DuplicateTo(stream[1], fd, FD_CLOEXEC);
    CHECK(fcntl(1, F_SETFD, FD_CLOEXEC) == 0);
  });
  CHECK(result.output == "done");
  CHECK((fcntl(stream[1], F_GETFL) & O_NONBLOCK) == 0);
}

TEST(
    "signals that Node ignores or the old program catches have their default action in the new "
    "program") {
  Result result = Run("kill -PIPE $$; echo survived", [](Program*) { signal(SIGPIPE, SIG_IGN); });
  CHECK(result.code == -SIGPIPE);
  result = Run("kill -XFSZ $$; echo survived", [](Program*) { signal(SIGXFSZ, SIG_IGN); });
  CHECK(result.code == -SIGXFSZ);
  result = Run("kill -TERM $$; echo survived", [](Program*) { signal(SIGTERM, [](int) {}); });
  CHECK(result.code == -SIGTERM);
}

TEST("a signal that the parent ignored, as nohup does, stays ignored in the new program") {
  Result result = Run("kill -HUP $$; echo survived", [](Program*) { signal(SIGHUP, SIG_IGN); });
  CHECK(result.output == "survived");
}

TEST("a closed standard stream stays closed in the new program") {
  Result result = Run("cat 2>/dev/null || echo closed", [](Program*) { close(0); });
  CHECK(result.output == "closed");
}

TEST("a program without arguments, environment and inherited descriptors starts") {
  Result result = Run("", [](Program* program) { *program = {"/bin/true", {"true"}, {}, {}}; });
  CHECK(result.code == 0);
}

}  // namespace
}  // namespace gateway_lock::test
