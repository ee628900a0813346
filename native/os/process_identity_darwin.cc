#include "process_identity.h"

#include <signal.h>
#include <sys/sysctl.h>

#include <cerrno>

namespace gateway_lock {

ProcessIdentity ReadProcess(std::int64_t pid) {
  ProcessIdentity process;
  if (pid <= 0 || pid > INT32_MAX) return process;
  int query[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, static_cast<int>(pid)};
  kinfo_proc info = {};
  std::size_t length = sizeof info;
  // A pid that nobody has gives success and no bytes (man 3 sysctl).
  if (sysctl(query, 4, &info, &length, nullptr, 0) != 0) {
    process.alive = kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
    return process;
  }
  if (length < sizeof info) return process;
  const timeval& started = info.kp_proc.p_starttime;
  process.alive = info.kp_proc.p_stat != SZOMB;
  process.start_time = static_cast<std::uint64_t>(started.tv_sec) * 1000000 +
                       static_cast<std::uint64_t>(started.tv_usec);
  process.started_at_ms = static_cast<std::int64_t>(process.start_time / 1000);
  return process;
}

// Not kern.boottime: that one moves whenever the clock is set.
std::string BootId() {
  char id[64] = {};
  std::size_t length = sizeof id - 1;
  return sysctlbyname("kern.bootsessionuuid", id, &length, nullptr, 0) == 0 ? std::string(id)
                                                                            : std::string();
}

std::string PidNamespace() { return {}; }

}  // namespace gateway_lock
