#include "sockets.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "posix_socket.h"
#include "test.h"

namespace gateway_lock::test {

Listener ListenOn(const Endpoint& endpoint) {
  Listener listener;
  CHECK(Listener::Listen(endpoint, /*backlog=*/16, &listener).ok());
  return listener;
}

int ErrorOfListening(const Endpoint& endpoint) {
  Listener listener;
  Status status = Listener::Listen(endpoint, /*backlog=*/16, &listener);
  CHECK(status.ok() == listener.open());
  CHECK(status.ok() || status.kind == StatusKind::kSystemError);
  return status.sys_code;
}

SocketHandle Connect(const Endpoint& endpoint) {
  SocketAddress address;
  CHECK(ParseAddress(endpoint, &address).ok());
  SocketHandle client(socket(address.family(), SOCK_STREAM, 0));
  CHECK(connect(Fd(client), address.get(), address.length) == 0);
  return client;
}

SocketHandle Accept(const Listener& listener) {
  pollfd waiting = {static_cast<int>(listener.handle()), POLLIN, 0};
  CHECK(poll(&waiting, 1, 5000) == 1);
  SocketHandle connection(accept(static_cast<int>(listener.handle()), nullptr, nullptr));
  CHECK(connection.valid());
  return connection;
}

int StrictBind(const Endpoint& endpoint, SocketHandle* out) {
  SocketAddress address;
  CHECK(ParseAddress(endpoint, &address).ok());
  out->Reset(socket(address.family(), SOCK_STREAM, 0));
  if (!out->valid()) return errno;
  return bind(Fd(*out), address.get(), address.length) == 0 ? 0 : errno;
}

int ErrorOfStrictBind(const Endpoint& endpoint) {
  SocketHandle socket;
  return StrictBind(endpoint, &socket);
}

bool HasIPv6() { return ErrorOfStrictBind({"::1", 0}) == 0; }

}  // namespace gateway_lock::test
