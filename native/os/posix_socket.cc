#include "posix_socket.h"

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

Status SocketError(const SocketHandle& socket, int* error) {
  socklen_t length = sizeof *error;
  return getsockopt(Fd(socket), SOL_SOCKET, SO_ERROR, error, &length) == 0
             ? Status::Ok()
             : Status::SystemError(errno, "getsockopt");
}

// A connect() from a free port to itself succeeds when the kernel picks that very port as its
// source (TCP simultaneous open): nobody listens there.
bool ConnectedToItself(const SocketHandle& socket) {
  sockaddr_storage here = {};
  sockaddr_storage there = {};
  socklen_t here_length = sizeof here;
  socklen_t there_length = sizeof there;
  return getsockname(Fd(socket), reinterpret_cast<sockaddr*>(&here), &here_length) == 0 &&
         getpeername(Fd(socket), reinterpret_cast<sockaddr*>(&there), &there_length) == 0 &&
         here_length == there_length && std::memcmp(&here, &there, here_length) == 0;
}

// Fails when the address is not one of this host, before a packet could leave for another one.
Status BindToSameAddress(const SocketHandle& socket, const SocketAddress& address) {
  SocketAddress source = address;
  // sin_port and sin6_port lie at the same place.
  reinterpret_cast<sockaddr_in*>(&source.storage)->sin_port = 0;
  return bind(Fd(socket), source.get(), source.length) == 0 ? Status::Ok()
                                                            : Status::SystemError(errno, "bind");
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

Status AskPort(const Endpoint& endpoint, Answer* answer) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  if (status.ok()) status = OpenSocket(address.family(), &socket);
  if (status.ok()) status = BindToSameAddress(socket, address);
  if (!status.ok()) return status;
  int error = connect(Fd(socket), address.get(), address.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS || error == EINTR) status = AwaitConnect(socket, &error);
  if (!status.ok()) return status;
  if (error == 0) {
    *answer = ConnectedToItself(socket) ? Answer::kRefused : Answer::kAnswers;
  } else if (error == ECONNREFUSED) {
    *answer = Answer::kRefused;
  } else if (error == ETIMEDOUT) {
    *answer = Answer::kSilent;
  } else {
    return Status::SystemError(error, "connect");
  }
  return Status::Ok();
}

}  // namespace gateway_lock
