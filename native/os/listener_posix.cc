#include "listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "port_owner.h"
#include "posix_socket.h"
#include "socket_options.h"

namespace gateway_lock {
namespace {

Status Bind(const SocketHandle& socket, const SocketAddress& address) {
  return bind(Fd(socket), address.get(), address.length) == 0 ? Status::Ok()
                                                              : Status::SystemError(errno, "bind");
}

Status AllowReuse(const SocketHandle& socket) {
  int on = 1;
  return setsockopt(Fd(socket), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
             ? Status::Ok()
             : Status::SystemError(errno, "setsockopt");
}

// listen() at once: with SO_REUSEADDR, Linux lets two sockets bind one port and refuses only the
// second listen().
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

// Strict first. EADDRINUSE with nobody listening is what killed connections leave behind
// (TIME_WAIT, FIN_WAIT): SO_REUSEADDR is made for that. Never with it at first: on macOS it lets
// 127.0.0.1 and 0.0.0.0 listen on one port side by side (nymtech/nym#3232).
Status ListenExclusively(const Endpoint& endpoint, const SocketAddress& address, int backlog,
                         SocketHandle* out) {
  if (StrictBindMisses(endpoint)) return Status::SystemError(EADDRINUSE, "bind");
  Status strict = BindAndListen(address, /*reuse=*/false, backlog, out);
  if (strict.sys_code != EADDRINUSE || endpoint.port == 0) return strict;
  Answer answer = Answer::kTimedOut;
  Status asked = ProbePort(endpoint, &answer);
  if (!asked.ok() || answer != Answer::kRefused) return strict;
  // For a wildcard, asking on one address is not enough.
  if (HasListener(endpoint)) return strict;
  return BindAndListen(address, /*reuse=*/true, backlog, out);
}

}  // namespace

Status Listener::Listen(const Endpoint& endpoint, int backlog, Listener* out) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  if (status.ok()) status = ListenExclusively(endpoint, address, backlog, &socket);
  return status.ok() ? Own(std::move(socket), endpoint, out) : status;
}

Status Listener::ListenBeside(const Endpoint& endpoint, int backlog, Listener* out) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  if (status.ok()) status = BindAndListen(address, /*reuse=*/true, backlog, &socket);
  return status.ok() ? Own(std::move(socket), endpoint, out) : status;
}

Status Listener::Own(SocketHandle socket, const Endpoint& endpoint, Listener* out) {
  Listener listener;
  listener.socket_ = std::move(socket);
  listener.endpoint_.address = endpoint.address;
  Status status = SocketIdentity(listener.handle(), &listener.identity_);
  if (status.ok()) status = LocalPort(listener.socket_, &listener.endpoint_.port);
  if (status.ok()) *out = std::move(listener);
  return status;
}

// Only EBADF shows that somebody else has closed it. After another failure a listener that is not
// closed would keep the port to the end of the process.
bool Listener::OwnsHandle() const {
  std::uint64_t identity = 0;
  if (!open()) return false;
  Status status = SocketIdentity(handle(), &identity);
  return status.ok() ? identity == identity_ : status.sys_code != EBADF;
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
