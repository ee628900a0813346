// The socket calls that listening and asking share. Included by _posix.cc files only.
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

// EINVAL for anything but a numeric address: no name is ever looked up.
Status ParseAddress(const Endpoint& endpoint, SocketAddress* address);

// A close-on-exec, non-blocking TCP socket. IPv6 sockets take IPv4 as well where the address is
// `::`, as Node's own do.
Status OpenSocket(int family, SocketHandle* out);

Status Bind(const SocketHandle& socket, const SocketAddress& address);

}  // namespace gateway_lock
