#include "tcp_table.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

extern "C" int __real_fstat(int fd, struct stat* info);

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
    socket.port = static_cast<std::uint16_t>(port);
    socket.connected = peer_port != 0;
    socket.listens = state == kListens;
    out->push_back(socket);
  }
}

bool Describe(int fd, TcpSocket* out) {
  int type = 0;
  socklen_t size = sizeof type;
  sockaddr_storage place = {};
  socklen_t length = sizeof place;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return false;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&place), &length) != 0) return false;
  if (place.ss_family != AF_INET && place.ss_family != AF_INET6) return false;
  out->v6 = place.ss_family == AF_INET6;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&place);
  if (out->v6) {
    out->local = reinterpret_cast<sockaddr_in6*>(&place)->sin6_addr;
  } else {
    std::memcpy(&out->local.s6_addr[12], &v4->sin_addr, 4);
  }
  out->takes_v4 = !out->v6 || IsAny(out->local);
  out->port = ntohs(v4->sin_port);
  out->connected =
      getpeername(fd, reinterpret_cast<sockaddr*>(&place), &(length = sizeof place)) == 0;
  struct stat info = {};
  out->inode = __real_fstat(fd, &info) == 0 ? info.st_ino : 0;
  return out->port != 0;
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
    if (entry->d_name[0] != '.' && Describe(std::atoi(entry->d_name), &socket)) {
      sockets.push_back(socket);
    }
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
