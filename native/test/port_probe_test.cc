// The questions about a port that open nothing: TryBind and ProbePort.
#include <vector>

#include "listener.h"
#include "port_probe.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

ConnectResult Ask(const Endpoint& endpoint) {
  ConnectResult answer = ConnectResult::kTimedOut;
  CHECK(ProbePort(endpoint, &answer).ok());
  return answer;
}

TEST("asking a port tells a listener from nobody, and closing is seen at once") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  CHECK(Ask(endpoint) == ConnectResult::kAccepted);
  listener.Close();
  CHECK(Ask(endpoint) == ConnectResult::kRefused);
}

TEST("a port that is bound without listening refuses") {
  Squatter squatter = SquatOn(kAnyPort);
  CHECK(Ask(squatter.endpoint) == ConnectResult::kRefused);
}

TEST("a listener that accepts nobody and whose backlog is full is silent, not free") {
  Listener listener;
  CHECK(Listener::Listen(kAnyPort, /*backlog=*/1, &listener).ok());
  std::vector<SocketHandle> crowd(8);
  for (SocketHandle& one : crowd) one = BeginConnect(listener.endpoint());
  CHECK(Ask(listener.endpoint()) == ConnectResult::kTimedOut);
  CHECK(ErrorOf(TryBind(listener.endpoint())) == "EADDRINUSE");
}

TEST("an address of another host is not asked") {
  ConnectResult answer;
  CHECK(ErrorOf(ProbePort({"192.0.2.1", 80}, &answer)) == "EADDRNOTAVAIL");
}

TEST("a name is not looked up") {
  ConnectResult answer;
  CHECK(ErrorOf(ProbePort({"localhost", 80}, &answer)) == "EINVAL");
  CHECK(ErrorOf(TryBind({"localhost", 80})) == "EINVAL");
}

TEST("trying a port finds a listener and leaves a free one free") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  CHECK(ErrorOf(TryBind(endpoint)) == "EADDRINUSE");
  listener.Close();
  CHECK(TryBind(endpoint).ok());
  CHECK(TryBind(endpoint).ok());
  CHECK(ErrorOfStrictBind(endpoint).empty());
}

}  // namespace
}  // namespace gateway_lock::test
