// An exclusive TCP listener on one numeric address.
//
// Guaranteed: after a successful Listen() the socket is listening, and no other socket on this host
// can listen on the same address and port until the descriptor is closed or the process dies. The
// descriptor is close-on-exec from the start, so no child keeps the port in use.
// NOT promised: exclusion on another address (127.0.0.1 and ::1 are two addresses).
// NOT promised on macOS: exclusion of a server that sets SO_REUSEADDR, as every Node server does.
// macOS checks only the options of the socket that is bound later, and refuses a socket with
// SO_REUSEADDR only on exactly the same address. If we listen on the wildcard, a Node server can
// bind 127.0.0.1, unless we also listen on that address (ListenBeside). If we listen on 127.0.0.1,
// a Node server can bind the wildcard, but gets no connections to 127.0.0.1.
// What ends a listener: Close(), destruction and the death of the process. After Detach() the new
// owner decides when to close the socket.
// Thread-safety: none. An object has one owner at a time.
#pragma once

#include <cstdint>
#include <string>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

struct Endpoint {
  std::string address;  // numeric IPv4 or IPv6 address, with a scope if needed (fe80::1%eth0)
  std::uint16_t port = 0;
};

class Listener {
 public:
  // Binds and listens. kSystemError: EADDRINUSE (in use), EACCES (denied), EADDRNOTAVAIL (not an
  // address of this host). With port 0 the system chooses a port, which endpoint() then returns.
  // `backlog` is the number of connections that may wait for accept().
  static Status Listen(const Endpoint& endpoint, int backlog, Listener* out);

  // Listens on one address while the caller is already listening on the wildcard (needed on macOS).
  // From then on, connections to that address go to this listener. kSystemError: EADDRINUSE if
  // another socket has exactly this address.
  static Status ListenBeside(const Endpoint& endpoint, int backlog, Listener* out);

  enum class Adoption { kAdopted, kClosed, kNotListening, kOtherAddress };

  // Adopts `socket`, which this process has inherited, if it listens on exactly this endpoint. Port
  // 0 allows any port. With kAdopted the socket is close-on-exec and belongs to `out`; otherwise it
  // is unchanged and still belongs to the caller. A socket on `::` must also accept IPv4
  // connections. kUnsupported: Windows.
  static Status AdoptInherited(NativeHandle socket, const Endpoint& endpoint, Listener* out,
                               Adoption* adoption);

  // Makes a copy of the descriptor of a listening socket, for example of one that was detached. The
  // socket listens until its last copy is closed. kSystemError with EINVAL: the socket does not
  // listen. kUnsupported: Windows.
  static Status Copy(NativeHandle socket, Listener* out);

  // Stops the socket for all processes that have a copy of it, and resets the connections that wait
  // for accept(). On macOS has no effect. kUnsupported: Windows.
  Status Shutdown();

  // Makes accept() block, which programs expect that inherit a socket. Applies to all copies.
  // kUnsupported: Windows.
  Status SetBlocking();

  const Endpoint& endpoint() const { return endpoint_; }
  NativeHandle handle() const { return socket_.get(); }
  bool open() const { return socket_.valid(); }
  // Returns true while the handle is still the socket that was opened, and false once other code
  // has closed it.
  bool OwnsHandle() const;
  // Returns the handle for code of this process that may close it at an unknown time, such as a
  // Node server that listens on `{ fd }`. From now on Close() and Recall() leave the descriptor
  // number in use, so that a close by that code never closes an unrelated file.
  NativeHandle Lend();
  // Moves a lent socket to another descriptor, so that it has a single owner again. Does nothing if
  // the socket was not lent. kSystemError: EBADF if other code has closed the socket, EMFILE.
  Status Recall();
  // Gives up the handle without closing it. The new owner has to close it.
  void Detach() { (void)socket_.Take(); }
  void Close();

 private:
  // Takes over a listening socket and reads its port.
  static Status Adopt(SocketHandle socket, const Endpoint& endpoint, Listener* out);

  SocketHandle socket_;
  Endpoint endpoint_;
  std::uint64_t identity_ = 0;
  bool lent_ = false;
};

// Binds without listening, and closes the socket at once. Returns Ok if the port is free.
// Concurrent calls do not disturb each other or a concurrent Listen().
Status TryBind(const Endpoint& endpoint);

}  // namespace gateway_lock
