#include "listener.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

TEST("a listener on port 0 reports its port and accepts connections at once") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(listener.open() && listener.OwnsHandle());
  CHECK(listener.endpoint().address == "127.0.0.1" && listener.endpoint().port != 0);
  SocketHandle client = Connect(listener.endpoint());
  CHECK(Accept(listener).valid());
}

TEST(
    "a second listener on the same port is refused, and the first listener still accepts "
    "connections") {
  Listener first = ListenOn(kAnyPort);
  CHECK(ErrorOfListening(first.endpoint()) == "EADDRINUSE");
  SocketHandle client = Connect(first.endpoint());
  CHECK(Accept(first).valid());
}

TEST("a listener on the wildcard and a listener on one address exclude each other") {
  Listener specific = ListenOn(kAnyPort);
  CHECK(ErrorOfListening({"0.0.0.0", specific.endpoint().port}) == "EADDRINUSE");
  specific.Close();
  Listener wildcard = ListenOn({"0.0.0.0", 0});
  CHECK(ErrorOfListening({"127.0.0.1", wildcard.endpoint().port}) == "EADDRINUSE");
}

TEST("two listeners on different addresses can use the same port") {
  if (!ErrorOfStrictBind({"127.0.0.2", 0}).empty()) Skip("this machine has no 127.0.0.2 (macOS)");
  Listener first = ListenOn(kAnyPort);
  CHECK(ErrorOfListening({"127.0.0.2", first.endpoint().port}).empty());
}

TEST(
    "a listener on the IPv6 loopback excludes a second listener there, but not a listener on the "
    "IPv4 loopback") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener six = ListenOn({"::1", 0});
  CHECK(ErrorOfListening(six.endpoint()) == "EADDRINUSE");
  CHECK(ErrorOfListening({"127.0.0.1", six.endpoint().port}).empty());
}

TEST("a listener on the IPv6 wildcard accepts IPv4 connections and excludes IPv4 listeners") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener both = ListenOn({"::", 0});
  Endpoint four = {"127.0.0.1", both.endpoint().port};
  CHECK(ErrorOfListening(four) == "EADDRINUSE");
  SocketHandle client = Connect(four);
  CHECK(Accept(both).valid());
}

TEST("a listener is refused a port that another socket has bound without listening") {
  BoundSocket bound = BindWithoutListening(kAnyPort);
  CHECK(ErrorOfListening(bound.endpoint) == "EADDRINUSE");
}

TEST("a child process does not inherit the listener") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(!ChildrenInherit(listener.handle()));
}

TEST("accepting on a listener without connections does not block") {
  Listener listener = ListenOn(kAnyPort);
  CHECK(!TryAccept(listener).valid());
}

TEST("a closed listener frees its port") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  listener.Close();
  CHECK(!listener.open() && !listener.OwnsHandle());
  CHECK(ErrorOfListening(endpoint).empty());
}

TEST("a detached listener keeps listening until the new owner of its handle closes it") {
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

TEST(
    "listening on an address of another host fails with EADDRNOTAVAIL, and listening on a host "
    "name with EINVAL") {
  CHECK(ErrorOfListening({"192.0.2.1", 0}) == "EADDRNOTAVAIL");
  CHECK(ErrorOfListening({"localhost", 0}) == "EINVAL");
  CHECK(ErrorOfListening({"", 0}) == "EINVAL");
}

}  // namespace
}  // namespace gateway_lock::test
