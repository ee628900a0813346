// Sends and receives the states of a service, such as READY=1, in the protocol of sd_notify(3):
// each state is one datagram to the Unix socket whose address is in the variable NOTIFY_SOCKET.
//
// Guaranteed: no call blocks. A state is received whole or not at all.
// What ends a socket: Close() and destruction, which also remove its file.
// NOT promised: the identity of the sender. Any process that may write to the socket file can send.
// Thread-safety: none. An object has one owner at a time. Implemented per OS; kUnsupported on
// Windows.
#pragma once

#include <cstddef>
#include <string>

#include "file_system.h"
#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// The size limit of a received state, in bytes, as in systemd (NOTIFY_BUFFER_MAX).
inline constexpr std::size_t kNotificationLimit = 4096;

// Sends a state. `address` is an absolute path, or '@' and the name of an abstract socket (Linux).
// kSystemError: ENOENT or ECONNREFUSED (nobody receives), EAGAIN (Linux) or ENOBUFS (macOS) if the
// receiver's queue is full, ENAMETOOLONG, EAFNOSUPPORT (an address of another kind).
Status Notify(const std::string& address, const std::string& state);

class NotifySocket {
 public:
  NotifySocket() = default;
  ~NotifySocket() { Close(); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // Opens the socket at the address. On a path, only this user may send. kSystemError: EADDRINUSE
  // if the path exists.
  Status Open(const std::string& address);
  // Reads the next state. kContended: there is none. Skips a state that exceeds the limit.
  Status Read(std::string* state);
  // Removes the file only if it is still the socket's.
  void Close();

 private:
  Status ProtectFile(const std::string& path);  // POSIX only

  SocketHandle socket_;
  std::string path_;  // empty for an abstract socket
  FileIdentity identity_;
};

}  // namespace gateway_lock
