// Replaces the program of this process and keeps its pid, its locks and its sockets.
//
// Guaranteed: the new program starts with the standard streams, which block, and with the descriptors of `inherit` at
// 3, 4, ... in that order; of the others only those that were not close-on-exec. A lock that is
// inherited so lives until the last copy of its descriptor is closed. Signals that Node catches or
// ignores are back at their defaults.
// NOT promised: that anything of this process ends in good order; no destructor and no exit handler
// runs. When it fails the process goes on as it was: descriptors, their flags, signals.
// Thread-safety: none. The other threads of the process end with a success.
#pragma once

#include <string>
#include <vector>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct Program {
  std::string path;                      // not looked up in PATH
  std::vector<std::string> arguments;    // argv[0] is the first
  std::vector<std::string> environment;  // NAME=value
  std::vector<NativeHandle> inherit;
};

// Returns only when it failed.
Status ExecProgram(const Program& program);

}  // namespace gateway_lock
