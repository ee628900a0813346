#include "posix_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "socket.h"
#include "socket_options.h"

namespace gateway_lock {
namespace {

// Fast path: getaddrinfo() takes ten times as long as inet_pton(), and is needed only for IPv6
// addresses and unusual notations.
bool ParseIpv4(const Endpoint& endpoint, SocketAddress* address) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address->storage);
  if (inet_pton(AF_INET, endpoint.address.c_str(), &v4->sin_addr) != 1) return false;
  v4->sin_family = AF_INET;
  v4->sin_port = htons(endpoint.port);
  address->length = sizeof *v4;
  return true;
}

}  // namespace

Status ParseAddress(const Endpoint& endpoint, SocketAddress* address) {
  if (ParseIpv4(endpoint, address)) return Status::Ok();
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::string port = std::to_string(endpoint.port);
  if (getaddrinfo(endpoint.address.c_str(), port.c_str(), &hints, &found) != 0) {
    return Status::SystemError(EINVAL, "bind");
  }
  std::memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
  address->length = found->ai_addrlen;
  freeaddrinfo(found);
  return Status::Ok();
}

Status OpenSocket(int family, SocketHandle* out) {
  SocketHandle socket(OpenCloseOnExecSocket(family, SOCK_STREAM));
  if (!socket.valid()) return Status::SystemError(errno, "socket");
  int off = 0;
  if (family == AF_INET6 &&
      setsockopt(Fd(socket), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
    return Status::SystemError(errno, "setsockopt");
  }
  *out = std::move(socket);
  return Status::Ok();
}

Status Bind(const SocketHandle& socket, const SocketAddress& address) {
  return bind(Fd(socket), address.get(), address.length) == 0 ? Status::Ok()
                                                              : Status::SystemError(errno, "bind");
}

Status LocalPort(const SocketHandle& socket, std::uint16_t* port) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof storage;
  if (getsockname(Fd(socket), reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return Status::SystemError(errno, "getsockname");
  }
  *port = ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  return Status::Ok();
}

bool PutUnconnectedSocket(NativeHandle handle) {
  SocketHandle unconnected(OpenCloseOnExecSocket(AF_UNIX, SOCK_STREAM));
  int fd = static_cast<int>(handle);
  if (!unconnected.valid() || dup2(Fd(unconnected), fd) < 0) return false;
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  return true;
}

}  // namespace gateway_lock
