#include "listener.h"

#include <cerrno>
#include <utility>

#include "socket.h"

namespace gateway_lock {

Status Listener::Listen(const Endpoint& endpoint, int backlog, Listener* out) {
  SocketHandle socket;
  Status status = OpenListener(endpoint, backlog, &socket);
  return status.ok() ? Adopt(std::move(socket), endpoint, out) : status;
}

Status Listener::ListenBeside(const Endpoint& endpoint, int backlog, Listener* out) {
  SocketHandle socket;
  Status status = OpenListenerBeside(endpoint, backlog, &socket);
  return status.ok() ? Adopt(std::move(socket), endpoint, out) : status;
}

Status Listener::Adopt(SocketHandle socket, const Endpoint& endpoint, Listener* out) {
  Listener listener;
  listener.socket_ = std::move(socket);
  listener.endpoint_.address = endpoint.address;
  Status status = SocketIdentity(listener.handle(), &listener.identity_);
  if (status.ok()) status = LocalPort(listener.socket_, &listener.endpoint_.port);
  if (status.ok()) *out = std::move(listener);
  return status;
}

// Only EBADF proves that other code has closed the handle. After any other failure, assumes that
// the listener still owns it, because a listener that is never closed would keep the port in use
// until the process ends.
bool Listener::OwnsHandle() const {
  if (!open()) return false;
  std::uint64_t identity = 0;
  Status status = SocketIdentity(handle(), &identity);
  return status.ok() ? identity == identity_ : status.sys_code != EBADF;
}

NativeHandle Listener::Lend() {
  lent_ = open();
  return handle();
}

Status Listener::Recall() {
  if (!lent_) return Status::Ok();
  if (!OwnsHandle()) return Status::SystemError(EBADF, "dup");
  Listener copy;
  Status status = Copy(handle(), &copy);
  if (!status.ok()) return status;
  copy.endpoint_ = endpoint_;
  Close();
  *this = std::move(copy);
  return status;
}

void Listener::Close() {
  if (lent_ && PutUnconnectedSocket(handle())) {
    Detach();
  } else {
    socket_.Reset();
  }
}

}  // namespace gateway_lock
