#include "port_owner.h"
#include "sockets.h"
#include "test.h"
#include "test_process.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

void NeedsOwners() {
  if (!SystemNamesOwners()) Skip("the system's table of listeners names no process (Wine)");
}

TEST("the owner of a port that we listen on is this process") {
  NeedsOwners();
  Listener listener = ListenOn(kAnyPort);
  CHECK(FindListenerPid(listener.endpoint()) == OwnPid());
}

TEST("a listener on the wildcard owns the port of each address") {
  NeedsOwners();
  Listener listener = ListenOn({"0.0.0.0", 0});
  CHECK(FindListenerPid({"127.0.0.1", listener.endpoint().port}) == OwnPid());
}

TEST("a listener on an IPv6 address is found, and a dual-stack one by its IPv4 address") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  NeedsOwners();
  Listener loopback = ListenOn({"::1", 0});
  CHECK(FindListenerPid(loopback.endpoint()) == OwnPid());
  Listener dual = ListenOn({"::", 0});
  CHECK(FindListenerPid({"127.0.0.1", dual.endpoint().port}) == OwnPid());
}

TEST("a port that nobody listens on has no owner, bound or not") {
  Squatter squatter = SquatOn(kAnyPort);
  CHECK(FindListenerPid(squatter.endpoint) == 0);
  squatter.socket.Reset();
  CHECK(FindListenerPid(squatter.endpoint) == 0);
}

TEST("connections to a port do not make their ends its owners") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  SocketHandle connection = Accept(listener);
  listener.Close();
  CHECK(FindListenerPid(endpoint) == 0);
}

TEST("a connection has the port of a listener that is closed, on its own address alone") {
  NeedsOwners();
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  SocketHandle connection = Accept(listener);
  listener.Close();
  CHECK(FindConnectionPid(endpoint) == OwnPid());
  CHECK(FindConnectionPid({"0.0.0.0", endpoint.port}) == OwnPid());
  CHECK(FindConnectionPid({"127.0.0.2", endpoint.port}) == 0);
}

TEST("a listener without connections is none") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(FindConnectionPid(listener.endpoint()) == 0);
}

TEST(
    "a port has a listener for whoever would meet it: on its address, on a wildcard, for a "
    "wildcard") {
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

TEST("an IPv4 listener is none for the IPv6 loopback, and a dual-stack one is for both") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener four = ListenOn({"0.0.0.0", 0});
  CHECK(!HasListener({"::1", four.endpoint().port}));
  Listener both = ListenOn({"::", 0});
  CHECK(HasListener({"::1", both.endpoint().port}));
  CHECK(HasListener({"127.0.0.1", both.endpoint().port}));
}

TEST("what is no address has no owner") { CHECK(FindListenerPid({"localhost", 80}) == 0); }

}  // namespace
}  // namespace gateway_lock::test
