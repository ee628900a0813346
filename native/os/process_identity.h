// Identifies a process by more than its pid, because pids are reused. The pid, the start time and
// the boot id together identify one process forever.
//
// Guaranteed: a zombie is reported as dead. On Linux a process that is being killed is also
// reported as dead, because it no longer runs its program, although it may keep its locks and ports
// for seconds.
// NOT promised: a correct result for a pid in another pid namespace (container). The caller has to
// compare the namespaces first.
// Thread-safety: stateless.
#pragma once

#include <cstdint>
#include <string>

namespace gateway_lock {

struct ProcessIdentity {
  bool alive = false;
  // When the process started, or 0 if the system does not show this. Linux: clock ticks since boot
  // (field 22 of /proc/PID/stat). macOS and Windows: microseconds since 1970. Compare start times
  // only for equality.
  std::uint64_t start_time = 0;
  std::int64_t started_at_ms = 0;  // wall clock, milliseconds since 1970, within about a second
};

ProcessIdentity ReadProcess(std::int64_t pid);

// Returns the program name and the arguments, each followed by a NUL, as the process reports them.
// At most 4096 bytes, for display only. Empty if the system does not show the command line.
std::string CommandLine(std::int64_t pid);

// Returns an id that changes with every boot, or an empty string if the system has none.
std::string BootId();
// Returns this process's pid namespace. Two processes may compare pids only if their pid namespaces
// are equal. Empty on systems without namespaces.
std::string PidNamespace();

}  // namespace gateway_lock
