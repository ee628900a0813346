#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "directory.h"
#include "idle_child.h"
#include "process_identity.h"
#include "process_signal.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

bool Send(const SignalTarget& target, int signal) {
  bool sent = false;
  CHECK(SendSignal(target, signal, &sent).ok());
  return sent;
}

SignalTarget TargetOf(pid_t pid) { return {pid, ReadProcess(pid).start_time}; }

TEST("a signal ends the process with this pid and start time") {
  IdleChild child;
  CHECK(Send(TargetOf(child.pid()), SIGTERM));
  siginfo_t info = {};
  CHECK(waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT) == 0);
  CHECK(info.si_code == CLD_KILLED && info.si_status == SIGTERM);
}

TEST("a process that started at another time gets no signal") {
  IdleChild child;
  SignalTarget target = TargetOf(child.pid());
  CHECK(!Send({target.pid, target.start_time + 1}, SIGKILL));
  CHECK(!Send({target.pid, 0}, SIGKILL));
  CHECK(Send(target, 0));
}

TEST("a zombie and a process that has been reaped get no signal") {
  IdleChild child;
  SignalTarget target = TargetOf(child.pid());
  child.BecomeZombie();
  CHECK(!Send(target, SIGTERM));
  child.End();
  CHECK(!Send(target, SIGTERM));
  CHECK(!Send({INT32_MAX, target.start_time}, SIGTERM));
}

TEST("a signal to another user's process fails with EPERM") {
  RequireRoot();
  IdleChild child;
  SignalTarget target = TargetOf(child.pid());
  AsOrdinaryUser([&] {
    bool sent = false;
    Status status = SendSignal(target, 0, &sent);
    CHECK(status.kind == StatusKind::kSystemError && status.sys_code == EPERM && !sent);
  });
}

TEST("an invalid signal fails with EINVAL") {
  IdleChild child;
  bool sent = false;
  CHECK(SendSignal(TargetOf(child.pid()), 1000, &sent).sys_code == EINVAL && !sent);
}

}  // namespace
}  // namespace gateway_lock::test
