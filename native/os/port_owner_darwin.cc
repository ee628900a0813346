#include "port_owner.h"

#include <libproc.h>
#include <netinet/in.h>
#include <sys/proc_info.h>

#include <cstring>
#include <vector>

#include "posix_socket.h"

namespace gateway_lock {
namespace {

// The address of a socket or of an endpoint.
struct BoundAddress {
  bool v4 = false;  // accepts IPv4 connections; also true for an IPv6 socket on `::`
  bool v6 = false;
  in6_addr local = {};  // an IPv4 address is stored in the last 4 bytes
};

bool IsAny(const in6_addr& address) {
  static const in6_addr any = {};
  return std::memcmp(&address, &any, sizeof any) == 0;
}

bool ToBoundAddress(const Endpoint& endpoint, BoundAddress* bound) {
  SocketAddress address;
  if (!ParseAddress(endpoint, &address).ok()) return false;
  bound->v6 = address.family() == AF_INET6;
  bound->v4 = !bound->v6;
  if (bound->v6) {
    bound->local = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
    bound->v4 = IsAny(bound->local);
  } else {
    const in_addr& v4 = reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr;
    std::memcpy(&bound->local.s6_addr[12], &v4, sizeof v4);
  }
  return true;
}

enum class Kind { kListener, kConnection };

// The sockets to look for. A remote port of 0 means any.
struct Filter {
  Kind kind;
  std::uint16_t port;
  std::uint16_t remote_port = 0;
};

bool Fits(const tcp_sockinfo& tcp, const Filter& filter) {
  const in_sockinfo& in = tcp.tcpsi_ini;
  bool listens = tcp.tcpsi_state == TSI_S_LISTEN;
  return listens == (filter.kind == Kind::kListener) &&
         ntohs(static_cast<std::uint16_t>(in.insi_lport)) == filter.port &&
         (filter.remote_port == 0 ||
          ntohs(static_cast<std::uint16_t>(in.insi_fport)) == filter.remote_port);
}

// Reads a socket's address. Returns false if the socket does not fit the filter. The kernel copies
// insi_laddr and insi_vflag from the socket's inpcb (fill_inpcbinfo() in bsd/kern/socket_info.c).
bool ReadSocket(int pid, int descriptor, const Filter& filter, BoundAddress* bound) {
  socket_fdinfo info = {};
  if (proc_pidfdinfo(pid, descriptor, PROC_PIDFDSOCKETINFO, &info, sizeof info) <
      static_cast<int>(sizeof info)) {
    return false;
  }
  if (info.psi.soi_kind != SOCKINFO_TCP) return false;
  const tcp_sockinfo& tcp = info.psi.soi_proto.pri_tcp;
  const in_sockinfo& in = tcp.tcpsi_ini;
  bound->v4 = (in.insi_vflag & INI_IPV4) != 0;
  bound->v6 = (in.insi_vflag & INI_IPV6) != 0;
  if (bound->v6) {
    bound->local = in.insi_laddr.ina_6;
  } else {
    std::memcpy(&bound->local.s6_addr[12], &in.insi_laddr.ina_46.i46a_addr4, 4);
  }
  return Fits(tcp, filter);
}

// Returns true if the addresses conflict. An IPv6 listener on `::` also accepts IPv4 connections,
// but an IPv4 listener never accepts a connection to ::1.
bool Overlaps(const BoundAddress& listener, const BoundAddress& wanted) {
  if (!(listener.v4 && wanted.v4) && !(listener.v6 && wanted.v6)) return false;
  return IsAny(listener.local) || IsAny(wanted.local) ||
         std::memcmp(&listener.local, &wanted.local, sizeof wanted.local) == 0;
}

// proc_pidinfo() fails with EPERM for another user's process (proc_security_policy() in
// bsd/kern/proc_info.c), so that process appears to have no sockets.
bool HasSocket(int pid, const Filter& filter, const BoundAddress& wanted) {
  int size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, nullptr, 0);
  if (size <= 0) return false;
  std::vector<proc_fdinfo> descriptors(static_cast<std::size_t>(size) / sizeof(proc_fdinfo));
  size = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, descriptors.data(), size);
  for (int i = 0; i < size / static_cast<int>(sizeof(proc_fdinfo)); ++i) {
    const proc_fdinfo& descriptor = descriptors[static_cast<std::size_t>(i)];
    BoundAddress bound;
    bool found = descriptor.proc_fdtype == PROX_FDTYPE_SOCKET &&
                 ReadSocket(pid, descriptor.proc_fd, filter, &bound);
    if (found && Overlaps(bound, wanted)) return true;
  }
  return false;
}

// Returns the pid of a process that has a socket that fits and whose address conflicts with the
// endpoint's, or 0 if there is none.
std::int64_t FindProcess(const Endpoint& endpoint, const Filter& filter) {
  BoundAddress wanted;
  if (!ToBoundAddress(endpoint, &wanted)) return 0;
  int size = proc_listpids(PROC_ALL_PIDS, 0, nullptr, 0);
  if (size <= 0) return 0;
  std::vector<int> pids(static_cast<std::size_t>(size) / sizeof(int));
  size = proc_listpids(PROC_ALL_PIDS, 0, pids.data(), size);
  for (int i = 0; i < size / static_cast<int>(sizeof(int)); ++i) {
    int pid = pids[static_cast<std::size_t>(i)];
    if (pid > 0 && HasSocket(pid, filter, wanted)) return pid;
  }
  return 0;
}

}  // namespace

bool HasListener(const Endpoint& endpoint) { return FindListenerPid(endpoint) != 0; }

std::int64_t FindListenerPid(const Endpoint& endpoint) {
  return FindProcess(endpoint, {Kind::kListener, endpoint.port});
}

std::int64_t FindConnectionPid(const Endpoint& endpoint) {
  return FindProcess(endpoint, {Kind::kConnection, endpoint.port});
}

std::int64_t FindConnectionOwner(const Endpoint& endpoint, std::uint16_t remote_port) {
  return FindProcess(endpoint, {Kind::kConnection, endpoint.port, remote_port});
}

}  // namespace gateway_lock
