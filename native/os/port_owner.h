// The processes that use a port, from the system's own tables.
//
// NOT promised: an answer. The system tells it only for processes that this user may look at.
// Thread-safety: stateless.
#pragma once

#include <cstdint>

#include "listener.h"

namespace gateway_lock {

// Whether a socket listens that a bind to this endpoint would meet: on the same address or a
// wildcard, and for a wildcard on any address. False also when the system does not tell.
bool HasListener(const Endpoint& endpoint);

// Whether the table shows a connection with this local port that is being closed, or was just
// closed. For Windows, where such a one may keep a listener off its port.
bool HasLingeringConnection(std::uint16_t port);

// The process of that listener, for messages. 0 when there is none, or when the system does not
// tell.
std::int64_t FindListenerPid(const Endpoint& endpoint);

// The process of a connection that has this endpoint as its local one, for messages: while it
// lasts, nothing can listen there. 0 when there is none, or when the system does not tell. Linux
// lists no socket that is bound and neither listens nor is connected.
std::int64_t FindConnectionPid(const Endpoint& endpoint);

}  // namespace gateway_lock
