// The minimum of system calls for a gateway's start and close.
#pragma once

#include <string>

namespace floor_bench {

// Start: realpath of the state directory, lstat of the config and of the lock directory, both
// locks, a connect to the port, which must be refused, socket bind listen setsockopt, and the port
// written into both records. Close: the socket, then the locks.
bool StartAndCloseGateway(const std::string& state_directory, int port);

}  // namespace floor_bench
