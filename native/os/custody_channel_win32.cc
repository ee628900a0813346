#include "custody_channel.h"

#include <windows.h>

namespace gateway_lock {

Status OpenSocketPair(SocketPair*) {
  return Status::Unsupported(ERROR_NOT_SUPPORTED, "socketpair");
}

bool TakeToken(NativeHandle) { return false; }

void EndWrites(NativeHandle) {}

}  // namespace gateway_lock
