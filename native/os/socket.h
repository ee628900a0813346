// The socket calls behind Listener and ProbePort() that differ per OS. Included by listener.cc,
// port_probe.cc and the files that implement these functions; the contracts are in listener.h and
// port_probe.h.
#pragma once

#include <cstdint>

#include "port_probe.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Implement Listener::Listen() and Listener::ListenBeside(): on success `out` is listening.
Status OpenListener(const Endpoint& endpoint, int backlog, SocketHandle* out);
Status OpenListenerBeside(const Endpoint& endpoint, int backlog, SocketHandle* out);

// Sets `identity` to a number that no other open socket of this host has. 0 for a handle that is
// not a socket (on Windows: not a listening one). Fails with EBADF for a closed descriptor on
// Linux; macOS sets 0 for it.
Status SocketIdentity(NativeHandle handle, std::uint64_t* identity);

Status LocalPort(const SocketHandle& socket, std::uint16_t* port);

// Opens a socket bound to `source`. Fails if that is not an address of this host.
Status OpenSourceSocket(const Endpoint& source, SocketHandle* out);

// The code of "address not available" on this OS.
extern const int kAddressNotAvailable;

// Connects `source` to `target` and reports the result.
Status Connect(const SocketHandle& source, const Endpoint& target, ConnectResult* result);

}  // namespace gateway_lock
