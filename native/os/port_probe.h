// Probes whether a process is listening on a port, by connecting to it.
//
// Guaranteed: no packet leaves this host, because an address of another host is refused. A probe
// takes at most 20 ms, and that long only if the connection is neither accepted nor refused.
// NOT promised: that the result is still true when the caller receives it. A server on the port
// sees a connection that is closed at once.
// Thread-safety: stateless.
#pragma once

#include "listener.h"
#include "status.h"

namespace gateway_lock {

enum class ConnectResult {
  kRefused,   // no process is listening
  kAccepted,  // accepted; the connection was then closed at once
  kTimedOut,  // neither accepted nor refused in time: a full backlog or a firewall
};

// Probes the endpoint. kSystemError: EINVAL (not a numeric address), EADDRNOTAVAIL (not an address
// of this host).
Status ProbePort(const Endpoint& endpoint, ConnectResult* result);

}  // namespace gateway_lock
