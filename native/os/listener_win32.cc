#include "listener.h"

#include <utility>

#include "port_owner.h"
#include "socket.h"
#include "win32_socket.h"

namespace gateway_lock {
namespace {

// The bind is retried, because another process that probes the wildcard binds the port for a few
// microseconds, and no system table shows that bind.
constexpr int kMaxAttempts = 4;
constexpr DWORD kRetryDelayMs = 1;

// WSAEACCES can also mean "in use": while a socket is bound exclusively to the wildcard, a second
// bind fails with WSAEACCES.
bool IsInUse(const Status& status) {
  return status.sys_code == WSAEADDRINUSE || status.sys_code == WSAEACCES;
}

Status SetExclusive(const SocketHandle& socket) {
  BOOL on = TRUE;
  return setsockopt(Raw(socket), SOL_SOCKET, SO_EXCLUSIVEADDRUSE,
                    reinterpret_cast<const char*>(&on), sizeof on) == 0
             ? Status::Ok()
             : Status::SystemError(WSAGetLastError(), "setsockopt");
}

// Verifies that SO_EXCLUSIVEADDRUSE is set, because a layered service provider could ignore it, and
// another process could then listen on the same port unnoticed.
Status VerifyExclusive(const SocketHandle& socket) {
  BOOL exclusive = FALSE;
  int length = sizeof exclusive;
  if (getsockopt(Raw(socket), SOL_SOCKET, SO_EXCLUSIVEADDRUSE, reinterpret_cast<char*>(&exclusive),
                 &length) != 0) {
    return Status::SystemError(WSAGetLastError(), "getsockopt");
  }
  return exclusive ? Status::Ok() : Status::SystemError(ERROR_NOT_SUPPORTED, "setsockopt");
}

Status BindExclusively(const Endpoint& endpoint, SocketHandle* out) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  if (status.ok()) status = OpenSocket(address.family(), &socket);
  if (status.ok()) status = SetExclusive(socket);
  if (!status.ok()) return status;
  if (bind(Raw(socket), address.get(), address.length) != 0) {
    return Status::SystemError(WSAGetLastError(), "bind");
  }
  *out = std::move(socket);
  return Status::Ok();
}

// Binds the IPv4 and IPv6 wildcard for a moment. This fails if any other socket is bound to the
// port, whereas an exclusive bind to one address would not notice a socket on the wildcard (MS
// Learn, the table in "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"). The socket never listens, so
// no firewall prompts the user. Replaces port 0 with a port that is free on every address.
Status ProbeWildcardBind(std::uint16_t* port) {
  SocketHandle socket;
  Status status = BindExclusively({"::", *port}, &socket);
  bool no_ipv6 = !status.ok() && !IsInUse(status);
  if (no_ipv6) status = BindExclusively({"0.0.0.0", *port}, &socket);
  return status.ok() ? LocalPort(socket, port) : status;
}

// Makes one attempt to bind the port. `wildcard_bind` is set to the result of ProbeWildcardBind().
Status TryBindPort(const Endpoint& wanted, Status* wildcard_bind, SocketHandle* out) {
  Endpoint endpoint = wanted;
  *wildcard_bind = ProbeWildcardBind(&endpoint.port);
  Status status = *wildcard_bind;
  if (IsInUse(status)) {
    if (HasListener(endpoint)) return Status::SystemError(WSAEADDRINUSE, "bind");
    // The port is in use only on other addresses: 127.0.0.1 and ::1 are two addresses.
    if (HasListener({"::", endpoint.port})) status = Status::Ok();
  }
  return status.ok() ? BindExclusively(endpoint, out) : status;
}

// Binds the port, with retries. If no process is listening, returns WSAEACCES unchanged: either the
// system reserves the port (Hyper-V, WinNAT), or a policy denies the bind.
Status BindPort(const Endpoint& wanted, SocketHandle* out) {
  for (int tries = 1;; ++tries) {
    Status wildcard_bind;
    Status status = TryBindPort(wanted, &wildcard_bind, out);
    if (!IsInUse(status)) return status;
    if (tries < kMaxAttempts) {
      Sleep(kRetryDelayMs);
      continue;
    }
    // Closing connections may make the wildcard bind fail for minutes ("if any other socket is
    // bound to the port", MS Learn), although the measurements in python-trio/trio#928 contradict
    // this.
    bool lingering = IsInUse(wildcard_bind) && !HasListener({"::", wanted.port}) &&
                     HasLingeringConnection(wanted.port);
    return lingering ? BindExclusively(wanted, out) : status;
  }
}

}  // namespace

// Identifies a socket by a hash of its listening address, because Windows has no other number for a
// socket and reuses the handles of closed sockets.
Status SocketIdentity(NativeHandle handle, std::uint64_t* identity) {
  *identity = 0;
  BOOL listens = FALSE;
  int length = sizeof listens;
  auto socket = static_cast<SOCKET>(handle);
  SocketAddress local;
  local.length = sizeof local.storage;
  if (getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, reinterpret_cast<char*>(&listens), &length) ||
      !listens ||
      getsockname(socket, reinterpret_cast<sockaddr*>(&local.storage), &local.length) != 0) {
    return Status::Ok();
  }
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  auto bytes = reinterpret_cast<const unsigned char*>(local.get());
  for (int i = 0; i < local.length; ++i) hash = (hash ^ bytes[i]) * 1099511628211u;
  *identity = hash;
  return Status::Ok();
}

Status OpenListener(const Endpoint& endpoint, int backlog, SocketHandle* out) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  if (status.ok()) status = BindPort(endpoint, &socket);
  if (!status.ok()) return status;
  if (listen(Raw(socket), backlog) != 0) return Status::SystemError(WSAGetLastError(), "listen");
  status = VerifyExclusive(socket);
  if (status.ok()) *out = std::move(socket);
  return status;
}

// Not needed on Windows, where an exclusive socket on the wildcard excludes binds to every address.
Status OpenListenerBeside(const Endpoint& endpoint, int backlog, SocketHandle* out) {
  return OpenListener(endpoint, backlog, out);
}

Status TryBind(const Endpoint& endpoint) {
  SocketAddress address;
  SocketHandle socket;
  Status status = ParseAddress(endpoint, &address);
  return status.ok() ? BindPort(endpoint, &socket) : status;
}

// A SOCKET is never lent, because Node's servers cannot use a SOCKET of other code as `{ fd }`.
bool PutUnconnectedSocket(NativeHandle) { return false; }

}  // namespace gateway_lock
