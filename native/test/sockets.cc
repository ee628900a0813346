#include "sockets.h"

#include "sys_error.h"
#include "test.h"

namespace gateway_lock::test {

std::string ErrorOf(const Status& status) {
  CHECK(status.ok() || status.kind == StatusKind::kSystemError);
  return status.ok() ? "" : ErrorName(status.sys_code);
}

Listener ListenOn(const Endpoint& endpoint) {
  Listener listener;
  CHECK(Listener::Listen(endpoint, /*backlog=*/16, &listener).ok());
  return listener;
}

std::string ErrorOfListening(const Endpoint& endpoint) {
  Listener listener;
  Status status = Listener::Listen(endpoint, /*backlog=*/16, &listener);
  CHECK(status.ok() == listener.open());
  return ErrorOf(status);
}

bool HasIPv6() { return ErrorOfStrictBind({"::1", 0}).empty(); }

}  // namespace gateway_lock::test
