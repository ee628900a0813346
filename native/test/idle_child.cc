#include "idle_child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

namespace gateway_lock::test {

IdleChild::IdleChild(const std::function<void()>& prepare) {
  int ready[2];
  int lifeline[2];
  CHECK(pipe(ready) == 0 && pipe(lifeline) == 0);
  pid_ = fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) {
    close(lifeline[1]);
    prepare();
    CHECK(write(ready[1], "x", 1) == 1);
    char unused;
    // The read returns when the parent ends, so the child also ends if a failed check ends the
    // parent without running the destructor.
    (void)!read(lifeline[0], &unused, 1);
    _exit(0);
  }
  close(ready[1]);
  close(lifeline[0]);
  parent_pipe_ = FileHandle(lifeline[1]);
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
  close(ready[0]);
}

void IdleChild::BecomeZombie() const {
  CHECK(kill(pid_, SIGKILL) == 0);
  siginfo_t info;
  CHECK(waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0);
}

void IdleChild::End() {
  if (reaped_) return;
  kill(pid_, SIGKILL);
  reaped_ = waitpid(pid_, nullptr, 0) == pid_;
}

}  // namespace gateway_lock::test
