// The socket calls of Listener and ProbePort() that differ per OS. Included by listener.cc,
// port_probe.cc and the implementations. The contracts are in listener.h and port_probe.h.
#pragma once

#include <cstdint>

#include "port_probe.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Implement Listener::Listen() and Listener::ListenBeside(). On success `out` is a listening
// socket.
Status OpenListener(const Endpoint& endpoint, int backlog, SocketHandle* out);
Status OpenListenerBeside(const Endpoint& endpoint, int backlog, SocketHandle* out);

// Sets `identity` to a number that no other open socket of this host has, or to 0 if the handle is
// not a socket (on Windows: not a listening socket). For a closed descriptor, fails with EBADF on
// Linux and sets `identity` to 0 on macOS.
Status SocketIdentity(NativeHandle handle, std::uint64_t* identity);

// Closes the socket, and gives its descriptor number to a new unconnected socket at the same
// moment. Returns false without an effect if the descriptor limit is reached, and on Windows.
bool PutUnconnectedSocket(NativeHandle handle);

Status LocalPort(const SocketHandle& socket, std::uint16_t* port);

// Opens a socket and binds it to `source`. Fails if `source` is not an address of this host.
Status OpenSourceSocket(const Endpoint& source, SocketHandle* out);

// This OS's error code for "address not available".
extern const int kAddressNotAvailable;

// Connects `source` to `target` and reports the result.
Status Connect(const SocketHandle& source, const Endpoint& target, ConnectResult* result);

}  // namespace gateway_lock
