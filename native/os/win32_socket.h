// Windows socket calls shared by the listener and the port probe. Included by _win32.cc files only.
#pragma once

#include <winsock2.h>
#include <ws2tcpip.h>

#include "listener.h"
#include "socket.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct SocketAddress {
  sockaddr_storage storage = {};
  int length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

inline SOCKET Raw(const SocketHandle& socket) { return static_cast<SOCKET>(socket.get()); }

// Parses a numeric address. Fails with WSAEINVAL for any other text, and never looks up a name.
// Also starts Winsock, so it must be called before any other socket call of this layer.
Status ParseAddress(const Endpoint& endpoint, SocketAddress* address);

// Opens a non-blocking TCP socket that no child inherits. Like Node's own sockets, an IPv6 socket
// bound to `::` also accepts IPv4 connections.
Status OpenSocket(int family, SocketHandle* out);

}  // namespace gateway_lock
