#include "process_signal.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "process_identity.h"
#include "unique_handle.h"

namespace gateway_lock {
namespace {

// The numbers of pidfd_send_signal(2) and pidfd_open(2), the same on every architecture. Old
// headers do not define them.
constexpr auto kPidfdSendSignalCall = 424;
constexpr auto kPidfdOpenCall = 434;

bool IsSameProcess(const SignalTarget& target) {
  ProcessIdentity now = ReadProcess(target.pid);
  return now.alive && now.start_time == target.start_time;
}

// Returns true if an error of pidfd_open() means that no process has this pid. A thread may have it
// (EINVAL, since Linux 6.9 ENOENT).
bool IsGone(int code) { return code == ESRCH || code == EINVAL || code == ENOENT; }

// Interprets the result of the call that has sent the signal.
Status Check(int64_t result, const char* syscall, bool* sent) {
  *sent = result == 0;
  return *sent || errno == ESRCH ? Status::Ok() : Status::SystemError(errno, syscall);
}

// Returns true if the kernel (before 5.3) or a seccomp filter refuses a pidfd.
bool LacksPidfd(int code) { return code == ENOSYS || code == EPERM; }

Status SendByPid(const SignalTarget& target, int signal, bool* sent) {
  if (!IsSameProcess(target)) return Status::Ok();
  return Check(kill(static_cast<pid_t>(target.pid), signal), "kill", sent);
}

}  // namespace

Status SendSignal(const SignalTarget& target, int signal, bool* sent) {
  *sent = false;
  FileHandle process(syscall(kPidfdOpenCall, static_cast<int>(target.pid), 0));
  if (!process.valid()) {
    if (LacksPidfd(errno)) return SendByPid(target, signal, sent);
    return IsGone(errno) ? Status::Ok() : Status::SystemError(errno, "pidfd_open");
  }
  // The pid cannot have been reused between pidfd_open() and a later successful comparison, because
  // start times only grow.
  if (!IsSameProcess(target)) return Status::Ok();
  int64_t result =
      syscall(kPidfdSendSignalCall, static_cast<int>(process.get()), signal, nullptr, 0);
  if (result != 0 && errno == ENOSYS) return SendByPid(target, signal, sent);
  return Check(result, "pidfd_send_signal", sent);
}

}  // namespace gateway_lock
