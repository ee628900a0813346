// What connections of a listener that is gone keep off its port, by their state: printed as this
// system has it, because nothing says it of SO_EXCLUSIVEADDRUSE ("if any other socket is bound to
// the port", MS Learn). python-trio/trio#928 measured that only bound and listening sockets count.
// Wine has Linux's rules.
#include <cstdio>
#include <functional>
#include <string>

#include "port_owner.h"
#include "process_costs.h"
#include "sockets.h"
#include "test.h"
#include "win32_socket.h"

namespace gateway_lock::test {
namespace {

// The two ends of a connection to a listener that is closed by now.
struct Connection {
  SocketHandle client;
  SocketHandle server;
  std::uint16_t port = 0;
};

Connection OrphanedConnection() {
  Connection made;
  Listener listener = ListenOn({"127.0.0.1", 0});
  made.port = listener.endpoint().port;
  made.client = Connect(listener.endpoint());
  made.server = Accept(listener);
  return made;
}

struct State {
  const char* name;
  void (*reach)(Connection*);
};

void EndOfServer(Connection* made) {
  made->server.Reset();
  AwaitEnd(made->client);
}

// The server end is what has the port.
const State kStates[] = {
    {"ESTABLISHED", [](Connection*) {}},
    {"FIN_WAIT_2", EndOfServer},
    {"CLOSE_WAIT", [](Connection* made) { made->client.Reset(); }},
    {"TIME_WAIT",
     [](Connection* made) {
       EndOfServer(made);
       made->client.Reset();
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
  std::string ours = ErrorOfListening({"127.0.0.1", port});
  std::printf("%-13s%-13s%-13s%s\n", name, wildcard.c_str(), specific.c_str(),
              ours.empty() ? "listens" : ours.c_str());
}

TEST("the successor of a listener has its port, whatever its connections are doing") {
  std::printf("%-13s%-13s%-13s%s\n", "connection", "excl ::", "excl spec", "Listen()");
  for (const State& state : kStates) {
    Connection made = OrphanedConnection();
    state.reach(&made);
    SleepMs(20);
    PrintRow(state.name, made.port);
    CHECK(ErrorOfListening({"127.0.0.1", made.port}).empty());
  }
}

// From a port that the system has chosen for connecting.
TEST("an outgoing connection keeps its own port, and the table shows it") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  SocketHandle client = Connect(listener.endpoint());
  SocketHandle server = Accept(listener);
  std::uint16_t port = 0;
  CHECK(LocalPort(client, &port).ok());
  PrintRow("outgoing", port);
  CHECK(HasConnection(port));
  client.Reset();
  Squatter squatter = SquatOn({"127.0.0.1", 0});
  CHECK(!HasConnection(squatter.endpoint.port));
}

}  // namespace
}  // namespace gateway_lock::test
