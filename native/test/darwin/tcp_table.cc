#include "tcp_table.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace gateway_lock::darwin {
namespace {

constexpr unsigned kListens = 0x0A;  // TCP_LISTEN, include/net/tcp_states.h

in6_addr FromHex(const char* hex, bool v6) {
  in6_addr address = {};
  int words = v6 ? 4 : 1;
  for (int i = 0; i < words; ++i) {
    char word[9] = {};
    std::memcpy(word, hex + 8 * i, 8);
    auto value = static_cast<std::uint32_t>(std::strtoul(word, nullptr, 16));
    std::memcpy(&address.s6_addr[v6 ? 4 * i : 12], &value, sizeof value);
  }
  return address;
}

// Lists an IPv4 connection of a dual-stack listener as XNU does (tcp_input() in
// bsd/netinet/tcp_input.c).
void MakeIpv4(TcpSocket* socket) {
  std::memset(&socket->local, 0, 12);
  socket->v6 = false;
  socket->takes_v4 = true;
}

void ReadTable(const char* path, bool v6, std::vector<TcpSocket>* out) {
  std::ifstream table(path);
  for (std::string line; std::getline(table, line);) {
    char local[33] = {};
    unsigned port = 0;
    unsigned peer_port = 0;
    unsigned state = 0;
    TcpSocket socket;
    int found = std::sscanf(line.c_str(),
                            " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%x %x %*s %*s %*s %*s %*s %" SCNu64,
                            local, &port, &peer_port, &state, &socket.inode);
    if (found != 5) continue;
    socket.v6 = v6;
    socket.local = FromHex(local, v6);
    socket.takes_v4 = !v6 || IsAny(socket.local);
    if (IN6_IS_ADDR_V4MAPPED(&socket.local)) MakeIpv4(&socket);
    socket.port = static_cast<std::uint16_t>(port);
    socket.peer_port = static_cast<std::uint16_t>(peer_port);
    socket.connected = peer_port != 0;
    socket.listens = state == kListens;
    out->push_back(socket);
  }
}

// Uses raw system calls, because another thread may close the socket at the same time, and a
// sanitizer would report that if the C library were called.
bool Describe(int fd, TcpSocket* out) {
  int type = 0;
  socklen_t size = sizeof type;
  sockaddr_storage bound = {};
  socklen_t length = sizeof bound;
  if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  if (type != SOCK_STREAM || syscall(SYS_getsockname, fd, &bound, &length) != 0) return false;
  if (bound.ss_family != AF_INET && bound.ss_family != AF_INET6) return false;
  out->v6 = bound.ss_family == AF_INET6;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&bound);
  if (out->v6) {
    out->local = reinterpret_cast<sockaddr_in6*>(&bound)->sin6_addr;
  } else {
    std::memcpy(&out->local.s6_addr[12], &v4->sin_addr, 4);
  }
  out->takes_v4 = !out->v6 || IsAny(out->local);
  out->port = ntohs(v4->sin_port);
  length = sizeof bound;
  out->connected = syscall(SYS_getpeername, fd, &bound, &length) == 0;
  return out->port != 0;
}

// Returns the number in the link "socket:[4711]", which is the inode number that fstat() returns.
std::uint64_t InodeOf(int fd) {
  char target[64] = {};
  std::string link = "/proc/self/fd/" + std::to_string(fd);
  unsigned long long inode = 0;  // NOLINT(google-runtime-int)
  bool read = readlink(link.c_str(), target, sizeof target - 1) > 0;
  return read && std::sscanf(target, "socket:[%llu]", &inode) == 1 ? inode : 0;
}

}  // namespace

std::vector<TcpSocket> ListedSockets() {
  std::vector<TcpSocket> sockets;
  ReadTable("/proc/net/tcp", false, &sockets);
  ReadTable("/proc/net/tcp6", true, &sockets);
  return sockets;
}

std::vector<TcpSocket> OwnSockets() {
  std::vector<TcpSocket> sockets;
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return sockets;
  while (const dirent* entry = readdir(directory)) {
    TcpSocket socket;
    int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || !Describe(fd, &socket)) continue;
    socket.inode = InodeOf(fd);
    sockets.push_back(socket);
  }
  closedir(directory);
  return sockets;
}

bool IsAny(const in6_addr& address) {
  static const in6_addr any = {};
  return IsSame(address, any);
}

bool IsSame(const in6_addr& one, const in6_addr& other) {
  return std::memcmp(&one, &other, sizeof one) == 0;
}

}  // namespace gateway_lock::darwin
