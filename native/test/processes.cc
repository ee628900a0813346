#include "processes.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

namespace gateway_lock::test {

StandingChild::StandingChild(const std::function<void()>& prepare) {
  int ready[2];
  int life[2];
  CHECK(pipe(ready) == 0 && pipe(life) == 0);
  pid_ = fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) {
    close(life[1]);
    prepare();
    CHECK(write(ready[1], "x", 1) == 1);
    char never;
    // Ends when the parent does, which on a failed check does not come to the destructor.
    (void)!read(life[0], &never, 1);
    _exit(0);
  }
  close(ready[1]);
  close(life[0]);
  parents_life_ = FileHandle(life[1]);
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
  close(ready[0]);
}

void StandingChild::BecomeZombie() const {
  CHECK(kill(pid_, SIGKILL) == 0);
  siginfo_t info;
  CHECK(waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0);
}

void StandingChild::End() {
  if (reaped_) return;
  kill(pid_, SIGKILL);
  reaped_ = waitpid(pid_, nullptr, 0) == pid_;
}

}  // namespace gateway_lock::test
