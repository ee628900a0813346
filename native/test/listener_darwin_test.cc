// Tests which sockets another program can bind beside a listener on macOS. Only the new socket's
// options count (in_pcbbind() in bsd/netinet/in_pcb.c), and every Node server sets SO_REUSEADDR
// (libuv src/unix/tcp.c).
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "listener.h"
#include "posix_socket.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// Listens with a Node server's socket options.
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

TEST(
    "a listener on 0.0.0.0 excludes a listener of this package on ::, and a listener on :: "
    "excludes one on 0.0.0.0") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener four = ListenOn({"0.0.0.0", 0});
  CHECK(ErrorOfListening({"::", four.endpoint().port}) == "EADDRINUSE");
  Listener both = ListenOn({"::", 0});
  CHECK(ErrorOfListening({"0.0.0.0", both.endpoint().port}) == "EADDRINUSE");
}

TEST("a listener on an IPv4 address excludes a listener of this package on ::") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener four = ListenOn({"127.0.0.1", 0});
  CHECK(ErrorOfListening({"::", four.endpoint().port}) == "EADDRINUSE");
  Listener six = ListenOn({"::1", 0});
  CHECK(ErrorOfListening({"0.0.0.0", six.endpoint().port}).empty());
}

TEST(
    "a Node server can bind loopback beside a wildcard listener, unless a second listener guards "
    "loopback") {
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

TEST(
    "connections to loopback reach the listener on loopback, even if a Node server listens on the "
    "wildcard") {
  Listener loopback = ListenOn({"127.0.0.1", 0});
  SocketHandle beside;
  CHECK(ListenAsNode({"0.0.0.0", loopback.endpoint().port}, &beside).ok());
  SocketHandle client = Connect(loopback.endpoint());
  CHECK(Accept(loopback).valid());
}

}  // namespace
}  // namespace gateway_lock::test
