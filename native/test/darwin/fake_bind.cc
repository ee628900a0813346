// bind() by XNU's rules. Linux lets everything through (SO_REUSEPORT on
// each socket), and the conflict is decided here.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "tcp_table.h"

extern "C" {
int __real_bind(int fd, const sockaddr* address, socklen_t length);
}

namespace gateway_lock::darwin {
namespace {

TcpSocket State(const sockaddr* address) {
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

// in_pcblookup_local() and in6_pcblookup_local(): without the wildcard only an unconnected socket
// on exactly this address, with it any socket whose address overlaps.
bool Meets(const TcpSocket& newcomer, const TcpSocket& other, bool wildcard) {
  if (other.port != newcomer.port) return false;
  // A bind for IPv6 looks at IPv6 sockets only, unless they belong to another user: `::` is bound
  // beside 0.0.0.0.
  bool same_family = newcomer.v6 ? other.v6 : other.takes_v4;
  if (!same_family) return false;
  in6_addr local = other.v6 && !newcomer.v6 ? in6_addr{} : other.local;
  if (!wildcard) return !other.connected && IsSame(local, newcomer.local);
  return IsAny(local) || IsAny(newcomer.local) || IsSame(local, newcomer.local);
}

// in_pcbbind(): "wild" is set for a newcomer with neither SO_REUSEADDR nor SO_REUSEPORT. Only the
// newcomer is asked, and no test has SO_REUSEPORT of its own.
bool IsRefused(int fd, const TcpSocket& newcomer) {
  int reuse = 0;
  socklen_t length = sizeof reuse;
  getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, &length);
  for (const auto& sockets : {ListedSockets(), OwnSockets()}) {
    for (const TcpSocket& other : sockets) {
      if (Meets(newcomer, other, reuse == 0)) return true;
    }
  }
  return false;
}

void LetEverythingThrough(int fd) {
  int on = 1;
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

}  // namespace
}  // namespace gateway_lock::darwin

using namespace gateway_lock::darwin;  // NOLINT

extern "C" int __wrap_bind(int fd, const sockaddr* address, socklen_t length) {
  TcpSocket newcomer = State(address);
  if (newcomer.port == 0) {
    // First, or Linux would choose a port that another socket with the option has.
    int result = __real_bind(fd, address, length);
    LetEverythingThrough(fd);
    return result;
  }
  if (IsRefused(fd, newcomer)) {
    errno = EADDRINUSE;
    return -1;
  }
  LetEverythingThrough(fd);
  return __real_bind(fd, address, length);
}
