// Listeners on Windows.
#include <vector>

#include "listener.h"
#include "port_owner.h"
#include "sockets.h"
#include "test.h"
#include "win32_socket.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

bool Option(const Listener& listener, int name) {
  BOOL value = FALSE;
  int length = sizeof value;
  CHECK(getsockopt(static_cast<SOCKET>(listener.handle()), SOL_SOCKET, name,
                   reinterpret_cast<char*>(&value), &length) == 0);
  return value != FALSE;
}

// Checks the options, because a second bind proves nothing: Wine also refuses it beside a plain
// socket.
TEST("a listener has SO_EXCLUSIVEADDRUSE set and is listening") {
  for (const char* address : {"127.0.0.1", "0.0.0.0"}) {
    Listener listener = ListenOn({address, 0});
    CHECK(Option(listener, SO_EXCLUSIVEADDRUSE));
    CHECK(Option(listener, SO_ACCEPTCONN));
  }
}

// An exclusive bind of one address alone succeeds beside a plain socket on the wildcard.
TEST(
    "a plain socket on the wildcard occupies the port of each address, whether or not it listens") {
  for (const char* wildcard : {"0.0.0.0", "::"}) {
    if (*wildcard == ':' && !HasIPv6()) continue;
    BoundSocket bound = BindWithoutListening({wildcard, 0});
    std::uint16_t port = bound.endpoint.port;
    CHECK(ErrorOfListening({"127.0.0.1", port}) == "EADDRINUSE");
    CHECK(ErrorOf(TryBind({"127.0.0.1", port})) == "EADDRINUSE");
    CHECK(listen(Raw(bound.socket), 1) == 0);
    CHECK(ErrorOfListening({"127.0.0.1", port}) == "EADDRINUSE");
  }
}

// Windows may count a closing connection as a user of the port. A bound socket on another address
// stands for that: it makes ProbeWildcardBind() fail, and no table lists it.
TEST("a port that only closing connections seem to occupy can be bound on its own address") {
  SocketHandle client;
  SocketHandle server;
  Endpoint endpoint;
  {
    Listener listener = ListenOn(kAnyPort);
    endpoint = listener.endpoint();
    client = Connect(endpoint);
    server = Accept(listener);
  }
  server.Reset();
  AwaitEnd(client);
  if (!HasLingeringConnection(endpoint.port))
    Skip("the table of this system has no closing connections (Wine)");
  BoundSocket bound = BindWithoutListening({"127.0.0.2", endpoint.port});
  Listener successor = ListenOn(endpoint);
  CHECK(Option(successor, SO_EXCLUSIVEADDRUSE));
  CHECK(ErrorOfListening(endpoint) == "EADDRINUSE");
  // Control: without a closing connection the result of ProbeWildcardBind() counts.
  BoundSocket alone = BindWithoutListening({"127.0.0.2", 0});
  CHECK(ErrorOfListening({"127.0.0.1", alone.endpoint.port}) == "EADDRINUSE");
}

TEST("a listener detects that its handle was closed") {
  Listener listener = ListenOn(kAnyPort);
  CloseSocket(listener.handle());
  CHECK(!listener.OwnsHandle());
  std::vector<SocketHandle> others(64);
  for (SocketHandle& other : others) {
    CHECK(OpenSocket(AF_INET, &other).ok());
    CHECK(!listener.OwnsHandle());
  }
  listener.Detach();
}

}  // namespace
}  // namespace gateway_lock::test
