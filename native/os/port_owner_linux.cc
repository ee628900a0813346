#include "port_owner.h"

#include <netinet/in.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "posix_directory.h"
#include "posix_socket.h"

namespace gateway_lock {
namespace {

constexpr unsigned kListenState = 0x0A;  // TCP_LISTEN, include/net/tcp_states.h

// Formats bytes of an address as in /proc/net/tcp: as hexadecimal 32-bit words in host byte order.
std::string HexWords(const unsigned char* bytes, std::size_t words) {
  std::string hex;
  for (std::size_t word = 0; word < words; ++word) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes + 4 * word, 4);
    char text[9];
    std::snprintf(text, sizeof text, "%08" PRIX32, value);
    hex += text;
  }
  return hex;
}

std::string HexAddress(const SocketAddress& address) {
  unsigned char bytes[16];
  bool v4 = address.family() == AF_INET;
  if (v4) {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, 4);
  } else {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr, 16);
  }
  return HexWords(bytes, v4 ? 1 : 4);
}

// Returns the address ::ffff:A.B.C.D, which an IPv6 socket has for an IPv4 connection.
std::string MappedToV6(const std::string& v4) {
  constexpr unsigned char kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return HexWords(kPrefix, 3) + v4;
}

bool IsWildcard(const std::string& hex) { return hex.find_first_not_of('0') == std::string::npos; }

// One line of /proc/net/tcp or /proc/net/tcp6.
struct Row {
  char local[33];
  unsigned port;
  unsigned remote_port;
  unsigned state;
  std::uint64_t inode;
};

bool ParseRow(const char* line, Row* row) {
  return std::sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%x %x %*s %*s %*s %*s %*s %" SCNu64,
                     row->local, &row->port, &row->remote_port, &row->state, &row->inode) == 5;
}

enum class Kind { kListener, kConnection };

// The sockets to look for. A remote port of 0 means any.
struct Filter {
  Kind kind;
  unsigned port;
  unsigned remote_port = 0;
};

bool Fits(const Row& row, const Filter& filter) {
  bool listens = row.state == kListenState;
  return listens == (filter.kind == Kind::kListener) && row.port == filter.port &&
         (filter.remote_port == 0 || row.remote_port == filter.remote_port);
}

// Returns the inode of the first socket that fits and for which `matches` returns true, or 0 if
// there is none. A TIME_WAIT connection has inode 0, because no process has it open.
template <typename Matches>
std::uint64_t FindInode(const char* table, const Filter& filter, Matches matches) {
  FILE* stream = fopen(table, "re");
  if (stream == nullptr) return 0;
  std::uint64_t found = 0;
  char* line = nullptr;
  std::size_t capacity = 0;
  Row row;
  while (found == 0 && getline(&line, &capacity, stream) > 0) {
    bool fits = ParseRow(line, &row) && Fits(row, filter);
    if (fits && matches(std::string(row.local))) found = row.inode;
  }
  free(line);
  fclose(stream);
  return found;
}

// Returns the inode of a socket that fits and whose address conflicts with a bind to `bound`. An
// IPv6 listener on `::` also accepts IPv4 connections, but an IPv4 listener never accepts a
// connection to ::1.
std::uint64_t FindInode(const std::string& bound, const Filter& filter) {
  SocketAddress address;
  if (!ParseAddress({bound, 0}, &address).ok()) return 0;
  std::string wanted = HexAddress(address);
  bool v6 = address.family() == AF_INET6;
  bool any = IsWildcard(wanted);
  auto same = [&](const std::string& local) { return any || local == wanted || IsWildcard(local); };
  auto accepts_v4 = [&](const std::string& local) {
    return IsWildcard(local) || local == MappedToV6(wanted);
  };
  std::uint64_t inode = FindInode(v6 ? "/proc/net/tcp6" : "/proc/net/tcp", filter, same);
  if (inode == 0 && !v6) inode = FindInode("/proc/net/tcp6", filter, accepts_v4);
  if (inode == 0 && v6 && any) inode = FindInode("/proc/net/tcp", filter, same);
  return inode;
}

bool HasDescriptorOf(const std::string& process, const std::string& socket) {
  std::string folder = process + "/fd";
  DirectoryStream descriptors = OpenDirectory(folder);
  if (descriptors == nullptr) return false;
  while (const dirent* entry = readdir(descriptors.get())) {
    char target[64];
    ssize_t length = readlink((folder + "/" + entry->d_name).c_str(), target, sizeof target);
    if (length > 0 && socket == std::string(target, static_cast<std::size_t>(length))) return true;
  }
  return false;
}

std::int64_t FindPidOf(std::uint64_t inode) {
  std::string socket = "socket:[" + std::to_string(inode) + "]";
  DirectoryStream processes = OpenDirectory("/proc");
  if (processes == nullptr) return 0;
  while (const dirent* entry = readdir(processes.get())) {
    std::int64_t pid = std::strtoll(entry->d_name, nullptr, 10);
    if (pid > 0 && HasDescriptorOf(std::string("/proc/") + entry->d_name, socket)) return pid;
  }
  return 0;
}

std::int64_t FindPid(const std::string& bound, const Filter& filter) {
  std::uint64_t inode = FindInode(bound, filter);
  return inode == 0 ? 0 : FindPidOf(inode);
}

}  // namespace

bool HasListener(const Endpoint& endpoint) {
  return FindInode(endpoint.address, {Kind::kListener, endpoint.port}) != 0;
}

std::int64_t FindListenerPid(const Endpoint& endpoint) {
  return FindPid(endpoint.address, {Kind::kListener, endpoint.port});
}

std::int64_t FindConnectionPid(const Endpoint& endpoint) {
  return FindPid(endpoint.address, {Kind::kConnection, endpoint.port});
}

std::int64_t FindConnectionOwner(const Endpoint& endpoint, std::uint16_t remote_port) {
  return FindPid(endpoint.address, {Kind::kConnection, endpoint.port, remote_port});
}

}  // namespace gateway_lock
