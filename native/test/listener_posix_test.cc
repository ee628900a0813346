// What a listener does on POSIX only.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "directory.h"
#include "listener.h"
#include "posix_socket.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

// Whoever closes a connection first keeps it in TIME_WAIT for a minute.
TEST("connections in TIME_WAIT keep nobody but strict binders off the port") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  Accept(listener).Reset();
  AwaitEnd(client);
  client.Reset();
  listener.Close();
  CHECK(ErrorOfStrictBind(endpoint) == "EADDRINUSE");
  CHECK(ErrorOfListening(endpoint).empty());
}

TEST("connections that a dead gateway left open keep its successor out of nothing") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  Accept(listener).Reset();
  listener.Close();
  CHECK(ErrorOfStrictBind(endpoint) == "EADDRINUSE");
  CHECK(ErrorOfListening(endpoint).empty());
}

TEST(
    "a listener knows when its handle was closed behind its back, even if the number is used "
    "again") {
  Listener listener = ListenOn(kAnyPort);
  int fd = static_cast<int>(listener.handle());
  CHECK(close(fd) == 0);
  CHECK(!listener.OwnsHandle());
  CHECK(open("/dev/null", O_RDONLY) == fd);
  CHECK(!listener.OwnsHandle());
  SocketHandle other(socket(AF_INET, SOCK_STREAM, 0));
  CHECK(dup2(Fd(other), fd) == fd);
  CHECK(!listener.OwnsHandle());
  listener.Detach();
  CHECK(fcntl(fd, F_GETFD) >= 0);
}

TEST("a privileged port is denied to an ordinary user") {
  AsOrdinaryUser([] {
    std::string strict = ErrorOfStrictBind({"127.0.0.1", 1});
    CHECK(ErrorOfListening({"127.0.0.1", 1}) == strict);
    // "" where net.ipv4.ip_unprivileged_port_start allows it.
    CHECK(strict == "EACCES" || strict.empty());
  });
}

}  // namespace
}  // namespace gateway_lock::test
