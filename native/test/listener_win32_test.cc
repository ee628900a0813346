// Listener tests that need Windows calls.
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

// Checks the socket options instead of trying a second bind, because Wine refuses that beside a
// plain socket too.
TEST("a listener has SO_EXCLUSIVEADDRUSE set and is listening") {
  for (const char* address : {"127.0.0.1", "0.0.0.0"}) {
    Listener listener = ListenOn({address, 0});
    CHECK(Option(listener, SO_EXCLUSIVEADDRUSE));
    CHECK(Option(listener, SO_ACCEPTCONN));
  }
}

// An exclusive bind to a single address would succeed beside a plain socket on the wildcard.
TEST(
    "a listener on one address is refused beside a plain socket on the wildcard, whether or not "
    "the socket listens") {
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

// Windows may treat a port as in use because of a closing connection. The test simulates this with
// a bound socket on another address, which makes ProbeWildcardBind() fail and which no system table
// lists.
TEST("a listener gets a port that is in use only because of closing connections") {
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
  // Control case: without a closing connection, the failure of ProbeWildcardBind() means that the
  // port is in use.
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
