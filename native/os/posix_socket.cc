#include "posix_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "socket_options.h"

namespace gateway_lock {
namespace {

constexpr int kSilenceMs = 20;
constexpr int kMaxPortPicks = 100;

Status SocketError(const SocketHandle& socket, int* error) {
  socklen_t length = sizeof *error;
  return getsockopt(Fd(socket), SOL_SOCKET, SO_ERROR, error, &length) == 0
             ? Status::Ok()
             : Status::SystemError(errno, "getsockopt");
}

// Bound to the address that is going to be asked. Fails when that is not one of this host, before a
// packet could leave for another one. Never on the asked port itself, which the system may pick: a
// connect() to itself succeeds (TCP simultaneous open), and leaves that port in TIME_WAIT.
Status OpenAskingSocket(const SocketAddress& address, std::uint16_t asked_port, SocketHandle* out) {
  SocketAddress source = address;
  // sin_port and sin6_port lie at the same place.
  reinterpret_cast<sockaddr_in*>(&source.storage)->sin_port = 0;
  std::uint16_t port = asked_port;
  for (int tries = 0; port == asked_port && tries < kMaxPortPicks; ++tries) {
    Status status = OpenSocket(address.family(), out);
    if (!status.ok()) return status;
    if (bind(Fd(*out), source.get(), source.length) != 0) {
      return Status::SystemError(errno, "bind");
    }
    status = LocalPort(*out, &port);
    if (!status.ok()) return status;
  }
  return port == asked_port ? Status::SystemError(EADDRNOTAVAIL, "bind") : Status::Ok();
}

// What a connect() that is under way came to.
Status AwaitConnect(const SocketHandle& socket, int* error) {
  pollfd waiting = {Fd(socket), POLLOUT, 0};
  int ready = 0;
  do {
    ready = poll(&waiting, 1, kSilenceMs);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return Status::SystemError(errno, "poll");
  *error = ETIMEDOUT;
  return ready == 0 ? Status::Ok() : SocketError(socket, error);
}

}  // namespace

Status ParseAddress(const Endpoint& endpoint, SocketAddress* address) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address->storage);
  // getaddrinfo() takes ten times as long. It is for what has a scope, or is written in another
  // way.
  if (inet_pton(AF_INET, endpoint.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    address->length = sizeof *v4;
    return Status::Ok();
  }
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::string port = std::to_string(endpoint.port);
  if (getaddrinfo(endpoint.address.c_str(), port.c_str(), &hints, &found) != 0) {
    return Status::SystemError(EINVAL, "bind");
  }
  std::memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
  address->length = found->ai_addrlen;
  freeaddrinfo(found);
  return Status::Ok();
}

Status OpenSocket(int family, SocketHandle* out) {
  SocketHandle socket(OpenCloseOnExecSocket(family));
  if (!socket.valid()) return Status::SystemError(errno, "socket");
  int off = 0;
  if (family == AF_INET6 &&
      setsockopt(Fd(socket), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
    return Status::SystemError(errno, "setsockopt");
  }
  *out = std::move(socket);
  return Status::Ok();
}

Status LocalPort(const SocketHandle& socket, std::uint16_t* port) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof storage;
  if (getsockname(Fd(socket), reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return Status::SystemError(errno, "getsockname");
  }
  *port = ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  return Status::Ok();
}

Status ProbePort(const Endpoint& endpoint, Answer* answer) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  if (status.ok()) status = OpenAskingSocket(address, endpoint.port, &socket);
  if (!status.ok()) return status;
  int error = connect(Fd(socket), address.get(), address.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS || error == EINTR) status = AwaitConnect(socket, &error);
  if (!status.ok()) return status;
  // The port that the system chose for asking is in TIME_WAIT after an answer, and may be a
  // gateway's.
  if (error != ECONNREFUSED) AllowRebindInTimeWait(socket);
  if (error == 0) {
    *answer = Answer::kAccepted;
  } else if (error == ECONNREFUSED) {
    *answer = Answer::kRefused;
  } else if (error == ETIMEDOUT) {
    *answer = Answer::kTimedOut;
  } else {
    return Status::SystemError(error, "connect");
  }
  return Status::Ok();
}

}  // namespace gateway_lock
