// Replaces the program of this process, keeping the pid, the locks and the sockets.
//
// Guaranteed: the new program starts with blocking standard streams, and gets the descriptors in
// `inherit` as 3, 4, ... in that order. It also keeps every other descriptor that is not
// close-on-exec. An inherited lock lasts until the last copy of its descriptor is closed. Signals
// that Node catches or ignores are reset to their default actions. On failure the process continues
// with its descriptors, descriptor flags and signal actions unchanged.
// NOT promised: a normal exit of the old program. Its destructors and exit handlers do not run.
// Thread-safety: none. A successful call ends all other threads of the process.
#pragma once

#include <string>
#include <vector>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct Program {
  std::string path;                      // used as is: PATH is not searched
  std::vector<std::string> arguments;    // begins with argv[0]
  std::vector<std::string> environment;  // each NAME=value
  std::vector<NativeHandle> inherit;
};

// Replaces the program. Returns only on failure.
Status ExecProgram(const Program& program);

}  // namespace gateway_lock
