#include "socket_options.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "socket.h"

namespace gateway_lock {

int OpenCloseOnExecSocket(int family) {
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

// Symptom without this: after a kill with clients connected, and for 60 s after each orderly close,
// the successor's bind fails with EADDRINUSE even with SO_REUSEADDR. Linux lets a bind pass a
// TIME_WAIT socket only if both have the option (net/ipv4/inet_connection_sock.c,
// inet_bind_conflict), and connections inherit it from the listener. Set after listen(), never
// before: the same check still refuses a second bind while one of the sockets listens.
void AllowRebindInTimeWait(const SocketHandle& listening) {
  int on = 1;
  (void)setsockopt(static_cast<int>(listening.get()), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

bool StrictBindMisses(const Endpoint& /*endpoint*/) { return false; }

Status SocketIdentity(NativeHandle handle, std::uint64_t* identity) {
  struct stat info;
  if (fstat(static_cast<int>(handle), &info) != 0) return Status::SystemError(errno, "fstat");
  *identity = S_ISSOCK(info.st_mode) ? static_cast<std::uint64_t>(info.st_ino) : 0;
  return Status::Ok();
}

}  // namespace gateway_lock
