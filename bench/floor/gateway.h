// Starts and closes a gateway with as few system calls as possible.
#pragma once

#include <string>

namespace floor_bench {

// Start: resolves the state directory (realpath), checks the config and the lock directory (lstat),
// acquires both locks, checks that the port refuses a connect(), listens (socket bind listen
// setsockopt), and writes the port into both records. Close: closes the socket, then releases the
// locks.
bool StartAndCloseGateway(const std::string& state_directory, int port);

}  // namespace floor_bench
