// Tests a signal to a process that ends while the signal is being sent, and kernels without pidfds.
#include <signal.h>

#include <cerrno>

#include "idle_child.h"
#include "process_identity.h"
#include "process_signal.h"
#include "refused_call_linux.h"
#include "status_checks.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// The numbers of pidfd_send_signal(2) and pidfd_open(2), which old headers do not define.
constexpr unsigned kPidfdSendSignalCall = 424;
constexpr unsigned kPidfdOpenCall = 434;

SignalTarget TargetOf(pid_t pid) { return {pid, ReadProcess(pid).start_time}; }

TEST(
    "sending a signal succeeds without effect if the process ends after the check of its "
    "identity") {
  IdleChild child;
  Refuse(kPidfdSendSignalCall, ESRCH);
  bool sent = true;
  CHECK(SendSignal(TargetOf(child.pid()), SIGTERM, &sent).ok() && !sent);
}

TEST("another error of the call that sends a signal is reported") {
  IdleChild child;
  bool sent = true;
  Refuse(kPidfdSendSignalCall, EACCES);
  CHECK(IsSystemError(SendSignal(TargetOf(child.pid()), 0, &sent), EACCES, "pidfd_send_signal"));
  CHECK(!sent);
}

TEST("a signal is sent by pid if the kernel has no pidfds") {
  for (unsigned call : {kPidfdSendSignalCall, kPidfdOpenCall}) {
    IdleChild child;
    Refuse(call, ENOSYS);
    bool sent = false;
    CHECK(SendSignal(TargetOf(child.pid()), 0, &sent).ok() && sent);
  }
}

}  // namespace
}  // namespace gateway_lock::test
