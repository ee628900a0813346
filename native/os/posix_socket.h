// POSIX socket calls shared by the listener and the port probe. Included by .cc files only.
#pragma once

#include <sys/socket.h>

#include "listener.h"
#include "socket.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

inline int Fd(const SocketHandle& socket) { return static_cast<int>(socket.get()); }

// Parses a numeric address. Fails with EINVAL for any other text, and never looks up a name.
Status ParseAddress(const Endpoint& endpoint, SocketAddress* address);

// Opens a close-on-exec, non-blocking TCP socket. Like Node's own sockets, an IPv6 socket bound to
// `::` also accepts IPv4 connections.
Status OpenSocket(int family, SocketHandle* out);

Status Bind(const SocketHandle& socket, const SocketAddress& address);

}  // namespace gateway_lock
