#include "socket_options.h"

#include <fcntl.h>
#include <libproc.h>
#include <netinet/in.h>
#include <sys/proc_info.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port_owner.h"
#include "port_probe.h"
#include "posix_socket.h"
#include "socket.h"

namespace gateway_lock {

// macOS has no SOCK_CLOEXEC, so a fork between socket() and fcntl() can leak the descriptor. libuv
// spawns with POSIX_SPAWN_CLOEXEC_DEFAULT on macOS and so closes it, except for a child with
// another uid or gid: for that libuv forks (libuv src/unix/process.c). Another thread would have to
// fork in these microseconds.
int OpenCloseOnExecSocket(int family) {
  int fd = socket(family, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) return fd;
  close(fd);
  return -1;
}

// Does nothing, on purpose: on macOS the option on a listening socket would let 0.0.0.0 listen
// beside our 127.0.0.1 (nymtech/nym#3232).
void AllowRebindInTimeWait(const SocketHandle& /*listening*/) {}

// bind() compares `::` with IPv6 sockets only, unless the other socket belongs to another user
// (in6_pcbbind() in bsd/netinet6/in6_pcb.c), although `::` accepts IPv4 as well. Loopback is probed
// because the socket table does not show the processes of other users.
bool StrictBindMisses(const Endpoint& endpoint) {
  SocketAddress address;
  bool wildcard =
      ParseAddress(endpoint, &address).ok() && address.family() == AF_INET6 &&
      IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr);
  if (!wildcard || endpoint.port == 0) return false;
  ConnectResult result = ConnectResult::kRefused;
  (void)ProbePort({"127.0.0.1", endpoint.port}, &result);
  return result != ConnectResult::kRefused || HasListener({"0.0.0.0", endpoint.port});
}

// soi_so, not st_ino: st_ino is 0 for every socket (soo_stat() in bsd/kern/sys_socket.c).
Status SocketIdentity(NativeHandle handle, std::uint64_t* identity) {
  socket_fdinfo info = {};
  int size =
      proc_pidfdinfo(getpid(), static_cast<int>(handle), PROC_PIDFDSOCKETINFO, &info, sizeof info);
  // For our own process this fails only if the descriptor is closed or is not a socket.
  *identity = size == static_cast<int>(sizeof info) ? info.psi.soi_so : 0;
  return Status::Ok();
}

}  // namespace gateway_lock
