// TryBind() and ProbePort(), which check a port without keeping it.
#include <vector>

#include "listener.h"
#include "port_probe.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

ConnectResult Probe(const Endpoint& endpoint) {
  ConnectResult result = ConnectResult::kTimedOut;
  CHECK(ProbePort(endpoint, &result).ok());
  return result;
}

TEST("probing a port reports a listener, and reports at once that it was closed") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  CHECK(Probe(endpoint) == ConnectResult::kAccepted);
  listener.Close();
  CHECK(Probe(endpoint) == ConnectResult::kRefused);
}

TEST("a port that is bound without listening refuses connections") {
  BoundSocket bound = BindWithoutListening(kAnyPort);
  CHECK(Probe(bound.endpoint) == ConnectResult::kRefused);
}

TEST("a port whose listener has a full backlog times out and is in use") {
  Listener listener;
  CHECK(Listener::Listen(kAnyPort, /*backlog=*/1, &listener).ok());
  std::vector<SocketHandle> clients(8);
  for (SocketHandle& client : clients) client = BeginConnect(listener.endpoint());
  CHECK(Probe(listener.endpoint()) == ConnectResult::kTimedOut);
  CHECK(ErrorOf(TryBind(listener.endpoint())) == "EADDRINUSE");
}

TEST("an address of another host is not probed") {
  ConnectResult result;
  CHECK(ErrorOf(ProbePort({"192.0.2.1", 80}, &result)) == "EADDRNOTAVAIL");
}

TEST("a host name is not looked up") {
  ConnectResult result;
  CHECK(ErrorOf(ProbePort({"localhost", 80}, &result)) == "EINVAL");
  CHECK(ErrorOf(TryBind({"localhost", 80})) == "EINVAL");
}

TEST("TryBind finds a listener and keeps a free port free") {
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
