#include "port_owner.h"

#include <dirent.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "posix_socket.h"

namespace gateway_lock {
namespace {

constexpr unsigned kListenState = 0x0A;  // TCP_LISTEN, include/net/tcp_states.h

struct DirectoryCloser {
  DIR* directory;
  ~DirectoryCloser() {
    if (directory != nullptr) closedir(directory);
  }
};

// /proc/net/tcp prints an address as 32-bit words in host byte order.
std::string HexAddress(const SocketAddress& address) {
  unsigned char bytes[16];
  bool v4 = address.family() == AF_INET;
  if (v4) {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, 4);
  } else {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr, 16);
  }
  std::string hex;
  for (int word = 0; word < (v4 ? 1 : 4); ++word) {
    std::uint32_t value;
    std::memcpy(&value, bytes + 4 * word, 4);
    char text[9];
    std::snprintf(text, sizeof text, "%08" PRIX32, value);
    hex += text;
  }
  return hex;
}

bool IsWildcard(const std::string& hex) { return hex.find_first_not_of('0') == std::string::npos; }

// The socket inode of a listener on the port; 0 for none. A listener on the wildcard counts.
std::uint64_t FindListenerInode(const char* table, const std::string& wanted, unsigned port) {
  FILE* stream = fopen(table, "re");
  if (stream == nullptr) return 0;
  std::uint64_t found = 0;
  char* line = nullptr;
  std::size_t capacity = 0;
  while (found == 0 && getline(&line, &capacity, stream) > 0) {
    char local[33];
    unsigned local_port;
    unsigned state;
    std::uint64_t inode;
    if (std::sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*s %*s %" SCNu64,
                    local, &local_port, &state, &inode) != 4) {
      continue;
    }
    bool same = wanted == local || IsWildcard(local) || IsWildcard(wanted);
    if (state == kListenState && local_port == port && same) found = inode;
  }
  free(line);
  fclose(stream);
  return found;
}

bool HasDescriptorOf(const std::string& process, const std::string& socket) {
  std::string folder = process + "/fd";
  DirectoryCloser descriptors{opendir(folder.c_str())};
  if (descriptors.directory == nullptr) return false;
  while (const dirent* entry = readdir(descriptors.directory)) {
    char target[64];
    ssize_t length = readlink((folder + "/" + entry->d_name).c_str(), target, sizeof target);
    if (length > 0 && socket == std::string(target, static_cast<std::size_t>(length))) return true;
  }
  return false;
}

std::int64_t FindHolder(std::uint64_t inode) {
  std::string socket = "socket:[" + std::to_string(inode) + "]";
  DirectoryCloser processes{opendir("/proc")};
  if (processes.directory == nullptr) return 0;
  while (const dirent* entry = readdir(processes.directory)) {
    std::int64_t pid = std::strtoll(entry->d_name, nullptr, 10);
    if (pid > 0 && HasDescriptorOf(std::string("/proc/") + entry->d_name, socket)) return pid;
  }
  return 0;
}

}  // namespace

std::int64_t FindPortOwner(const Endpoint& endpoint) {
  SocketAddress address;
  if (!ParseAddress(endpoint, &address).ok()) return 0;
  std::string wanted = HexAddress(address);
  std::uint64_t inode = 0;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    if (inode == 0) inode = FindListenerInode(table, wanted, endpoint.port);
  }
  return inode == 0 ? 0 : FindHolder(inode);
}

}  // namespace gateway_lock
