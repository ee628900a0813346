// Starts and closes a gateway with the minimum of system calls.
#pragma once

#include <string>

namespace floor_bench {

// To start, resolves the state directory (realpath), checks the config and the lock directory
// (lstat), acquires both locks, checks that a connect() to the port is refused, listens (socket
// bind listen setsockopt), and writes the port into both records. To close, closes the socket, then
// releases the locks.
bool StartAndCloseGateway(const std::string& state_directory, int port);

}  // namespace floor_bench
