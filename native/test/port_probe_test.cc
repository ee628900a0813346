// Tests TryBind() and ProbePort(), which check a port without keeping it bound.
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

TEST(
    "probing a port reports a listener, and reports a refused connection once the listener is "
    "closed") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  CHECK(Probe(endpoint) == ConnectResult::kAccepted);
  listener.Close();
  CHECK(Probe(endpoint) == ConnectResult::kRefused);
}

TEST("probing a port that is bound without listening reports a refused connection") {
  BoundSocket bound = BindWithoutListening(kAnyPort);
  CHECK(Probe(bound.endpoint) == ConnectResult::kRefused);
}

TEST(
    "probing a port whose listener has a full backlog times out, and TryBind() reports the port as "
    "in use") {
  Listener listener;
  CHECK(Listener::Listen(kAnyPort, /*backlog=*/1, &listener).ok());
  std::vector<SocketHandle> clients(8);
  for (SocketHandle& client : clients) client = BeginConnect(listener.endpoint());
  CHECK(Probe(listener.endpoint()) == ConnectResult::kTimedOut);
  CHECK(ErrorOf(TryBind(listener.endpoint())) == "EADDRINUSE");
}

TEST("probing an address of another host fails with EADDRNOTAVAIL") {
  ConnectResult result;
  CHECK(ErrorOf(ProbePort({"192.0.2.1", 80}, &result)) == "EADDRNOTAVAIL");
}

TEST("ProbePort() and TryBind() do not look up a host name and fail with EINVAL") {
  ConnectResult result;
  CHECK(ErrorOf(ProbePort({"localhost", 80}, &result)) == "EINVAL");
  CHECK(ErrorOf(TryBind({"localhost", 80})) == "EINVAL");
}

TEST("TryBind() reports a port with a listener as in use and leaves a free port free") {
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
