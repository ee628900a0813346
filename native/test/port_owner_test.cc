#include "port_owner.h"
#include "sockets.h"
#include "test.h"
#include "test_process.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

void RequireOwners() {
  if (!SystemReportsOwners()) Skip("this system does not report the process of a listener (Wine)");
}

TEST("a process that listens on a port is found as the listening process of that port") {
  RequireOwners();
  Listener listener = ListenOn(kAnyPort);
  CHECK(FindListenerPid(listener.endpoint()) == OwnPid());
}

TEST("the process with a listener on the wildcard is found for each address") {
  RequireOwners();
  Listener listener = ListenOn({"0.0.0.0", 0});
  CHECK(FindListenerPid({"127.0.0.1", listener.endpoint().port}) == OwnPid());
}

TEST(
    "the process with an IPv6 listener is found by its address, and the process with a dual-stack "
    "listener by an IPv4 address") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  RequireOwners();
  Listener loopback = ListenOn({"::1", 0});
  CHECK(FindListenerPid(loopback.endpoint()) == OwnPid());
  Listener dual = ListenOn({"::", 0});
  CHECK(FindListenerPid({"127.0.0.1", dual.endpoint().port}) == OwnPid());
}

TEST(
    "no listening process is found for a port without a listener, even if a socket is bound to the "
    "port") {
  BoundSocket bound = BindWithoutListening(kAnyPort);
  CHECK(FindListenerPid(bound.endpoint) == 0);
  bound.socket.Reset();
  CHECK(FindListenerPid(bound.endpoint) == 0);
}

TEST("a process with connections on a port is not found as the listening process of that port") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  SocketHandle connection = Accept(listener);
  listener.Close();
  CHECK(FindListenerPid(endpoint) == 0);
}

TEST(
    "the process with an accepted connection is found for the port of its closed listener, but not "
    "for another address") {
  RequireOwners();
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  SocketHandle connection = Accept(listener);
  listener.Close();
  CHECK(FindConnectionPid(endpoint) == OwnPid());
  CHECK(FindConnectionPid({"0.0.0.0", endpoint.port}) == OwnPid());
  CHECK(FindConnectionPid({"127.0.0.2", endpoint.port}) == 0);
}

TEST("no process with a connection is found for a listener without connections") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(FindConnectionPid(listener.endpoint()) == 0);
}

TEST(
    "HasListener() finds a listener on the same address and on a wildcard, and finds any listener "
    "for a wildcard") {
  Listener specific = ListenOn(kAnyPort);
  std::uint16_t port = specific.endpoint().port;
  CHECK(HasListener({"127.0.0.1", port}));
  CHECK(HasListener({"0.0.0.0", port}));
  CHECK(!HasListener({"127.0.0.2", port}));
  specific.Close();
  CHECK(!HasListener({"127.0.0.1", port}));
  Listener wildcard = ListenOn({"0.0.0.0", 0});
  CHECK(HasListener({"127.0.0.1", wildcard.endpoint().port}));
}

TEST(
    "HasListener() finds no IPv4 listener for the IPv6 loopback, and finds a dual-stack listener "
    "for both loopbacks") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener four = ListenOn({"0.0.0.0", 0});
  CHECK(!HasListener({"::1", four.endpoint().port}));
  Listener both = ListenOn({"::", 0});
  CHECK(HasListener({"::1", both.endpoint().port}));
  CHECK(HasListener({"127.0.0.1", both.endpoint().port}));
}

TEST("no listening process is found for a host name, because a host name is not an address") {
  CHECK(FindListenerPid({"localhost", 80}) == 0);
}

}  // namespace
}  // namespace gateway_lock::test
