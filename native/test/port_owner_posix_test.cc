#include <unistd.h>

#include "idle_child.h"
#include "port_owner.h"
#include "posix_socket.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST(
    "a child that has inherited a listener is found as the listening process after the parent has "
    "closed it") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  IdleChild child;
  Endpoint endpoint = listener.endpoint();
  listener.Close();
  CHECK(FindListenerPid(endpoint) == child.pid());
}

TEST(
    "the process with an outgoing connection is found for the local port of the connection until "
    "it is closed") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  SocketHandle client = Connect(listener.endpoint());
  Endpoint source = {"127.0.0.1", 0};
  CHECK(LocalPort(client, &source.port).ok());
  CHECK(FindListenerPid(source) == 0);
  CHECK(FindConnectionPid(source) == getpid());
  client.Reset();
  CHECK(FindConnectionPid(source) == 0);
}

std::uint16_t PortOf(const SocketHandle& socket) {
  std::uint16_t port = 0;
  CHECK(LocalPort(socket, &port).ok());
  return port;
}

// Checks that the owner of a connection to `endpoint` is found once a child has accepted it.
void CheckOwnerOfConnection(const Listener& listener, const Endpoint& endpoint) {
  SocketHandle client = Connect(endpoint);
  SocketHandle other = Connect(endpoint);
  CHECK(FindConnectionOwner(endpoint, PortOf(client)) == 0);
  IdleChild server([&] { CHECK(Accept(listener).Take() >= 0); });
  CHECK(FindConnectionOwner(endpoint, PortOf(client)) == server.pid());
  CHECK(FindConnectionOwner(listener.endpoint(), PortOf(client)) == server.pid());
  CHECK(FindConnectionOwner(endpoint, PortOf(other)) == 0);
  CHECK(FindConnectionOwner({"127.0.0.2", endpoint.port}, PortOf(client)) == 0);
}

TEST("the owner of a connection is the process that has accepted it, and not its client") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  CheckOwnerOfConnection(listener, listener.endpoint());
}

TEST("the owner of an IPv4 connection to a wildcard is found") {
  Listener four = ListenOn({"0.0.0.0", 0});
  CheckOwnerOfConnection(four, {"127.0.0.1", four.endpoint().port});
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener dual = ListenOn({"::", 0});
  CheckOwnerOfConnection(dual, {"127.0.0.1", dual.endpoint().port});
}

}  // namespace
}  // namespace gateway_lock::test
