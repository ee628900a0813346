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

const bool kHasAbstractNames = false;
const int kNoSignal = 0;

// macOS has no SOCK_CLOEXEC, so if another thread forks in the few microseconds between socket()
// and fcntl(), the child inherits the descriptor. libuv usually prevents this on macOS by spawning
// with POSIX_SPAWN_CLOEXEC_DEFAULT; it forks only for a child with another uid or gid (libuv
// src/unix/process.c).
int OpenCloseOnExecSocket(int family, int type) {
  int fd = socket(family, type, 0);
  if (fd < 0) return fd;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) return fd;
  close(fd);
  return -1;
}

bool OpenCloseOnExecPair(int (&ends)[2]) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return false;
  // F_SETFD does not fail on an open descriptor.
  for (int end : ends) (void)fcntl(end, F_SETFD, FD_CLOEXEC);
  return true;
}

// Intentionally does nothing: on macOS, SO_REUSEADDR on a socket listening on 127.0.0.1 would let
// another socket listen on 0.0.0.0 with the same port (nymtech/nym#3232).
void AllowRebindInTimeWait(const SocketHandle& /*listening*/) {}

// A bind() to `::` is checked only against IPv6 sockets, unless the other socket belongs to another
// user (in6_pcbbind() in bsd/netinet6/in6_pcb.c), although `::` also accepts IPv4 connections. So
// the socket table is searched and 127.0.0.1 is probed, because the table does not show other
// users' processes.
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

// A socket may listen on 0.0.0.0 while another listens on 127.0.0.1 with the same port.
bool ReusingBindMisses(const Endpoint& endpoint) { return HasListener(endpoint); }

// Uses soi_so, because st_ino is 0 for every socket on macOS (soo_stat() in bsd/kern/sys_socket.c).
Status SocketIdentity(NativeHandle handle, std::uint64_t* identity) {
  socket_fdinfo info = {};
  int size =
      proc_pidfdinfo(getpid(), static_cast<int>(handle), PROC_PIDFDSOCKETINFO, &info, sizeof info);
  // For a descriptor of this process, proc_pidfdinfo() fails only if it is closed or not a socket.
  *identity = size == static_cast<int>(sizeof info) ? info.psi.soi_so : 0;
  return Status::Ok();
}

}  // namespace gateway_lock
