#include "listener.h"
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
  CHECK(ErrorOfListening(first.endpoint()) == "EADDRINUSE");
  SocketHandle client = Connect(first.endpoint());
  CHECK(Accept(first).valid());
}

TEST("the wildcard and an address of it exclude each other") {
  Listener specific = ListenOn(kAnyPort);
  CHECK(ErrorOfListening({"0.0.0.0", specific.endpoint().port}) == "EADDRINUSE");
  specific.Close();
  Listener wildcard = ListenOn({"0.0.0.0", 0});
  CHECK(ErrorOfListening({"127.0.0.1", wildcard.endpoint().port}) == "EADDRINUSE");
}

TEST("two addresses are two: each has its listener on the same port") {
  if (!ErrorOfStrictBind({"127.0.0.2", 0}).empty()) Skip("this machine has no 127.0.0.2 (macOS)");
  Listener first = ListenOn(kAnyPort);
  CHECK(ErrorOfListening({"127.0.0.2", first.endpoint().port}).empty());
}

TEST("a listener on IPv6 loopback excludes a second one and not the IPv4 loopback") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener six = ListenOn({"::1", 0});
  CHECK(ErrorOfListening(six.endpoint()) == "EADDRINUSE");
  CHECK(ErrorOfListening({"127.0.0.1", six.endpoint().port}).empty());
}

TEST("the IPv6 wildcard takes IPv4 as well, and excludes it") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener both = ListenOn({"::", 0});
  Endpoint four = {"127.0.0.1", both.endpoint().port};
  CHECK(ErrorOfListening(four) == "EADDRINUSE");
  SocketHandle client = Connect(four);
  CHECK(Accept(both).valid());
}

TEST("a port that is bound without listening is taken") {
  Squatter squatter = SquatOn(kAnyPort);
  CHECK(ErrorOfListening(squatter.endpoint) == "EADDRINUSE");
}

TEST("no child that is started by exec inherits the port") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(!ChildrenInherit(listener.handle()));
}

TEST("accepting never blocks the thread") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(!AcceptAtOnce(listener).valid());
}

TEST("a closed listener frees the port for its successor") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  listener.Close();
  CHECK(!listener.open() && !listener.OwnsHandle());
  CHECK(ErrorOfListening(endpoint).empty());
}

// Whoever closes a connection first keeps it in TIME_WAIT for a minute or more.
TEST("connections in TIME_WAIT keep no successor off the port") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  Accept(listener).Reset();
  AwaitEnd(client);
  client.Reset();
  listener.Close();
  Listener successor = ListenOn(endpoint);
  CHECK(ErrorOfListening(endpoint) == "EADDRINUSE");
}

TEST("a detached listener goes on under whoever took its handle") {
  SocketHandle taken;
  Endpoint endpoint;
  {
    Listener listener = ListenOn(kAnyPort);
    taken.Reset(listener.handle());
    endpoint = listener.endpoint();
    listener.Detach();
    CHECK(!listener.open() && !listener.OwnsHandle());
  }
  Connect(endpoint);
  taken.Reset();
  CHECK(ErrorOfListening(endpoint).empty());
}

TEST("an address that is not of this host, or not an address, is an error of its own") {
  CHECK(ErrorOfListening({"192.0.2.1", 0}) == "EADDRNOTAVAIL");
  CHECK(ErrorOfListening({"localhost", 0}) == "EINVAL");
  CHECK(ErrorOfListening({"", 0}) == "EINVAL");
}

}  // namespace
}  // namespace gateway_lock::test
