#include "service_notification.h"

#include <windows.h>

namespace gateway_lock {

Status Notify(const std::string&, const std::string&) {
  return Status::Unsupported(ERROR_NOT_SUPPORTED, "sendto");
}

Status NotifySocket::Open(const std::string&) {
  return Status::Unsupported(ERROR_NOT_SUPPORTED, "bind");
}

Status NotifySocket::Read(std::string*) { return Status::Contended(); }

void NotifySocket::Close() {}

}  // namespace gateway_lock
