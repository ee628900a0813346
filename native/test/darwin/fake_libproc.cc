// Implements libproc on top of /proc, with the results of XNU's proc_listpids(), proc_pidfdlist()
// and pid_socketinfo() (bsd/kern/proc_info.c).
#include <dirent.h>
#include <libproc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "tcp_table.h"

namespace gateway_lock::darwin {
namespace {

// Without a buffer, proc_listpids() and proc_pidinfo() return a size with room for 20 more entries.
constexpr int kSpare = 20;

// Reads the entries of a directory whose names are numbers. Returns false if that fails.
bool NumbersIn(const std::string& path, std::vector<int>* numbers) {
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return false;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
      numbers->push_back(std::atoi(entry->d_name));
    }
  }
  closedir(directory);
  return true;
}

std::string FolderOf(int pid) { return "/proc/" + std::to_string(pid) + "/fd"; }

// Returns a socket's inode number, or 0 if the descriptor is not a socket.
std::uint64_t SocketInode(int pid, int fd) {
  char target[64] = {};
  std::string link = FolderOf(pid) + "/" + std::to_string(fd);
  if (readlink(link.c_str(), target, sizeof target - 1) <= 0) return 0;
  unsigned long long inode = 0;  // NOLINT(google-runtime-int)
  return std::sscanf(target, "socket:[%llu]", &inode) == 1 ? inode : 0;
}

const TcpSocket* Find(const std::vector<TcpSocket>& sockets, std::uint64_t inode) {
  for (const TcpSocket& socket : sockets) {
    if (socket.inode == inode) return &socket;
  }
  return nullptr;
}

// Follows fill_socketinfo() and fill_inpcbinfo() in bsd/kern/socket_info.c.
void Fill(const TcpSocket& from, socket_info* info) {
  info->soi_kind = SOCKINFO_TCP;
  tcp_sockinfo* tcp = &info->soi_proto.pri_tcp;
  tcp->tcpsi_state = from.listens     ? TSI_S_LISTEN
                     : from.connected ? TSI_S_ESTABLISHED
                                      : TSI_S_CLOSED;
  in_sockinfo* in = &tcp->tcpsi_ini;
  in->insi_lport = htons(from.port);
  in->insi_fport = htons(from.peer_port);
  in->insi_vflag =
      static_cast<std::uint8_t>((from.v6 ? INI_IPV6 : 0) | (from.takes_v4 ? INI_IPV4 : 0));
  in->insi_laddr.ina_6 = from.local;
}

}  // namespace
}  // namespace gateway_lock::darwin

using namespace gateway_lock::darwin;  // NOLINT

int proc_listpids(std::uint32_t /*type*/, std::uint32_t /*typeinfo*/, void* buffer, int size) {
  std::vector<int> pids;
  if (!NumbersIn("/proc", &pids)) return 0;
  auto capacity = static_cast<std::size_t>(size) / sizeof(int);
  if (buffer == nullptr) return static_cast<int>((pids.size() + kSpare) * sizeof(int));
  std::size_t count = pids.size() < capacity ? pids.size() : capacity;
  std::memcpy(buffer, pids.data(), count * sizeof(int));
  return static_cast<int>(count * sizeof(int));
}

// Returns 0 for another user's process: the kernel fails with EPERM, which libproc converts to 0.
int proc_pidinfo(int pid, int flavor, std::uint64_t /*arg*/, void* buffer, int size) {
  std::vector<int> fds;
  if (flavor != PROC_PIDLISTFDS || !NumbersIn(FolderOf(pid), &fds)) return 0;
  constexpr std::size_t kEach = sizeof(proc_fdinfo);
  if (buffer == nullptr) return static_cast<int>((fds.size() + kSpare) * kEach);
  auto* out = static_cast<proc_fdinfo*>(buffer);
  std::size_t capacity = static_cast<std::size_t>(size) / kEach;
  std::size_t count = fds.size() < capacity ? fds.size() : capacity;
  for (std::size_t i = 0; i < count; ++i) {
    bool socket = SocketInode(pid, fds[i]) != 0;
    out[i] = {fds[i], static_cast<std::uint32_t>(socket ? PROX_FDTYPE_SOCKET : PROX_FDTYPE_VNODE)};
  }
  return static_cast<int>(count * kEach);
}

int proc_pidfdinfo(int pid, int fd, int flavor, void* buffer, int size) {
  std::uint64_t inode = SocketInode(pid, fd);
  if (flavor != PROC_PIDFDSOCKETINFO || inode == 0) return 0;
  if (size < static_cast<int>(sizeof(socket_fdinfo))) return 0;
  auto* info = static_cast<socket_fdinfo*>(buffer);
  *info = {};
  // XNU returns VM_KERNEL_ADDRHASH(so), a number unique to the socket.
  info->psi.soi_so = inode * 0x9E3779B97F4A7C15u;
  std::vector<TcpSocket> listed = ListedSockets();
  std::vector<TcpSocket> own = pid == getpid() ? OwnSockets() : std::vector<TcpSocket>();
  const TcpSocket* found = Find(listed, inode);
  if (found == nullptr) found = Find(own, inode);
  if (found != nullptr) Fill(*found, &info->psi);
  return sizeof(socket_fdinfo);
}
