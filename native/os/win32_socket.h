// The socket calls that listening and asking share. Included by _win32.cc files only.
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

// WSAEINVAL for anything but a numeric address: no name is ever looked up. Every use of this layer
// begins here: it starts Winsock where nobody has.
Status ParseAddress(const Endpoint& endpoint, SocketAddress* address);

// A non-blocking TCP socket that no child inherits. IPv6 sockets take IPv4 as well where the
// address is `::`, as Node's own do.
Status OpenSocket(int family, SocketHandle* out);

}  // namespace gateway_lock
