// An exclusive TCP listener on one numeric address.
//
// Guaranteed: when Listen() succeeds, the socket listens already and no other socket of this host can
// listen on the same address and port, until the descriptor is closed or the process dies in any
// way. The descriptor is close-on-exec from the instant that it exists: no child keeps the port.
// NOT promised: anything about another address (127.0.0.1 and ::1 are two). On macOS, that no server
// binds beside us that has SO_REUSEADDR, as every Node server has: only the newcomer's options
// count there. On the very same address it is refused. Beside our wildcard it can have 127.0.0.1,
// unless we hold that as well (ListenBeside); beside our 127.0.0.1 it can have the wildcard, and
// gets no connection of ours.
// Thread-safety: none; one owner at a time.
#pragma once

#include <cstdint>
#include <string>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct Endpoint {
  std::string address;  // numeric IPv4 or IPv6, with a scope where one is needed (fe80::1%eth0)
  std::uint16_t port = 0;
};

class Listener {
 public:
  // kSystemError: EADDRINUSE (taken), EACCES (denied), EADDRNOTAVAIL (not an address of this host).
  // Port 0 lets the system choose; endpoint() tells which. `backlog`: connections waiting for
  // accept.
  static Status Listen(const Endpoint& endpoint, int backlog, Listener* out);

  // For an address of a wildcard that the caller listens on already (macOS). The connections to
  // that address come here. kSystemError: EADDRINUSE where another socket has exactly this address.
  static Status ListenBeside(const Endpoint& endpoint, int backlog, Listener* out);

  const Endpoint& endpoint() const { return endpoint_; }
  NativeHandle handle() const { return socket_.get(); }
  bool open() const { return socket_.valid(); }
  // Still the socket that was opened? False when somebody who was given the handle closed it.
  bool OwnsHandle() const;
  // From now on somebody else closes it.
  void Detach() { (void)socket_.Take(); }
  void Close() { socket_.Reset(); }

 private:
  // For a socket that listens on `endpoint`, with whatever port it got.
  static Status Adopt(SocketHandle socket, const Endpoint& endpoint, Listener* out);

  SocketHandle socket_;
  Endpoint endpoint_;
  std::uint64_t identity_ = 0;
};

// Binds for a moment without listening: Ok when it could be had. Two such binds do not disturb each
// other, nor a Listen() that comes in between.
Status TryBind(const Endpoint& endpoint);

}  // namespace gateway_lock
