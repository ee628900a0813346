#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "idle_child.h"
#include "orphans.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("ended children are reaped, but not those that are known or still running") {
  IdleChild known;
  IdleChild running;
  IdleChild orphan;
  known.BecomeZombie();
  orphan.BecomeZombie();
  CHECK(ReapOrphans({known.pid()}) == 1);
  CHECK(ReapOrphans({known.pid()}) == 0);
  CHECK(waitpid(orphan.pid(), nullptr, WNOHANG) == -1 && errno == ECHILD);
  CHECK(waitpid(known.pid(), nullptr, WNOHANG) == known.pid());
  CHECK(kill(running.pid(), 0) == 0);
}

TEST("a process whose parent has ended is reaped by the process that inherits it") {
  CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  pid_t parent = fork();
  if (parent == 0) _exit(fork() >= 0 ? 0 : 1);
  int status = -1;
  CHECK(waitpid(parent, &status, 0) == parent && status == 0);
  int reaped = 0;
  for (int tries = 0; reaped == 0 && tries < 5000; ++tries) {
    reaped = ReapOrphans({});
    timespec pause = {0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
  CHECK(reaped == 1);
}

}  // namespace
}  // namespace gateway_lock::test
