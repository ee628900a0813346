// Prints which binds fail because of a closed listener's connections, for each connection state.
// For SO_EXCLUSIVEADDRUSE, MS Learn does not say whether connections count: a bind fails "if any
// other socket is bound to the port". According to measurements in python-trio/trio#928, only bound
// and listening sockets count. Wine follows Linux's rules.
#include <cstdio>
#include <functional>
#include <string>

#include "port_owner.h"
#include "resource_usage.h"
#include "sockets.h"
#include "test.h"
#include "win32_socket.h"

namespace gateway_lock::test {
namespace {

// Both ends of a connection whose listener has been closed.
struct Connection {
  SocketHandle client;
  SocketHandle server;
  std::uint16_t port = 0;
};

Connection ConnectAndCloseListener() {
  Connection connection;
  Listener listener = ListenOn({"127.0.0.1", 0});
  connection.port = listener.endpoint().port;
  connection.client = Connect(listener.endpoint());
  connection.server = Accept(listener);
  return connection;
}

struct State {
  const char* name;
  void (*reach)(Connection*);
};

void CloseServerEnd(Connection* connection) {
  connection->server.Reset();
  AwaitEnd(connection->client);
}

// The TCP states of the server end, whose local port is the listener's port.
const State kStates[] = {
    {"ESTABLISHED", [](Connection*) {}},
    {"FIN_WAIT_2", CloseServerEnd},
    {"CLOSE_WAIT", [](Connection* connection) { connection->client.Reset(); }},
    {"TIME_WAIT",
     [](Connection* connection) {
       CloseServerEnd(connection);
       connection->client.Reset();
     }},
};

std::string ExclusiveBind(const Endpoint& endpoint) {
  SocketAddress address;
  SocketHandle socket;
  CHECK(ParseAddress(endpoint, &address).ok() && OpenSocket(address.family(), &socket).ok());
  BOOL on = TRUE;
  CHECK(setsockopt(Raw(socket), SOL_SOCKET, SO_EXCLUSIVEADDRUSE, reinterpret_cast<const char*>(&on),
                   sizeof on) == 0);
  bool bound = bind(Raw(socket), address.get(), address.length) == 0;
  return bound ? "bound" : ErrorOf(Status::SystemError(WSAGetLastError(), "bind"));
}

void PrintRow(const char* name, std::uint16_t port) {
  std::string wildcard = ExclusiveBind({"::", port});
  std::string specific = ExclusiveBind({"127.0.0.1", port});
  std::string listen = ErrorOfListening({"127.0.0.1", port});
  std::printf("%-13s%-13s%-13s%s\n", name, wildcard.c_str(), specific.c_str(),
              listen.empty() ? "listens" : listen.c_str());
}

TEST(
    "a listener gets the port of a closed listener, independent of the state of the old "
    "connections") {
  std::printf("%-13s%-13s%-13s%s\n", "connection", "excl ::", "excl spec", "Listen()");
  for (const State& state : kStates) {
    Connection connection = ConnectAndCloseListener();
    state.reach(&connection);
    SleepMs(20);
    PrintRow(state.name, connection.port);
    Listener successor = ListenOn({"127.0.0.1", connection.port});
    CHECK(ErrorOfListening(successor.endpoint()) == "EADDRINUSE");
  }
}

// The system chose the local port of an outgoing connection.
TEST("an outgoing connection counts as a lingering connection only after it was closed") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  SocketHandle client = Connect(listener.endpoint());
  SocketHandle server = Accept(listener);
  std::uint16_t port = 0;
  CHECK(LocalPort(client, &port).ok());
  PrintRow("outgoing", port);
  CHECK(!HasLingeringConnection(port));
  client.Reset();
  AwaitEnd(server);
  if (!HasLingeringConnection(port))
    Skip("the table of this system has no closing connections (Wine)");
  BoundSocket bound = BindWithoutListening({"127.0.0.1", 0});
  CHECK(!HasLingeringConnection(bound.endpoint.port));
}

}  // namespace
}  // namespace gateway_lock::test
