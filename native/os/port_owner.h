// Finds the processes that use a port, by reading the socket tables of the system.
//
// Guaranteed: no socket is opened on the port and no packet is sent.
// NOT promised: that a process is found. The system shows only processes that this user may
// inspect.
// Thread-safety: stateless.
#pragma once

#include <cstdint>

#include "listener.h"

namespace gateway_lock {

// Returns true if a listening socket conflicts with a bind to this endpoint. A socket on the same
// address or on a wildcard conflicts; if the endpoint is a wildcard, a socket on any address
// conflicts. Returns false if the system does not show the socket.
bool HasListener(const Endpoint& endpoint);

// Returns true if the socket table shows a connection with this local port that is closing or has
// just been closed. Windows only, where such a connection may prevent a bind to the port.
bool HasLingeringConnection(std::uint16_t port);

// Returns the pid of the process whose listening socket conflicts with a bind to this endpoint (see
// HasListener()), for messages. Returns 0 if the system shows no such process.
std::int64_t FindListenerPid(const Endpoint& endpoint);

// Returns the pid of a process that has a connection with this local endpoint, for messages: while
// the connection lasts, no process can listen on the endpoint. Returns 0 if the system shows no
// such process. Linux does not list a socket that is bound but neither listening nor connected.
std::int64_t FindConnectionPid(const Endpoint& endpoint);

// Returns the pid of the process that has the connection between this local endpoint and the port
// `remote_port` of a client. Returns 0 if the system shows no such process, and if no process has
// accepted the connection yet.
std::int64_t FindConnectionOwner(const Endpoint& endpoint, std::uint16_t remote_port);

}  // namespace gateway_lock
