// Probes whether a process listens on a port, by connecting to it.
//
// Guaranteed: no packet leaves this host: an address of another host is refused. A probe takes at
// most 20 ms, and that only if the connection is neither accepted nor refused.
// NOT promised: that the answer is still true when it arrives. A server on the port sees one
// connection that is closed at once.
// Thread-safety: stateless.
#pragma once

#include "listener.h"
#include "status.h"

namespace gateway_lock {

enum class ConnectResult {
  kRefused,   // no process listens
  kAccepted,  // the connection was accepted, and closed at once
  kTimedOut,  // neither within the limit: a full backlog, or a firewall
};

// kSystemError: EINVAL (not a numeric address), EADDRNOTAVAIL (not an address of this host).
Status ProbePort(const Endpoint& endpoint, ConnectResult* result);

}  // namespace gateway_lock
