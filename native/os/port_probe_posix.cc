#include "port_probe.h"

#include <poll.h>

#include <cerrno>

#include "posix_socket.h"
#include "socket.h"
#include "socket_options.h"

namespace gateway_lock {
namespace {

constexpr int kProbeTimeoutMs = 20;

Status SocketError(const SocketHandle& socket, int* error) {
  socklen_t length = sizeof *error;
  return getsockopt(Fd(socket), SOL_SOCKET, SO_ERROR, error, &length) == 0
             ? Status::Ok()
             : Status::SystemError(errno, "getsockopt");
}

// Waits for a pending connect(), and sets `error` to 0, an errno or ETIMEDOUT.
Status AwaitConnect(const SocketHandle& socket, int* error) {
  pollfd waiting = {Fd(socket), POLLOUT, 0};
  int ready = 0;
  do {
    ready = poll(&waiting, 1, kProbeTimeoutMs);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return Status::SystemError(errno, "poll");
  *error = ETIMEDOUT;
  return ready == 0 ? Status::Ok() : SocketError(socket, error);
}

Status ToConnectResult(int error, ConnectResult* result) {
  switch (error) {
    case 0:
      *result = ConnectResult::kAccepted;
      return Status::Ok();
    case ECONNREFUSED:
      *result = ConnectResult::kRefused;
      return Status::Ok();
    case ETIMEDOUT:
      *result = ConnectResult::kTimedOut;
      return Status::Ok();
    default:
      return Status::SystemError(error, "connect");
  }
}

}  // namespace

const int kAddressNotAvailable = EADDRNOTAVAIL;

Status OpenSourceSocket(const Endpoint& source, SocketHandle* out) {
  SocketAddress address;
  Status status = ParseAddress(source, &address);
  if (status.ok()) status = OpenSocket(address.family(), out);
  return status.ok() ? Bind(*out, address) : status;
}

Status Connect(const SocketHandle& source, const Endpoint& target, ConnectResult* result) {
  SocketAddress address;
  Status status = ParseAddress(target, &address);
  if (!status.ok()) return status;
  int error = connect(Fd(source), address.get(), address.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS || error == EINTR) status = AwaitConnect(source, &error);
  if (!status.ok()) return status;
  // After a connection the source port stays in TIME_WAIT, but a gateway must still be able to
  // listen on it.
  if (error != ECONNREFUSED) AllowRebindInTimeWait(source);
  return ToConnectResult(error, result);
}

}  // namespace gateway_lock
