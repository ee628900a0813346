// Implements bind() by XNU's rules. Sets SO_REUSEPORT on every socket, so that Linux allows every
// bind and only this file decides which ones conflict.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "tcp_table.h"

extern "C" {
int __real_bind(int fd, const sockaddr* address, socklen_t length);
}

namespace gateway_lock::darwin {
namespace {

TcpSocket NewSocketOn(const sockaddr* address) {
  TcpSocket wanted;
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
  wanted.v6 = address->sa_family == AF_INET6;
  wanted.port = ntohs(v4->sin_port);
  if (wanted.v6) {
    wanted.local = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  } else {
    std::memcpy(&wanted.local.s6_addr[12], &v4->sin_addr, 4);
  }
  return wanted;
}

// Follows in_pcblookup_local() and in6_pcblookup_local(). If `wildcard` is false, only an
// unconnected socket on exactly the same address conflicts. If it is true, any socket with an
// overlapping address conflicts.
bool ConflictsWith(const TcpSocket& opened, const TcpSocket& other, bool wildcard) {
  if (other.port != opened.port) return false;
  // An IPv6 bind considers only IPv6 sockets, so `::` can be bound beside 0.0.0.0. (XNU makes an
  // exception for another user's sockets.)
  bool same_family = opened.v6 ? other.v6 : other.takes_v4;
  if (!same_family) return false;
  in6_addr local = other.v6 && !opened.v6 ? in6_addr{} : other.local;
  if (!wildcard) return !other.connected && IsSame(local, opened.local);
  return IsAny(local) || IsAny(opened.local) || IsSame(local, opened.local);
}

// Follows in_pcbbind(), which sets `wild` if the new socket has neither SO_REUSEADDR nor
// SO_REUSEPORT. Only the new socket's options count, and no test sets SO_REUSEPORT.
bool IsRefused(int fd, const TcpSocket& opened) {
  int reuse = 0;
  socklen_t length = sizeof reuse;
  getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, &length);
  for (const auto& sockets : {ListedSockets(), OwnSockets()}) {
    for (const TcpSocket& other : sockets) {
      if (ConflictsWith(opened, other, reuse == 0)) return true;
    }
  }
  return false;
}

void AllowEveryBind(int fd) {
  int on = 1;
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

}  // namespace
}  // namespace gateway_lock::darwin

using namespace gateway_lock::darwin;  // NOLINT

extern "C" int __wrap_bind(int fd, const sockaddr* address, socklen_t length) {
  TcpSocket opened = NewSocketOn(address);
  if (opened.port == 0) {
    // Binds before setting SO_REUSEPORT, because Linux might otherwise choose a port that another
    // socket with SO_REUSEPORT uses.
    int result = __real_bind(fd, address, length);
    AllowEveryBind(fd);
    return result;
  }
  if (IsRefused(fd, opened)) {
    errno = EADDRINUSE;
    return -1;
  }
  AllowEveryBind(fd);
  return __real_bind(fd, address, length);
}
