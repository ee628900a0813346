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

TEST("the listener of a port on which this process listens is this process") {
  RequireOwners();
  Listener listener = ListenOn(kAnyPort);
  CHECK(FindListenerPid(listener.endpoint()) == OwnPid());
}

TEST("a listener on the wildcard is found for each address") {
  RequireOwners();
  Listener listener = ListenOn({"0.0.0.0", 0});
  CHECK(FindListenerPid({"127.0.0.1", listener.endpoint().port}) == OwnPid());
}

TEST("an IPv6 listener is found by its address, and a dual-stack listener by an IPv4 address") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  RequireOwners();
  Listener loopback = ListenOn({"::1", 0});
  CHECK(FindListenerPid(loopback.endpoint()) == OwnPid());
  Listener dual = ListenOn({"::", 0});
  CHECK(FindListenerPid({"127.0.0.1", dual.endpoint().port}) == OwnPid());
}

TEST("a port without a listener has no listening process, even if it is bound") {
  BoundSocket bound = BindWithoutListening(kAnyPort);
  CHECK(FindListenerPid(bound.endpoint) == 0);
  bound.socket.Reset();
  CHECK(FindListenerPid(bound.endpoint) == 0);
}

TEST("connections to a port do not count as its listener") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  SocketHandle connection = Accept(listener);
  listener.Close();
  CHECK(FindListenerPid(endpoint) == 0);
}

TEST("an accepted connection owns the port of its closed listener, on its own address only") {
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

TEST("a listener without connections does not count as a connection") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(FindConnectionPid(listener.endpoint()) == 0);
}

TEST("a listener is found on the same address, on a wildcard, and for a wildcard") {
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
    "an IPv4 listener is not found for the IPv6 loopback, and a dual-stack listener is found for "
    "both") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener four = ListenOn({"0.0.0.0", 0});
  CHECK(!HasListener({"::1", four.endpoint().port}));
  Listener both = ListenOn({"::", 0});
  CHECK(HasListener({"::1", both.endpoint().port}));
  CHECK(HasListener({"127.0.0.1", both.endpoint().port}));
}

TEST("a host name has no listening process, because it is not an address") {
  CHECK(FindListenerPid({"localhost", 80}) == 0);
}

}  // namespace
}  // namespace gateway_lock::test
