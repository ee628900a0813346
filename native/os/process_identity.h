// Identifies a process beyond its pid. Pids are reused, so a pid alone proves nothing; together
// with the start time and the boot it names one process forever.
//
// Guaranteed: a zombie counts as dead. On Linux a process that is being killed does too: it no
// longer runs its program, although it may keep its locks and ports for seconds.
// NOT promised: anything about a pid of another pid namespace (containers): compare namespaces
// first.
// Thread-safety: stateless.
#pragma once

#include <cstdint>
#include <string>

namespace gateway_lock {

struct ProcessIdentity {
  bool alive = false;
  // 0 if the system does not show it. Linux: clock ticks since boot (field 22 of /proc/PID/stat).
  // macOS and Windows: microseconds since 1970. Compare for equality only.
  std::uint64_t start_time = 0;
  std::int64_t started_at_ms = 0;  // wall clock, milliseconds since 1970, within about a second
};

ProcessIdentity ReadProcess(std::int64_t pid);

// Returns the program and its arguments, each ended by a NUL, as the process shows them; at most
// 4096 bytes. A hint for people. Empty if the system does not show it.
std::string CommandLine(std::int64_t pid);

// Returns an id that differs after each boot. Empty if the system has none.
std::string BootId();
// Returns the pid namespace: two processes may compare pids only if it is equal. Empty on systems
// without namespaces.
std::string PidNamespace();

}  // namespace gateway_lock
