// Which process a pid means. Pids are used again, so a pid alone proves nothing: the time at which
// the process started, together with the boot, makes it one process for good.
//
// Guaranteed: a zombie counts as dead. On Linux a process that is being killed does, too: it no
// longer runs its program, although it may keep its locks and ports for seconds.
// NOT promised: anything about a pid of another pid namespace (containers): compare namespaces first.
// Thread-safety: stateless.
#pragma once

#include <cstdint>
#include <string>

namespace gateway_lock {

struct ProcessIdentity {
  bool alive = false;
  // 0 where the system does not tell. Linux: clock ticks since boot (field 22 of /proc/PID/stat).
  // macOS: microseconds since 1970. To be compared for equality only.
  std::uint64_t start_time = 0;
  std::int64_t started_at_ms = 0;  // wall clock, milliseconds since 1970, within about a second
};

ProcessIdentity ReadProcess(std::int64_t pid);

// Its program and arguments, each ended by a NUL, as it chose to show them; at most 4096 bytes. A
// hint for people. Empty where the system does not tell.
std::string CommandLine(std::int64_t pid);

// Differs after each boot. Empty where the system does not tell.
std::string BootId();
// Two processes may compare pids only where this is equal. Empty where there are no namespaces.
std::string PidNamespace();

}  // namespace gateway_lock
