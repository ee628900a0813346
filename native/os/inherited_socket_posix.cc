// Adopts, copies and prepares the listening sockets that one process hands over to another.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "listener.h"
#include "posix_socket.h"

namespace gateway_lock {
namespace {

bool HasOption(const SocketHandle& socket, int level, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(Fd(socket), level, option, &value, &length) == 0 && value != 0;
}

bool IsTcp(const SocketAddress& local) {
  return local.family() == AF_INET || local.family() == AF_INET6;
}

Status LocalAddress(const SocketHandle& socket, SocketAddress* local) {
  local->length = sizeof local->storage;
  return getsockname(Fd(socket), reinterpret_cast<sockaddr*>(&local->storage), &local->length) == 0
             ? Status::Ok()
             : Status::SystemError(errno, "getsockname");
}

// Returns the port in network byte order. sin_port and sin6_port have the same offset.
in_port_t PortOf(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in*>(address.get())->sin_port;
}

bool SameAddress(const SocketAddress& a, const SocketAddress& b) {
  if (a.family() != b.family()) return false;
  if (a.family() == AF_INET) {
    return reinterpret_cast<const sockaddr_in*>(a.get())->sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in*>(b.get())->sin_addr.s_addr;
  }
  const auto* a6 = reinterpret_cast<const sockaddr_in6*>(a.get());
  const auto* b6 = reinterpret_cast<const sockaddr_in6*>(b.get());
  return a6->sin6_scope_id == b6->sin6_scope_id &&
         std::memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

// Returns true for a socket on `::` that does not accept IPv4 connections, as systemd opens it with
// BindIPv6Only=ipv6-only.
bool LacksIpv4(const SocketHandle& socket, const SocketAddress& local) {
  return local.family() == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(local.get())->sin6_addr) &&
         HasOption(socket, IPPROTO_IPV6, IPV6_V6ONLY);
}

Listener::Adoption Compare(const SocketHandle& socket, const SocketAddress& wanted) {
  if (fcntl(Fd(socket), F_GETFD) < 0) return Listener::Adoption::kClosed;
  SocketAddress local;
  if (!HasOption(socket, SOL_SOCKET, SO_ACCEPTCONN) || !LocalAddress(socket, &local).ok() ||
      !IsTcp(local)) {
    return Listener::Adoption::kNotListening;
  }
  bool same_port = PortOf(wanted) == 0 || PortOf(wanted) == PortOf(local);
  bool fits = same_port && SameAddress(local, wanted) && !LacksIpv4(socket, local);
  return fits ? Listener::Adoption::kAdopted : Listener::Adoption::kOtherAddress;
}

// Reads the numeric address, with a scope if it has one.
Status LocalEndpoint(const SocketHandle& socket, Endpoint* endpoint) {
  SocketAddress local;
  Status status = LocalAddress(socket, &local);
  if (!status.ok()) return status;
  char text[NI_MAXHOST];
  if (getnameinfo(local.get(), local.length, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) {
    return Status::SystemError(EAFNOSUPPORT, "getnameinfo");
  }
  endpoint->address = text;
  endpoint->port = ntohs(PortOf(local));
  return Status::Ok();
}

}  // namespace

Status Listener::AdoptInherited(NativeHandle socket, const Endpoint& endpoint, Listener* out,
                                Adoption* adoption) {
  SocketAddress wanted;
  Status status = ParseAddress(endpoint, &wanted);
  if (!status.ok()) return status;
  SocketHandle inherited(socket);
  *adoption = Compare(inherited, wanted);
  if (*adoption != Adoption::kAdopted) {
    (void)inherited.Take();
    return status;
  }
  (void)fcntl(Fd(inherited), F_SETFD, FD_CLOEXEC);
  return Adopt(std::move(inherited), endpoint, out);
}

Status Listener::Copy(NativeHandle socket, Listener* out) {
  // Never one of the standard descriptors, which another part of the process may expect to be open.
  constexpr int kLowest = 3;
  SocketHandle copy(fcntl(static_cast<int>(socket), F_DUPFD_CLOEXEC, kLowest));
  if (!copy.valid()) return Status::SystemError(errno, "fcntl");
  if (!HasOption(copy, SOL_SOCKET, SO_ACCEPTCONN)) return Status::SystemError(EINVAL, "getsockopt");
  Endpoint endpoint;
  Status status = LocalEndpoint(copy, &endpoint);
  return status.ok() ? Adopt(std::move(copy), endpoint, out) : status;
}

// Ignores ENOTCONN, with which shutdown() fails for a socket that has already been shut down, and
// on macOS for every listening socket (soshutdown() in bsd/kern/uipc_socket.c).
Status Listener::Shutdown() {
  bool done = shutdown(Fd(socket_), SHUT_RDWR) == 0 || errno == ENOTCONN;
  return done ? Status::Ok() : Status::SystemError(errno, "shutdown");
}

Status Listener::SetBlocking() {
  int flags = fcntl(Fd(socket_), F_GETFL);
  bool done = flags >= 0 && fcntl(Fd(socket_), F_SETFL, flags & ~O_NONBLOCK) == 0;
  return done ? Status::Ok() : Status::SystemError(errno, "fcntl");
}

}  // namespace gateway_lock
