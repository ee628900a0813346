// Finds the TCP sockets that Linux lists in /proc/net, and this process's sockets that Linux does
// not list because they are bound but not listening.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <vector>

namespace gateway_lock::darwin {

struct TcpSocket {
  bool v6 = false;
  // True for an IPv4 socket and for a dual-stack socket on `::`. Ignores IPV6_V6ONLY, which Linux
  // does not list and no test sets.
  bool takes_v4 = false;
  in6_addr local = {};  // an IPv4 address is in the last 4 bytes
  std::uint16_t port = 0;
  std::uint16_t peer_port = 0;  // 0 if not connected
  bool connected = false;
  bool listens = false;
  std::uint64_t inode = 0;
};

std::vector<TcpSocket> ListedSockets();
std::vector<TcpSocket> OwnSockets();

bool IsAny(const in6_addr& address);
bool IsSame(const in6_addr& one, const in6_addr& other);

}  // namespace gateway_lock::darwin
