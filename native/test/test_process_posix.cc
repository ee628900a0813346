#include "test_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace gateway_lock::test {

// Long enough for a busy machine, on which a test may get a thirtieth of a core.
constexpr unsigned kLimitSeconds = 600;

// Ends the child with exit(), because leak checkers do not run on _exit().
int RunInChild(const Test& test) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    alarm(kLimitSeconds);
    test.run();
    std::exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::int64_t OwnPid() { return getpid(); }

}  // namespace gateway_lock::test
