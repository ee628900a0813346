// What a listener does on Windows only.
#include <vector>

#include "listener.h"
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

// Not by a second bind alone: Wine refuses one beside a plain socket, too.
TEST("a listener has the exclusive option, and listens") {
  for (const char* address : {"127.0.0.1", "0.0.0.0"}) {
    Listener listener = ListenOn({address, 0});
    CHECK(Option(listener, SO_EXCLUSIVEADDRUSE));
    CHECK(Option(listener, SO_ACCEPTCONN));
  }
}

// An exclusive bind of one address would not notice it.
TEST("a plain socket on the wildcard, listening or not, has the port of each address") {
  for (const char* wildcard : {"0.0.0.0", "::"}) {
    if (*wildcard == ':' && !HasIPv6()) continue;
    Squatter squatter = SquatOn({wildcard, 0});
    std::uint16_t port = squatter.endpoint.port;
    CHECK(ErrorOfListening({"127.0.0.1", port}) == "EADDRINUSE");
    CHECK(ErrorOf(TryBind({"127.0.0.1", port})) == "EADDRINUSE");
    CHECK(listen(Raw(squatter.socket), 1) == 0);
    CHECK(ErrorOfListening({"127.0.0.1", port}) == "EADDRINUSE");
  }
}

// A socket on another address stands for what Windows may count of a connection that is left: it
// keeps the survey off the port, and no table shows it.
TEST("a port that only connections seem to keep is had on its own address") {
  SocketHandle client;
  SocketHandle server;
  Endpoint endpoint;
  {
    Listener listener = ListenOn(kAnyPort);
    endpoint = listener.endpoint();
    client = Connect(endpoint);
    server = Accept(listener);
  }
  Squatter squatter = SquatOn({"127.0.0.2", endpoint.port});
  Listener successor = ListenOn(endpoint);
  CHECK(Option(successor, SO_EXCLUSIVEADDRUSE));
  CHECK(ErrorOfListening(endpoint) == "EADDRINUSE");
  // The control: without a connection the survey decides.
  Squatter alone = SquatOn({"127.0.0.2", 0});
  CHECK(ErrorOfListening({"127.0.0.1", alone.endpoint.port}) == "EADDRINUSE");
}

TEST("a listener knows when its handle was closed behind its back") {
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
