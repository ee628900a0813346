// Sends a signal to one particular process, and never to a later process with the same pid.
//
// Guaranteed: the start time is compared after the process has been opened (Linux 5.3 and later,
// Windows), so the signal cannot reach another process.
// NOT promised on macOS and older kernels: another process may get the pid in the few microseconds
// between the comparison and kill().
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <cstdint>

#include "status.h"

namespace gateway_lock {

// A process, as in process_identity.h.
struct SignalTarget {
  std::int64_t pid = 0;  // must be positive
  std::uint64_t start_time = 0;
};

// Sets `sent` to false if the process has ended, or if the pid now belongs to another process.
// Signal 0 only checks. Windows: SIGINT, SIGTERM and SIGKILL end the process at once, and any other
// signal is kUnsupported.
Status SendSignal(const SignalTarget& target, int signal, bool* sent);

}  // namespace gateway_lock
