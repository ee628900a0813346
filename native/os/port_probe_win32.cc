#include "port_probe.h"

#include "port_owner.h"
#include "socket.h"
#include "win32_socket.h"
// Must be included after winsock2.h.
#include <mstcpip.h>

namespace gateway_lock {
namespace {

constexpr long kProbeTimeoutUs = 20 * 1000;

// Without this, a connect() to a closed port takes 2 s, because Windows retransmits the SYN after a
// RST (libuv, src/win/tcp.c, uv__tcp_try_connect). Takes effect since Windows 10 1709; on older
// versions only kProbeTimeoutUs limits the time.
void DisableSynRetransmission(const SocketHandle& socket) {
  TCP_INITIAL_RTO_PARAMETERS once = {};
  once.Rtt = TCP_INITIAL_RTO_UNSPECIFIED_RTT;
  once.MaxSynRetransmissions = TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS;
  DWORD length = 0;
  (void)WSAIoctl(Raw(socket), SIO_TCP_INITIAL_RTO, &once, sizeof once, nullptr, 0, &length, nullptr,
                 nullptr);
}

// Uses select() instead of WSAPoll(), because before Windows 10 2004 WSAPoll() never reports a
// failed connect().
bool IsConnected(const SocketHandle& socket) {
  fd_set done;
  fd_set failed;
  FD_ZERO(&done);
  FD_ZERO(&failed);
  FD_SET(Raw(socket), &done);
  FD_SET(Raw(socket), &failed);
  timeval limit = {0, kProbeTimeoutUs};
  return select(0, nullptr, &done, &failed, &limit) > 0 && FD_ISSET(Raw(socket), &done);
}

}  // namespace

const int kAddressNotAvailable = WSAEADDRNOTAVAIL;

Status OpenSourceSocket(const Endpoint& source, SocketHandle* out) {
  SocketAddress address;
  Status status = ParseAddress(source, &address);
  if (status.ok()) status = OpenSocket(address.family(), out);
  if (!status.ok()) return status;
  if (bind(Raw(*out), address.get(), address.length) != 0) {
    return Status::SystemError(WSAGetLastError(), "bind");
  }
  DisableSynRetransmission(*out);
  return Status::Ok();
}

// Connects and, if that fails, checks the socket table for a listener. On Windows a failed
// connect() does not prove that no process is listening: a listener with a full backlog refuses the
// connection, and on old Windows versions a closed port does not refuse it in time.
Status Connect(const SocketHandle& source, const Endpoint& target, ConnectResult* result) {
  SocketAddress address;
  Status status = ParseAddress(target, &address);
  if (!status.ok()) return status;
  bool connected = connect(Raw(source), address.get(), address.length) == 0;
  if (!connected && WSAGetLastError() == WSAEWOULDBLOCK) connected = IsConnected(source);
  if (connected) {
    *result = ConnectResult::kAccepted;
  } else {
    *result = HasListener(target) ? ConnectResult::kTimedOut : ConnectResult::kRefused;
  }
  return Status::Ok();
}

}  // namespace gateway_lock
