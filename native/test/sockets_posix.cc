#include "sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "posix_socket.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

constexpr int kLimitMs = 5000;

Status StrictBind(const Endpoint& endpoint, SocketHandle* out) {
  SocketAddress address;
  CHECK(ParseAddress(endpoint, &address).ok());
  out->Reset(socket(address.family(), SOCK_STREAM, 0));
  bool bound = out->valid() && bind(Fd(*out), address.get(), address.length) == 0;
  return bound ? Status::Ok() : Status::SystemError(errno, "bind");
}

}  // namespace

SocketHandle Connect(const Endpoint& endpoint) {
  SocketAddress address;
  CHECK(ParseAddress(endpoint, &address).ok());
  SocketHandle client(socket(address.family(), SOCK_STREAM, 0));
  CHECK(connect(Fd(client), address.get(), address.length) == 0);
  return client;
}

SocketHandle BeginConnect(const Endpoint& endpoint) {
  SocketAddress address;
  SocketHandle client;
  CHECK(ParseAddress(endpoint, &address).ok());
  CHECK(OpenSocket(address.family(), &client).ok());
  CHECK(connect(Fd(client), address.get(), address.length) == 0 || errno == EINPROGRESS);
  return client;
}

SocketHandle TryAccept(const Listener& listener) {
  return SocketHandle(accept(static_cast<int>(listener.handle()), nullptr, nullptr));
}

SocketHandle Accept(const Listener& listener) {
  pollfd waiting = {static_cast<int>(listener.handle()), POLLIN, 0};
  CHECK(poll(&waiting, 1, kLimitMs) == 1);
  SocketHandle connection = TryAccept(listener);
  CHECK(connection.valid());
  return connection;
}

void AwaitEnd(const SocketHandle& connection) {
  char byte;
  CHECK(read(Fd(connection), &byte, 1) == 0);
}

BoundSocket BindWithoutListening(const Endpoint& endpoint) {
  BoundSocket bound = {{}, endpoint};
  CHECK(StrictBind(endpoint, &bound.socket).ok());
  CHECK(LocalPort(bound.socket, &bound.endpoint.port).ok());
  return bound;
}

std::string ErrorOfStrictBind(const Endpoint& endpoint) {
  SocketHandle socket;
  return ErrorOf(StrictBind(endpoint, &socket));
}

bool ChildrenInherit(NativeHandle socket) {
  return (fcntl(static_cast<int>(socket), F_GETFD) & FD_CLOEXEC) == 0;
}

bool SystemReportsOwners() { return true; }

}  // namespace gateway_lock::test
