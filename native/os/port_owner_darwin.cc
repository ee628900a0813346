#include "port_owner.h"

#include <libproc.h>
#include <sys/proc_info.h>

#include <vector>

namespace gateway_lock {
namespace {

enum class Kind { kListener, kConnection };

bool UsesPort(int pid, int descriptor, std::uint16_t port, Kind kind) {
  socket_fdinfo info = {};
  if (proc_pidfdinfo(pid, descriptor, PROC_PIDFDSOCKETINFO, &info, sizeof info) <
      static_cast<int>(sizeof info)) {
    return false;
  }
  if (info.psi.soi_kind != SOCKINFO_TCP) return false;
  const tcp_sockinfo& tcp = info.psi.soi_proto.pri_tcp;
  auto local = static_cast<std::uint16_t>(tcp.tcpsi_ini.insi_lport);
  bool listens = tcp.tcpsi_state == TSI_S_LISTEN;
  return ntohs(local) == port && listens == (kind == Kind::kListener);
}

bool UsesPort(int pid, std::uint16_t port, Kind kind) {
  int size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, nullptr, 0);
  if (size <= 0) return false;
  std::vector<proc_fdinfo> descriptors(static_cast<std::size_t>(size) / sizeof(proc_fdinfo));
  size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, descriptors.data(), size);
  for (int i = 0; i < size / static_cast<int>(sizeof(proc_fdinfo)); ++i) {
    const proc_fdinfo& one = descriptors[static_cast<std::size_t>(i)];
    if (one.proc_fdtype == PROX_FDTYPE_SOCKET && UsesPort(pid, one.proc_fd, port, kind))
      return true;
  }
  return false;
}

std::int64_t FindProcess(std::uint16_t port, Kind kind) {
  int size = proc_listpids(PROC_ALL_PIDS, 0, nullptr, 0);
  if (size <= 0) return 0;
  std::vector<int> pids(static_cast<std::size_t>(size) / sizeof(int));
  size = proc_listpids(PROC_ALL_PIDS, 0, pids.data(), size);
  for (int i = 0; i < size / static_cast<int>(sizeof(int)); ++i) {
    int pid = pids[static_cast<std::size_t>(i)];
    if (pid > 0 && UsesPort(pid, port, kind)) return pid;
  }
  return 0;
}

}  // namespace

bool HasListener(const Endpoint& endpoint) { return FindPortOwner(endpoint) != 0; }

std::int64_t FindPortOwner(const Endpoint& endpoint) {
  return FindProcess(endpoint.port, Kind::kListener);
}

std::int64_t FindConnectionOwner(const Endpoint& endpoint) {
  return FindProcess(endpoint.port, Kind::kConnection);
}

}  // namespace gateway_lock
