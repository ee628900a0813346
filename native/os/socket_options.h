// What only one POSIX system can do, or does differently, with a TCP socket.
#pragma once

#include <cstdint>

#include "unique_handle.h"

namespace gateway_lock {

// A non-blocking socket that no child of this process inherits. -1 and errno on failure.
int OpenCloseOnExecSocket(int family);

// For a socket that was bound without SO_REUSEADDR and listens: lets the next gateway bind the port
// while connections of this one are still dying.
void LetSuccessorRebind(const SocketHandle& listening);

// A number that no other open socket of this host has; 0 for what is no socket.
std::uint64_t SocketIdentity(NativeHandle handle);

}  // namespace gateway_lock
