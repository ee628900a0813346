// Which process listens on a port. For messages only: nothing is decided by it.
//
// NOT promised: an answer. The system tells it only for processes that this user may look at.
// Thread-safety: stateless.
#pragma once

#include <cstdint>

#include "listener.h"

namespace gateway_lock {

// 0 when nobody listens there, or when the system does not tell who.
std::int64_t FindPortOwner(const Endpoint& endpoint);

}  // namespace gateway_lock
