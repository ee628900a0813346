#include "port_owner.h"
#include "processes.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("the owner of a port that a child listens on is the child") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  StandingChild child;
  Endpoint endpoint = listener.endpoint();
  listener.Close();
  CHECK(FindPortOwner(endpoint) == child.pid());
}

}  // namespace
}  // namespace gateway_lock::test
