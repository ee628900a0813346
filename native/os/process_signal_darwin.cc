#include "process_signal.h"

#include <signal.h>

#include <cerrno>

#include "process_identity.h"

namespace gateway_lock {

// macOS has no handle for a process that is not a child, so kill() follows the comparison.
Status SendSignal(const SignalTarget& target, int signal, bool* sent) {
  ProcessIdentity now = ReadProcess(target.pid);
  *sent = false;
  if (!now.alive || now.start_time != target.start_time) return Status::Ok();
  *sent = kill(static_cast<pid_t>(target.pid), signal) == 0;
  return *sent || errno == ESRCH ? Status::Ok() : Status::SystemError(errno, "kill");
}

}  // namespace gateway_lock
