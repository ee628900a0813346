// Replaces the program that this process runs, and keeps the pid, the locks and the sockets.
//
// Guaranteed: the new program starts with blocking standard streams, and the descriptors in
// `inherit` get the numbers 3, 4, ... in that order. Of all other descriptors, the new program
// keeps those that are not close-on-exec. An inherited lock lives until the last copy of its
// descriptor is closed. Signals that Node catches or ignores have their default actions again. On
// failure the process continues with the same descriptors, descriptor flags and signal actions as
// before.
// NOT promised: a normal exit of the old program. No destructor or exit handler of the old program
// runs.
// Thread-safety: none. A successful call ends all other threads of the process.
#pragma once

#include <string>
#include <vector>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct Program {
  std::string path;                      // used unchanged: PATH is not searched
  std::vector<std::string> arguments;    // begins with argv[0]
  std::vector<std::string> environment;  // each NAME=value
  std::vector<NativeHandle> inherit;
};

// Replaces the program. Returns only on failure.
Status ExecProgram(const Program& program);

}  // namespace gateway_lock
