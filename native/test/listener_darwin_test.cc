// What macOS lets a newcomer bind beside a listener. Only the newcomer's options count
// (in_pcbbind() in bsd/netinet/in_pcb.c), and each Node server has SO_REUSEADDR (libuv
// src/unix/tcp.c).
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "listener.h"
#include "posix_socket.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// As a Node server does that is given this address.
Status ListenAsNode(const Endpoint& endpoint, SocketHandle* out) {
  SocketAddress address;
  CHECK(ParseAddress(endpoint, &address).ok());
  CHECK(OpenSocket(address.family(), out).ok());
  int on = 1;
  CHECK(setsockopt(Fd(*out), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  if (bind(Fd(*out), address.get(), address.length) != 0 || listen(Fd(*out), 16) != 0) {
    return Status::SystemError(errno, "bind");
  }
  return Status::Ok();
}

TEST("a listener on 0.0.0.0 or :: keeps our own second one off the other wildcard") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener four = ListenOn({"0.0.0.0", 0});
  CHECK(ErrorOfListening({"::", four.endpoint().port}) == "EADDRINUSE");
  Listener both = ListenOn({"::", 0});
  CHECK(ErrorOfListening({"0.0.0.0", both.endpoint().port}) == "EADDRINUSE");
}

TEST("a listener on an IPv4 address keeps our own second one off ::") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener four = ListenOn({"127.0.0.1", 0});
  CHECK(ErrorOfListening({"::", four.endpoint().port}) == "EADDRINUSE");
  Listener six = ListenOn({"::1", 0});
  CHECK(ErrorOfListening({"0.0.0.0", six.endpoint().port}).empty());
}

TEST("a plain server takes loopback from a wildcard listener, unless that listens there as well") {
  Listener wildcard = ListenOn({"0.0.0.0", 0});
  Endpoint loopback = {"127.0.0.1", wildcard.endpoint().port};
  {
    SocketHandle thief;
    CHECK(ListenAsNode(loopback, &thief).ok());
  }
  Listener guard;
  CHECK(Listener::ListenBeside(loopback, /*backlog=*/16, &guard).ok());
  SocketHandle thief;
  CHECK(ErrorOf(ListenAsNode(loopback, &thief)) == "EADDRINUSE");
  SocketHandle client = Connect(loopback);
  CHECK(Accept(guard).valid());
}

TEST("a plain server on the wildcard gets no connection of a listener on loopback") {
  Listener loopback = ListenOn({"127.0.0.1", 0});
  SocketHandle beside;
  CHECK(ListenAsNode({"0.0.0.0", loopback.endpoint().port}, &beside).ok());
  SocketHandle client = Connect(loopback.endpoint());
  CHECK(Accept(loopback).valid());
}

}  // namespace
}  // namespace gateway_lock::test
