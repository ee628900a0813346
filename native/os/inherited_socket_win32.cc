#include "listener.h"
#include "win32_socket.h"

namespace gateway_lock {

// Windows passes a socket to a process with WSADuplicateSocket(), which Node does for a child
// (child.send()), so a handle number is never inherited.
Status Listener::AdoptInherited(NativeHandle, const Endpoint&, Listener*, Adoption*) {
  return Status::Unsupported(ERROR_NOT_SUPPORTED, "AdoptInherited");
}

Status Listener::Copy(NativeHandle, Listener*) {
  return Status::Unsupported(ERROR_NOT_SUPPORTED, "Copy");
}

Status Listener::Shutdown() { return Status::Unsupported(ERROR_NOT_SUPPORTED, "shutdown"); }

Status Listener::SetBlocking() { return Status::Unsupported(ERROR_NOT_SUPPORTED, "ioctlsocket"); }

}  // namespace gateway_lock
