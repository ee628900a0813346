// Tests the shutdown of a listening socket, which macOS refuses.
#include "idle_child.h"
#include "port_owner.h"
#include "port_probe.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("a shutdown stops the listening socket also for a child that has inherited it") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  Endpoint endpoint = listener.endpoint();
  IdleChild child;
  CHECK(listener.Shutdown().ok());
  CHECK(!HasListener(endpoint));
  ConnectResult result = ConnectResult::kAccepted;
  CHECK(ProbePort(endpoint, &result).ok() && result == ConnectResult::kRefused);
  CHECK(listener.Shutdown().ok());
  listener.Close();
  CHECK(ErrorOfListening(endpoint).empty());
}

}  // namespace
}  // namespace gateway_lock::test
