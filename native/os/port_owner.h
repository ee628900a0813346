// Finds the processes that use a port, in the tables of the system.
//
// Guaranteed: nothing is opened on the port and no packet is sent.
// NOT promised: an answer. The system shows only the processes that this user may inspect.
// Thread-safety: stateless.
#pragma once

#include <cstdint>

#include "listener.h"

namespace gateway_lock {

// Returns true if a listening socket conflicts with a bind to this endpoint: on the same address or
// a wildcard, and for a wildcard on any address. Returns false if the system does not show it.
bool HasListener(const Endpoint& endpoint);

// Returns true if the table shows a connection with this local port that is closing or has just
// closed. Windows only, where such a connection may keep a listener off its port.
bool HasLingeringConnection(std::uint16_t port);

// Returns the pid of that listener, for messages. 0 if there is none, or if the system does not
// show it.
std::int64_t FindListenerPid(const Endpoint& endpoint);

// Returns the pid of a connection with this local endpoint, for messages: while the connection
// lasts, no process can listen there. 0 if there is none, or if the system does not show it. Linux
// lists no socket that is bound but neither listens nor is connected.
std::int64_t FindConnectionPid(const Endpoint& endpoint);

}  // namespace gateway_lock
