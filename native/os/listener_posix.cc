#include "listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "port_probe.h"
#include "posix_socket.h"
#include "socket.h"
#include "socket_options.h"

namespace gateway_lock {
namespace {

Status AllowReuse(const SocketHandle& socket) {
  int on = 1;
  return setsockopt(Fd(socket), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
             ? Status::Ok()
             : Status::SystemError(errno, "setsockopt");
}

// Calls listen() right after bind(), because with SO_REUSEADDR Linux lets two sockets bind the same
// port and refuses only the second listen().
Status BindAndListen(const SocketAddress& address, bool reuse, int backlog, SocketHandle* out) {
  SocketHandle socket;
  Status status = OpenSocket(address.family(), &socket);
  if (status.ok() && reuse) status = AllowReuse(socket);
  if (status.ok()) status = Bind(socket, address);
  if (!status.ok()) return status;
  if (listen(Fd(socket), backlog) != 0) return Status::SystemError(errno, "listen");
  AllowRebindInTimeWait(socket);
  *out = std::move(socket);
  return Status::Ok();
}

// Binds without SO_REUSEADDR first, because on macOS this option lets one socket listen on
// 127.0.0.1 while another listens on 0.0.0.0 with the same port (nymtech/nym#3232). If the bind
// fails with EADDRINUSE although no process is listening, the cause is a killed process's
// connections (TIME_WAIT, FIN_WAIT). Only then binds again with SO_REUSEADDR, which exists for this
// purpose.
Status ListenExclusively(const Endpoint& endpoint, const SocketAddress& address, int backlog,
                         SocketHandle* out) {
  if (StrictBindMisses(endpoint)) return Status::SystemError(EADDRINUSE, "bind");
  Status strict = BindAndListen(address, /*reuse=*/false, backlog, out);
  if (strict.sys_code != EADDRINUSE || endpoint.port == 0) return strict;
  ConnectResult result = ConnectResult::kTimedOut;
  Status probed = ProbePort(endpoint, &result);
  if (!probed.ok() || result != ConnectResult::kRefused) return strict;
  // The probe covers only one address, which is not enough for a wildcard.
  if (ReusingBindMisses(endpoint)) return strict;
  return BindAndListen(address, /*reuse=*/true, backlog, out);
}

}  // namespace

Status OpenListener(const Endpoint& endpoint, int backlog, SocketHandle* out) {
  SocketAddress address;
  Status status = ParseAddress(endpoint, &address);
  return status.ok() ? ListenExclusively(endpoint, address, backlog, out) : status;
}

Status OpenListenerBeside(const Endpoint& endpoint, int backlog, SocketHandle* out) {
  SocketAddress address;
  Status status = ParseAddress(endpoint, &address);
  return status.ok() ? BindAndListen(address, /*reuse=*/true, backlog, out) : status;
}

Status TryBind(const Endpoint& endpoint) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  if (status.ok()) status = OpenSocket(address.family(), &socket);
  if (status.ok()) status = AllowReuse(socket);
  if (status.ok()) status = Bind(socket, address);
  return status;
}

}  // namespace gateway_lock
