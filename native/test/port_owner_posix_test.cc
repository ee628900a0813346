#include <unistd.h>

#include "idle_child.h"
#include "port_owner.h"
#include "posix_socket.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST(
    "a child that has inherited a listener is found as the listening process after the parent has "
    "closed it") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  IdleChild child;
  Endpoint endpoint = listener.endpoint();
  listener.Close();
  CHECK(FindListenerPid(endpoint) == child.pid());
}

TEST(
    "the process with an outgoing connection is found for the local port of the connection until "
    "it is closed") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  SocketHandle client = Connect(listener.endpoint());
  Endpoint source = {"127.0.0.1", 0};
  CHECK(LocalPort(client, &source.port).ok());
  CHECK(FindListenerPid(source) == 0);
  CHECK(FindConnectionPid(source) == getpid());
  client.Reset();
  CHECK(FindConnectionPid(source) == 0);
}

}  // namespace
}  // namespace gateway_lock::test
