#include "listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

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
  LetSuccessorRebind(socket);
  *out = std::move(socket);
  return Status::Ok();
}

// Strict first. EADDRINUSE with nobody listening is what killed connections leave behind
// (TIME_WAIT, FIN_WAIT): SO_REUSEADDR is made for that. Never with it at first: on macOS it lets
// 127.0.0.1 and 0.0.0.0 listen on one port side by side (nymtech/nym#3232).
Status ListenExclusively(const Endpoint& endpoint, const SocketAddress& address, int backlog,
                         SocketHandle* out) {
  Status strict = BindAndListen(address, /*reuse=*/false, backlog, out);
  if (strict.sys_code != EADDRINUSE || endpoint.port == 0) return strict;
  Answer answer = Answer::kSilent;
  Status asked = AskPort(endpoint, &answer);
  if (!asked.ok() || answer != Answer::kRefused) return strict;
  // For a wildcard, asking on one address is not enough.
  if (HasListener(endpoint)) return strict;
  return BindAndListen(address, /*reuse=*/true, backlog, out);
}

// Each socket has an inode number of its own.
Status SocketIdentity(NativeHandle handle, std::uint64_t* identity) {
  struct stat info;
  if (fstat(static_cast<int>(handle), &info) != 0) return Status::SystemError(errno, "fstat");
  *identity = static_cast<std::uint64_t>(info.st_ino);
  return Status::Ok();
}

}  // namespace

Status Listener::Listen(const Endpoint& endpoint, int backlog, Listener* out) {
  SocketAddress address;
  Status status = ParseAddress(endpoint, &address);
  if (!status.ok()) return status;
  Listener listener;
  status = ListenExclusively(endpoint, address, backlog, &listener.socket_);
  if (!status.ok()) return status;
  status = LocalPort(listener.socket_, &listener.endpoint_.port);
  if (!status.ok()) return status;
  listener.endpoint_.address = endpoint.address;
  status = SocketIdentity(listener.handle(), &listener.identity_);
  if (!status.ok()) return status;
  *out = std::move(listener);
  return Status::Ok();
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
