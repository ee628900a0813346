#include "listener.h"
#include "port_owner.h"
#include "win32_socket.h"
// After winsock2.h.
#include <mstcpip.h>

namespace gateway_lock {
namespace {

constexpr long kSilenceUs = 20 * 1000;
constexpr int kMaxPortPicks = 100;

// Symptom without it: a connect() to a closed port takes 2 s, because Windows takes a refusal for
// an accident and asks again (libuv, src/win/tcp.c, uv__tcp_try_connect). From Windows 10 1709 on;
// elsewhere the time that we wait is the bound.
void DisableSynRetransmission(const SocketHandle& socket) {
  TCP_INITIAL_RTO_PARAMETERS once = {};
  once.Rtt = TCP_INITIAL_RTO_UNSPECIFIED_RTT;
  once.MaxSynRetransmissions = TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS;
  DWORD length = 0;
  (void)WSAIoctl(Raw(socket), SIO_TCP_INITIAL_RTO, &once, sizeof once, nullptr, 0, &length, nullptr,
                 nullptr);
}

// Bound to the address that is going to be asked, never on the asked port: see posix_socket.cc.
Status OpenAskingSocket(const SocketAddress& address, std::uint16_t asked_port, SocketHandle* out) {
  SocketAddress source = address;
  reinterpret_cast<sockaddr_in*>(&source.storage)->sin_port = 0;
  std::uint16_t port = asked_port;
  for (int tries = 0; port == asked_port && tries < kMaxPortPicks; ++tries) {
    Status status = OpenSocket(address.family(), out);
    if (!status.ok()) return status;
    if (bind(Raw(*out), source.get(), source.length) != 0) {
      return Status::SystemError(WSAGetLastError(), "bind");
    }
    status = LocalPort(*out, &port);
    if (!status.ok()) return status;
  }
  if (port == asked_port) return Status::SystemError(WSAEADDRNOTAVAIL, "bind");
  DisableSynRetransmission(*out);
  return Status::Ok();
}

// Not WSAPoll(): before Windows 10 2004 it never tells of a connect() that has failed.
bool IsConnected(const SocketHandle& socket) {
  fd_set done;
  fd_set failed;
  FD_ZERO(&done);
  FD_ZERO(&failed);
  FD_SET(Raw(socket), &done);
  FD_SET(Raw(socket), &failed);
  timeval limit = {0, kSilenceUs};
  return select(0, nullptr, &done, &failed, &limit) > 0 && FD_ISSET(Raw(socket), &done);
}

}  // namespace

// Who was not let in asks the table of listeners: a full backlog refuses on Windows, and a closed
// port of an old one is silent.
Status ProbePort(const Endpoint& endpoint, Answer* answer) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  if (status.ok()) status = OpenAskingSocket(address, endpoint.port, &socket);
  if (!status.ok()) return status;
  bool connected = connect(Raw(socket), address.get(), address.length) == 0;
  if (!connected && WSAGetLastError() == WSAEWOULDBLOCK) connected = IsConnected(socket);
  if (connected) {
    *answer = Answer::kAccepted;
  } else {
    *answer = HasListener(endpoint) ? Answer::kTimedOut : Answer::kRefused;
  }
  return Status::Ok();
}

}  // namespace gateway_lock
