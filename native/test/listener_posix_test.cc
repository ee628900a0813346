// Listener tests that need POSIX calls.
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

// The end that closes a connection first stays in TIME_WAIT for a minute.
TEST(
    "a listener gets a port whose connections are in TIME_WAIT, although a bind without options "
    "fails there") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  Accept(listener).Reset();
  AwaitEnd(client);
  client.Reset();
  listener.Close();
  CHECK(ErrorOfStrictBind(endpoint) == "EADDRINUSE");
  Listener successor = ListenOn(endpoint);
  CHECK(ErrorOfListening(endpoint) == "EADDRINUSE");
}

TEST(
    "a listener gets a port on which a dead gateway left open connections, although a bind without "
    "options fails there") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle client = Connect(endpoint);
  Accept(listener).Reset();
  listener.Close();
  CHECK(ErrorOfStrictBind(endpoint) == "EADDRINUSE");
  CHECK(ErrorOfListening(endpoint).empty());
}

TEST("a listener detects that its handle was closed, even if a new handle has the same number") {
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

TEST("closing a lent listener frees its port and keeps its descriptor number in use") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  int fd = static_cast<int>(listener.Lend());
  listener.Close();
  CHECK(ErrorOfListening(endpoint).empty());
  CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  SocketHandle next(socket(AF_INET, SOCK_STREAM, 0));
  CHECK(Fd(next) != fd);
  CHECK(close(fd) == 0);
}

TEST("a recalled listener listens on another descriptor number") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  int fd = static_cast<int>(listener.Lend());
  CHECK(listener.Recall().ok());
  CHECK(static_cast<int>(listener.handle()) != fd && listener.OwnsHandle());
  CHECK(close(fd) == 0);
  SocketHandle client = Connect(endpoint);
  CHECK(client.valid());
  CHECK(listener.Recall().ok());
  listener.Close();
  CHECK(ErrorOfListening(endpoint).empty());
}

TEST("a recalled listener keeps the text of its address") {
  Listener listener = ListenOn({"127.1", 0});
  (void)listener.Lend();
  std::uint16_t port = listener.endpoint().port;
  CHECK(listener.Recall().ok());
  CHECK(listener.endpoint().address == "127.1" && listener.endpoint().port == port);
}

TEST("a lent listener whose descriptor other code has closed cannot be recalled") {
  Listener listener = ListenOn(kAnyPort);
  int fd = static_cast<int>(listener.Lend());
  CHECK(close(fd) == 0);
  CHECK(listener.Recall().sys_code == EBADF);
  Listener unrelated = ListenOn(kAnyPort);
  CHECK(dup2(static_cast<int>(unrelated.handle()), fd) == fd);
  CHECK(listener.Recall().sys_code == EBADF && unrelated.OwnsHandle());
  listener.Detach();
}

TEST(
    "listening on a privileged port has the same result as a plain bind() for an unprivileged "
    "user") {
  AsOrdinaryUser([] {
    std::string strict = ErrorOfStrictBind({"127.0.0.1", 1});
    CHECK(ErrorOfListening({"127.0.0.1", 1}) == strict);
    // The bind succeeds if net.ipv4.ip_unprivileged_port_start allows it.
    CHECK(strict == "EACCES" || strict.empty());
  });
}

}  // namespace
}  // namespace gateway_lock::test
