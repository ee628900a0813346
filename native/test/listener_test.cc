#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "listener.h"
#include "places.h"
#include "posix_socket.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

TEST("a listener on port 0 says which port it got, and connections are taken at once") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(listener.open() && listener.OwnsHandle());
  CHECK(listener.endpoint().address == "127.0.0.1" && listener.endpoint().port != 0);
  SocketHandle client = Connect(listener.endpoint());
  CHECK(Accept(listener).valid());
}

TEST("a second listener on the same port is refused, and the first one keeps working") {
  Listener first = ListenOn(kAnyPort);
  CHECK(ErrorOfListening(first.endpoint()) == EADDRINUSE);
  SocketHandle client = Connect(first.endpoint());
  CHECK(Accept(first).valid());
}

TEST("the wildcard and an address of it exclude each other") {
  Listener specific = ListenOn(kAnyPort);
  CHECK(ErrorOfListening({"0.0.0.0", specific.endpoint().port}) == EADDRINUSE);
  specific.Close();
  Listener wildcard = ListenOn({"0.0.0.0", 0});
  CHECK(ErrorOfListening({"127.0.0.1", wildcard.endpoint().port}) == EADDRINUSE);
}

TEST("a listener on IPv6 loopback excludes a second one and not the IPv4 loopback") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener six = ListenOn({"::1", 0});
  CHECK(ErrorOfListening(six.endpoint()) == EADDRINUSE);
  CHECK(ErrorOfListening({"127.0.0.1", six.endpoint().port}) == 0);
}

TEST("a port that is bound without listening is taken") {
  SocketHandle squatter;
  CHECK(StrictBind(kAnyPort, &squatter) == 0);
  Endpoint taken = kAnyPort;
  CHECK(LocalPort(squatter, &taken.port).ok());
  CHECK(ErrorOfListening(taken) == EADDRINUSE);
}

TEST("no child that is started by exec inherits the port") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(IsCloseOnExec(static_cast<int>(listener.handle())));
}

TEST("accepting never blocks the thread") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(fcntl(static_cast<int>(listener.handle()), F_GETFL) & O_NONBLOCK);
}

TEST("a closed listener frees the port for its successor") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  listener.Close();
  CHECK(!listener.open() && !listener.OwnsHandle());
  CHECK(ErrorOfListening(endpoint) == 0);
}

// Whoever closes a connection first keeps it in TIME_WAIT for a minute.
TEST("connections in TIME_WAIT keep nobody but strict binders off the port") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  SocketHandle connection = Accept(listener);
  connection.Reset();
  char byte;
  CHECK(read(Fd(client), &byte, 1) == 0);
  client.Reset();
  listener.Close();
  CHECK(ErrorOfStrictBind(endpoint) == EADDRINUSE);
  Listener successor = ListenOn(endpoint);
  CHECK(ErrorOfListening(endpoint) == EADDRINUSE);
}

TEST("connections that a dead gateway left open keep its successor out of nothing") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  Accept(listener).Reset();
  listener.Close();
  CHECK(ErrorOfStrictBind(endpoint) == EADDRINUSE);
  CHECK(ErrorOfListening(endpoint) == 0);
}

TEST("a detached listener goes on under whoever took its handle") {
  int fd = -1;
  Endpoint endpoint;
  {
    Listener listener = ListenOn(kAnyPort);
    fd = static_cast<int>(listener.handle());
    endpoint = listener.endpoint();
    listener.Detach();
    CHECK(!listener.open() && !listener.OwnsHandle());
  }
  Connect(endpoint);
  CHECK(close(fd) == 0);
  CHECK(ErrorOfListening(endpoint) == 0);
}

TEST(
    "a listener knows when its handle was closed behind its back, even if the number is used "
    "again") {
  Listener listener = ListenOn(kAnyPort);
  int fd = static_cast<int>(listener.handle());
  CHECK(close(fd) == 0);
  CHECK(!listener.OwnsHandle());
  CHECK(open("/dev/null", O_RDONLY) == fd);
  CHECK(!listener.OwnsHandle());
  SocketHandle other(socket(AF_INET, SOCK_STREAM, 0));
  CHECK(dup2(Fd(other), fd) == fd);
  CHECK(!listener.OwnsHandle());
  listener.Detach();
  CHECK(fcntl(fd, F_GETFD) >= 0);
}

TEST("an address that is not of this host, or not an address, is an error of its own") {
  CHECK(ErrorOfListening({"192.0.2.1", 0}) == EADDRNOTAVAIL);
  CHECK(ErrorOfListening({"localhost", 0}) == EINVAL);
  CHECK(ErrorOfListening({"", 0}) == EINVAL);
}

TEST("a privileged port is denied to an ordinary user") {
  AsOrdinaryUser([] {
    int strict = ErrorOfStrictBind({"127.0.0.1", 1});
    CHECK(ErrorOfListening({"127.0.0.1", 1}) == strict);
    // 0 where net.ipv4.ip_unprivileged_port_start allows it.
    CHECK(strict == EACCES || strict == 0);
  });
}

}  // namespace
}  // namespace gateway_lock::test
