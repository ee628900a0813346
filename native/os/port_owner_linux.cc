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

// Formats an address as in /proc/net/tcp: as hexadecimal 32-bit words in host byte order.
std::string HexAddress(const SocketAddress& address) {
  unsigned char bytes[16];
  bool v4 = address.family() == AF_INET;
  if (v4) {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, 4);
  } else {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr, 16);
  }
  std::string hex;
  for (std::size_t word = 0; word < (v4 ? 1 : 4); ++word) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes + 4 * word, 4);
    char text[9];
    std::snprintf(text, sizeof text, "%08" PRIX32, value);
    hex += text;
  }
  return hex;
}

bool IsWildcard(const std::string& hex) { return hex.find_first_not_of('0') == std::string::npos; }

// One line of /proc/net/tcp or /proc/net/tcp6.
struct Row {
  char local[33];
  unsigned port;
  unsigned state;
  std::uint64_t inode;
};

bool ParseRow(const char* line, Row* row) {
  return std::sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*s %*s %" SCNu64,
                     row->local, &row->port, &row->state, &row->inode) == 4;
}

enum class Kind { kListener, kConnection };

bool IsOfKind(const Row& row, Kind kind) {
  return (row.state == kListenState) == (kind == Kind::kListener);
}

// Returns the inode of the first socket on the port for which `matches` returns true, or 0 if there
// is none. A TIME_WAIT connection has inode 0, because no process has it open.
template <typename Matches>
std::uint64_t FindInode(const char* table, unsigned port, Kind kind, Matches matches) {
  FILE* stream = fopen(table, "re");
  if (stream == nullptr) return 0;
  std::uint64_t found = 0;
  char* line = nullptr;
  std::size_t capacity = 0;
  Row row;
  while (found == 0 && getline(&line, &capacity, stream) > 0) {
    bool wanted = ParseRow(line, &row) && row.port == port && IsOfKind(row, kind);
    if (wanted && matches(std::string(row.local))) found = row.inode;
  }
  free(line);
  fclose(stream);
  return found;
}

// Returns the inode of a socket that conflicts with a bind to the endpoint. An IPv6 listener on
// `::` also accepts IPv4 connections, but an IPv4 listener never accepts a connection to ::1.
std::uint64_t FindInode(const Endpoint& endpoint, Kind kind) {
  SocketAddress address;
  if (!ParseAddress(endpoint, &address).ok()) return 0;
  std::string wanted = HexAddress(address);
  bool v6 = address.family() == AF_INET6;
  bool any = IsWildcard(wanted);
  auto same = [&](const std::string& local) { return any || local == wanted || IsWildcard(local); };
  auto wildcard = [&](const std::string& local) { return IsWildcard(local); };
  auto find = [&](const char* table, auto matches) {
    return FindInode(table, endpoint.port, kind, matches);
  };
  std::uint64_t inode = find(v6 ? "/proc/net/tcp6" : "/proc/net/tcp", same);
  if (inode == 0 && !v6) inode = find("/proc/net/tcp6", wildcard);
  if (inode == 0 && v6 && any) inode = find("/proc/net/tcp", same);
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

}  // namespace

bool HasListener(const Endpoint& endpoint) { return FindInode(endpoint, Kind::kListener) != 0; }

std::int64_t FindListenerPid(const Endpoint& endpoint) {
  std::uint64_t inode = FindInode(endpoint, Kind::kListener);
  return inode == 0 ? 0 : FindPidOf(inode);
}

std::int64_t FindConnectionPid(const Endpoint& endpoint) {
  std::uint64_t inode = FindInode(endpoint, Kind::kConnection);
  return inode == 0 ? 0 : FindPidOf(inode);
}

}  // namespace gateway_lock
