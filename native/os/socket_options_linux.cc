#include "socket_options.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "socket.h"

namespace gateway_lock {

const bool kHasAbstractNames = true;
const int kNoSignal = MSG_NOSIGNAL;

int OpenCloseOnExecSocket(int family, int type) {
  return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

bool OpenCloseOnExecPair(int (&ends)[2]) {
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0;
}

// Without this, the next gateway's bind fails with EADDRINUSE, even with SO_REUSEADDR, after a
// gateway with connected clients was killed and for 60 s after each normal close. If a socket in
// TIME_WAIT uses the port, Linux allows a bind only if both sockets have the option
// (net/ipv4/inet_connection_sock.c, inet_bind_conflict). Connections inherit the option from the
// listener. It must be set after listen(), because inet_bind_conflict() still refuses a second bind
// while one of the sockets is listening.
void AllowRebindInTimeWait(const SocketHandle& listening) {
  int on = 1;
  (void)setsockopt(static_cast<int>(listening.get()), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

bool StrictBindMisses(const Endpoint& /*endpoint*/) { return false; }

// inet_bind_conflict() refuses a bind while one of the sockets is listening. So the socket table
// need not be searched, which takes 6 ms for each of /proc/net/tcp and /proc/net/tcp6, because the
// kernel walks its whole hash table of connections.
bool ReusingBindMisses(const Endpoint& /*endpoint*/) { return false; }

Status SocketIdentity(NativeHandle handle, std::uint64_t* identity) {
  struct stat info;
  if (fstat(static_cast<int>(handle), &info) != 0) return Status::SystemError(errno, "fstat");
  *identity = S_ISSOCK(info.st_mode) ? static_cast<std::uint64_t>(info.st_ino) : 0;
  return Status::Ok();
}

}  // namespace gateway_lock
