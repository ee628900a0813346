// An exclusive TCP listener on one numeric address.
//
// Guaranteed: after a successful Listen() the socket is listening, and no other socket of this host
// can listen on the same address and port, until the descriptor is closed or the process dies in
// any way. The descriptor is close-on-exec from the moment it exists: no child keeps the port.
// NOT promised: anything about another address (127.0.0.1 and ::1 are two addresses). On macOS,
// exclusion of a server that sets SO_REUSEADDR, as every Node server does: only the options of the
// later socket count there. Such a server is refused on exactly the same address. Beside our
// wildcard it can bind 127.0.0.1, unless we hold that address as well (ListenBeside); beside our
// 127.0.0.1 it can bind the wildcard, and receives no connection meant for 127.0.0.1.
// What ends it: Close(), destruction, the death of the process; after Detach() the new owner
// decides.
// Thread-safety: none; one owner at a time.
#pragma once

#include <cstdint>
#include <string>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct Endpoint {
  std::string address;  // numeric IPv4 or IPv6, with its scope if it needs one (fe80::1%eth0)
  std::uint16_t port = 0;
};

class Listener {
 public:
  // Binds and listens. kSystemError: EADDRINUSE (in use), EACCES (denied), EADDRNOTAVAIL (not an
  // address of this host). Port 0 lets the system choose; endpoint() returns its choice. `backlog`:
  // the number of connections that may wait for accept().
  static Status Listen(const Endpoint& endpoint, int backlog, Listener* out);

  // Listens on an address of a wildcard that the caller is listening on already (macOS). The
  // connections to that address arrive here. kSystemError: EADDRINUSE if another socket has exactly
  // this address.
  static Status ListenBeside(const Endpoint& endpoint, int backlog, Listener* out);

  const Endpoint& endpoint() const { return endpoint_; }
  NativeHandle handle() const { return socket_.get(); }
  bool open() const { return socket_.valid(); }
  // Returns true while the handle is still the socket that was opened; false if code that was given
  // the handle has closed it.
  bool OwnsHandle() const;
  // Gives the handle up: its new owner closes it.
  void Detach() { (void)socket_.Take(); }
  void Close() { socket_.Reset(); }

 private:
  // Takes over a listening socket and reads its port.
  static Status Adopt(SocketHandle socket, const Endpoint& endpoint, Listener* out);

  SocketHandle socket_;
  Endpoint endpoint_;
  std::uint64_t identity_ = 0;
};

// Binds without listening, and closes at once. Ok if the port is free. Two such binds do not
// disturb each other, nor a concurrent Listen().
Status TryBind(const Endpoint& endpoint);

}  // namespace gateway_lock
