#include "process_identity.h"

#include <signal.h>
#include <sys/sysctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gateway_lock {

ProcessIdentity ReadProcess(std::int64_t pid) {
  ProcessIdentity process;
  if (pid <= 0 || pid > INT32_MAX) return process;
  int query[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, static_cast<int>(pid)};
  kinfo_proc info = {};
  std::size_t length = sizeof info;
  // If no process has the pid, sysctl() succeeds but returns no bytes (man 3 sysctl).
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

// Reads KERN_PROCARGS2: the number of arguments, the path of the program, NULs, and then the
// arguments and the environment, each followed by a NUL (xnu, bsd/kern/kern_sysctl.c). Works only
// for processes of the same user.
std::string CommandLine(std::int64_t pid) {
  if (pid <= 0 || pid > INT32_MAX) return {};
  int query[] = {CTL_KERN, KERN_PROCARGS2, static_cast<int>(pid)};
  std::size_t length = 0;
  if (sysctl(query, 3, nullptr, &length, nullptr, 0) != 0) return {};
  std::string area(length, '\0');
  if (sysctl(query, 3, area.data(), &length, nullptr, 0) != 0 || length < sizeof(int)) return {};
  area.resize(length);
  int count = 0;
  std::memcpy(&count, area.data(), sizeof count);
  std::size_t first = area.find_first_not_of('\0', area.find('\0', sizeof count));
  std::size_t end = first;
  for (int i = 0; i < count && end < area.size(); i++) end = area.find('\0', end) + 1;
  if (first >= area.size()) return {};
  return area.substr(first, std::min<std::size_t>(end - first, 4096));
}

// kern.boottime would not do, because it changes whenever the clock is set.
std::string BootId() {
  char id[64] = {};
  std::size_t length = sizeof id - 1;
  return sysctlbyname("kern.bootsessionuuid", id, &length, nullptr, 0) == 0 ? std::string(id)
                                                                            : std::string();
}

std::string PidNamespace() { return {}; }

}  // namespace gateway_lock
