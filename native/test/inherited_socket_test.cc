// Tests listening sockets that one process hands over to another.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "directory.h"
#include "posix_socket.h"
#include "sockets.h"
#include "status_checks.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

using Adoption = Listener::Adoption;

const Endpoint kAnyPort = {"127.0.0.1", 0};

Adoption Adopt(NativeHandle socket, const Endpoint& endpoint, Listener* out) {
  Adoption adoption = Adoption::kClosed;
  CHECK(Listener::AdoptInherited(socket, endpoint, out, &adoption).ok());
  CHECK(out->open() == (adoption == Adoption::kAdopted));
  return adoption;
}

// Returns a descriptor of the socket, as a child process inherits it.
int InheritedFrom(const Listener& listener) {
  int fd = dup(static_cast<int>(listener.handle()));
  CHECK(fd >= 0);
  return fd;
}

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST("an inherited listening socket is adopted, and accepts after the predecessor has closed it") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  int fd = InheritedFrom(listener);
  Listener adopted;
  CHECK(Adopt(fd, endpoint, &adopted) == Adoption::kAdopted);
  CHECK(adopted.handle() == fd && IsCloseOnExec(fd) && adopted.OwnsHandle());
  SocketHandle waiting = Connect(endpoint);
  listener.Close();
  CHECK(Accept(adopted).valid());
  CHECK(adopted.endpoint().port == endpoint.port && adopted.endpoint().address == "127.0.0.1");
}

TEST("port 0 allows an inherited socket any port, which the adopted listener then has") {
  Listener listener = ListenOn(kAnyPort);
  Listener adopted;
  CHECK(Adopt(InheritedFrom(listener), kAnyPort, &adopted) == Adoption::kAdopted);
  CHECK(adopted.endpoint().port == listener.endpoint().port);
}

TEST("a socket on another address or port is neither adopted nor closed nor changed") {
  Listener listener = ListenOn(kAnyPort);
  std::uint16_t port = listener.endpoint().port;
  int fd = InheritedFrom(listener);
  Listener adopted;
  auto other = static_cast<std::uint16_t>(port == 65535 ? 65534 : port + 1);
  for (const Endpoint& endpoint :
       {Endpoint{"127.0.0.2", port}, {"0.0.0.0", port}, {"::", port}, {"127.0.0.1", other}}) {
    CHECK(Adopt(fd, endpoint, &adopted) == Adoption::kOtherAddress);
  }
  CHECK(IsOpen(fd) && !IsCloseOnExec(fd));
}

TEST("an IPv6 socket is adopted on its address, and on :: only if it also accepts IPv4") {
  if (!HasIPv6()) Skip("this machine has no IPv6 loopback");
  Listener loopback = ListenOn({"::1", 0});
  Listener dual = ListenOn({"::", 0});
  Listener adopted;
  CHECK(Adopt(InheritedFrom(loopback), loopback.endpoint(), &adopted) == Adoption::kAdopted);
  CHECK(Adopt(InheritedFrom(dual), dual.endpoint(), &adopted) == Adoption::kAdopted);
  SocketHandle narrow(socket(AF_INET6, SOCK_STREAM, 0));
  int on = 1;
  CHECK(setsockopt(Fd(narrow), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0);
  CHECK(listen(Fd(narrow), 1) == 0);  // binds to :: and a free port
  Listener none;
  CHECK(Adopt(narrow.get(), {"::", 0}, &none) == Adoption::kOtherAddress);
}

TEST("a descriptor that is not a listening TCP socket is neither adopted nor closed") {
  Directory directory;
  BoundSocket bound = BindWithoutListening(kAnyPort);
  SocketHandle local(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  (directory / "s").copy(address.sun_path, sizeof address.sun_path - 1);
  CHECK(bind(Fd(local), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK(listen(Fd(local), 1) == 0);
  Listener adopted;
  for (int fd : {Fd(bound.socket), Fd(local), open("/dev/null", O_RDWR)}) {
    CHECK(Adopt(fd, kAnyPort, &adopted) == Adoption::kNotListening);
    CHECK(IsOpen(fd));
  }
}

TEST("a closed descriptor is not adopted, and a host name is not an address") {
  Listener listener = ListenOn(kAnyPort);
  int fd = InheritedFrom(listener);
  CHECK(close(fd) == 0);
  Listener adopted;
  CHECK(Adopt(fd, kAnyPort, &adopted) == Adoption::kClosed);
  Adoption adoption = Adoption::kAdopted;
  Status status =
      Listener::AdoptInherited(listener.handle(), {"localhost", 0}, &adopted, &adoption);
  CHECK(status.sys_code == EINVAL && listener.OwnsHandle());
}

TEST("a copy of a detached socket keeps its waiting connection after the socket is closed") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  SocketHandle detached(listener.handle());
  listener.Detach();
  Listener copy;
  CHECK(Listener::Copy(detached.get(), &copy).ok());
  SocketHandle waiting = Connect(endpoint);
  detached.Reset();
  CHECK(Accept(copy).valid() && IsCloseOnExec(static_cast<int>(copy.handle())));
  CHECK(copy.endpoint().address == "127.0.0.1" && copy.endpoint().port == endpoint.port);
}

TEST("only an open, listening socket can be copied") {
  BoundSocket bound = BindWithoutListening(kAnyPort);
  Listener copy;
  CHECK(IsSystemError(Listener::Copy(bound.socket.get(), &copy), EINVAL, "getsockopt"));
  CHECK(IsSystemError(Listener::Copy(INT32_MAX, &copy), EBADF, "fcntl"));
  CHECK(!copy.open());
}

TEST("a socket that is made blocking blocks in each of its copies") {
  Listener listener = ListenOn(kAnyPort);
  int copy = InheritedFrom(listener);
  CHECK((fcntl(copy, F_GETFL) & O_NONBLOCK) != 0);
  CHECK(listener.SetBlocking().ok());
  CHECK((fcntl(copy, F_GETFL) & O_NONBLOCK) == 0);
}

TEST("a closed listener can be neither shut down nor made blocking") {
  Listener listener;
  CHECK(IsSystemError(listener.Shutdown(), EBADF, "shutdown"));
  CHECK(IsSystemError(listener.SetBlocking(), EBADF, "fcntl"));
}

}  // namespace
}  // namespace gateway_lock::test
