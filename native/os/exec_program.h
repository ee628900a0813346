// Replaces the program of this process and keeps its pid, its locks and its sockets.
//
// Guaranteed: the new program starts with blocking standard streams and with the descriptors of
// `inherit` at 3, 4, ... in that order; of all others only those that are not close-on-exec. An
// inherited lock lives until the last copy of its descriptor is closed. Signals that Node catches
// or ignores are back at their defaults. On failure the process continues as before: descriptors,
// their flags, signals.
// NOT promised: an orderly end of this program; no destructor and no exit handler runs.
// Thread-safety: none. A success ends all other threads of the process.
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

// Returns only on failure.
Status ExecProgram(const Program& program);

}  // namespace gateway_lock
