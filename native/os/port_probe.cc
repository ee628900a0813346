#include "port_probe.h"

#include "socket.h"

namespace gateway_lock {
namespace {

constexpr int kMaxSourcePorts = 100;

// Opens a socket that is bound to the probed address and an arbitrary port. If the address belongs
// to another host, the bind fails, so no packet can leave this host. The system may pick the probed
// port itself as the source port. That port must be avoided, because a socket can connect to itself
// (TCP simultaneous open), which leaves the port in TIME_WAIT.
Status OpenProbeSocket(const Endpoint& probed, SocketHandle* out) {
  std::uint16_t port = probed.port;
  for (int tries = 0; port == probed.port && tries < kMaxSourcePorts; ++tries) {
    Status status = OpenSourceSocket({probed.address, /*port=*/0}, out);
    if (status.ok()) status = LocalPort(*out, &port);
    if (!status.ok()) return status;
  }
  return port == probed.port ? Status::SystemError(kAddressNotAvailable, "bind") : Status::Ok();
}

}  // namespace

Status ProbePort(const Endpoint& endpoint, ConnectResult* result) {
  SocketHandle source;
  Status status = OpenProbeSocket(endpoint, &source);
  return status.ok() ? Connect(source, endpoint, result) : status;
}

}  // namespace gateway_lock
