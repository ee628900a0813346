// What only one POSIX system can do, or does differently, with a TCP socket.
#pragma once

#include <cstdint>

#include "listener.h"
#include "unique_handle.h"

namespace gateway_lock {

// A non-blocking socket that no child of this process inherits. -1 and errno on failure.
int OpenCloseOnExecSocket(int family);

// For a socket that was bound without SO_REUSEADDR and listens: lets the next gateway bind the port
// while connections of this one are still dying.
void AllowRebindInTimeWait(const SocketHandle& listening);

// Whether somebody listens on an address of `endpoint` whom a bind() without SO_REUSEADDR does not
// notice.
bool StrictBindMisses(const Endpoint& endpoint);

}  // namespace gateway_lock
